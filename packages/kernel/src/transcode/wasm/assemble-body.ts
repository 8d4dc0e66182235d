/** Bodies of events as WebAssembly: those whose fields lie in the record as they are, or nearly so. */
import type { ValueSource } from '../../mapping/event-mapping.ts';
import type { EventBody } from '../transcode-plan.ts';
import type { CodeWriter } from './module-writer.ts';

type IntegerSource = ValueSource & { readonly kind: 'integer' };

/** What is done for a body: bytes are copied from one place to another, or a number is written that is not the record's. */
type Step =
  | { readonly kind: 'copy'; readonly from: number; readonly to: number; readonly lengthBytes: number }
  | { readonly kind: 'integer'; readonly source: IntegerSource; readonly to: number }
  | { readonly kind: 'constant'; readonly value: number; readonly lengthBytes: number; readonly to: number };

/** The bytes of a record that a field is, if it is nothing else. */
function copiedBytes(source: ValueSource): readonly [from: number, lengthBytes: number] | undefined {
  if (source.kind === 'integer') {
    const { add, sizeBytes, lengthBytes, offsetBytes } = source;
    return add === 0 && lengthBytes <= sizeBytes ? [offsetBytes, lengthBytes] : undefined;
  }
  if (source.kind === 'bytes') return [source.offsetBytes, source.sizeBytes];
  if (source.kind !== 'text' || source.from.kind !== 'fixed') return undefined;
  const { offsetBytes, sizeBytes } = source.from;
  return sizeBytes === source.lengthBytes ? [offsetBytes, sizeBytes] : undefined;
}

/** The steps of a body; undefined where it needs more than its record. */
function stepsOf({
  sources,
  update,
}: EventBody): { readonly steps: Step[]; readonly lengthBytes: number } | undefined {
  if (update !== undefined) return undefined;
  const steps: Step[] = [];
  let to = 0;
  for (const source of sources) {
    const copied = copiedBytes(source);
    if (copied !== undefined) {
      const [from, lengthBytes] = copied;
      const last = steps.at(-1);
      if (
        last?.kind === 'copy' &&
        last.from + last.lengthBytes === from &&
        last.to + last.lengthBytes === to
      ) {
        steps[steps.length - 1] = { ...last, lengthBytes: last.lengthBytes + lengthBytes };
      } else {
        steps.push({ kind: 'copy', from, to, lengthBytes });
      }
      to += lengthBytes;
    } else if (source.kind === 'integer') {
      steps.push({ kind: 'integer', source, to });
      to += source.lengthBytes;
    } else if (source.kind === 'constant') {
      const { value, lengthBytes } = source;
      steps.push({ kind: 'constant', value, lengthBytes, to });
      to += lengthBytes;
    } else {
      return undefined;
    }
  }
  return { steps, lengthBytes: to };
}

/** Whether a body can be written by {@link assembleBody}. */
export function isPlainBody(body: EventBody): boolean {
  return stepsOf(body) !== undefined;
}

/** Loads and stores by size. */
function copy(
  code: CodeWriter,
  record: number,
  pos: number,
  from: number,
  to: number,
  sizeBytes: number,
): void {
  code.get(pos, record);
  switch (sizeBytes) {
    case 16:
      code.load128(from).store128(to);
      break;
    case 8:
      code.load('i64', from).store('i64', to);
      break;
    case 4:
      code.load('i32', from).store('i32', to);
      break;
    case 2:
      code.load('u16', from).store('b16', to);
      break;
    default:
      code.load('u8', from).store('b8', to);
  }
}

function copyAll(
  code: CodeWriter,
  record: number,
  pos: number,
  { from, to, lengthBytes }: Step & { kind: 'copy' },
): void {
  let done = 0;
  for (const size of [16, 8, 4, 2, 1]) {
    while (lengthBytes - done >= size) {
      copy(code, record, pos, from + done, to + done, size);
      done += size;
    }
    // Some bytes are copied twice rather than the rest in pieces.
    const wasBegun = done > 0 && done < lengthBytes && size > 1;
    if (wasBegun && lengthBytes >= size && lengthBytes - done > size / 2) {
      copy(code, record, pos, from + lengthBytes - size, to + lengthBytes - size, size);
      return;
    }
  }
}

function writeInteger(
  code: CodeWriter,
  record: number,
  pos: number,
  source: IntegerSource,
  to: number,
): void {
  const { offsetBytes, sizeBytes, lengthBytes, signed, add } = source;
  const kinds = signed ? ({ 1: 's8', 2: 's16' } as const) : ({ 1: 'u8', 2: 'u16' } as const);
  code.get(pos, record).load(sizeBytes === 1 || sizeBytes === 2 ? kinds[sizeBytes] : 'i32', offsetBytes);
  if (add !== 0) code.constant(add).op('add');
  switch (lengthBytes) {
    case 1:
      code.store('b8', to);
      break;
    case 2:
      code.store('b16', to);
      break;
    case 4:
      code.store('i32', to);
      break;
    case 8:
      if (sizeBytes === 8) {
        code.store('i32', to);
        copy(code, record, pos, offsetBytes + 4, to + 4, 4);
      } else {
        code.op(signed ? 'extendS' : 'extendU').store('i64', to);
      }
      break;
    default:
      lengthBytes satisfies never;
  }
}

function writeConstant(
  code: CodeWriter,
  pos: number,
  { value, lengthBytes, to }: Step & { kind: 'constant' },
): void {
  for (let index = 0; index < lengthBytes; index += 1) {
    const byte = index < 4 ? (value >>> (8 * index)) & 255 : 0;
    code
      .get(pos)
      .constant(byte)
      .store('b8', to + index);
  }
}

/** Writes the fields of a plain body. @param record and `pos` are locals with addresses; `pos` is moved behind them. */
export function assembleBody(code: CodeWriter, body: EventBody, record: number, pos: number): void {
  const { steps, lengthBytes } = stepsOf(body)!;
  for (const step of steps) {
    if (step.kind === 'copy') copyAll(code, record, pos, step);
    else if (step.kind === 'integer') writeInteger(code, record, pos, step.source, step.to);
    else writeConstant(code, pos, step);
  }
  if (lengthBytes > 0) code.get(pos).constant(lengthBytes).op('add').set(pos);
}
