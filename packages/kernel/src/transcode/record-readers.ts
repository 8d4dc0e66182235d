/** Values of records as filters see them: numbers, big integers where a number would not be exact, and texts. */
import type { ContextField } from '../contexts/context-fields.ts';
import type { MappedField, TextPlace, ValueSource } from '../mapping/event-mapping.ts';
import type { RecordKnowledge } from './record-knowledge.ts';
import { requestFlags } from './record-values.ts';

/** A record: its first byte, its length, the processor that it is of, and its time by the kernel's trace clock. */
export type RecordArguments = [
  view: DataView,
  bytes: Uint8Array,
  at: number,
  lengthBytes: number,
  cpu: number,
  timeNs: number,
];

/** Reads one value; undefined where the record does not have it. */
export type RecordReader = (...at: RecordArguments) => number | bigint | string | undefined;

const decoder = new TextDecoder();

/** Number of the task that a record is of: behind `common_type`, flags and the count of preemption. */
const tidOffset = 4;

/** Reader of a context. */
export function contextReader(
  { source, fieldClass }: ContextField,
  { tasks: table, running }: RecordKnowledge,
): RecordReader {
  const isSigned = fieldClass.kind !== 'integer' || fieldClass.signed;
  switch (source.kind) {
    case 'tid':
      return (view, _bytes, at) => view.getInt32(at + tidOffset, true);
    case 'cpu':
      return (_view, _bytes, _at, _length, cpu) => cpu;
    case 'task':
      return (view, _bytes, at, _length, cpu, timeNs) => {
        const tid = view.getInt32(at + tidOffset, true);
        if (source.column === 'prio' && running.isOn(cpu, tid)) {
          const prio = running.prioOn(cpu);
          if (prio !== undefined) return prio;
        }
        table.seek(tid);
        const value = table.get(tid, source.column, cpu, timeNs);
        return isSigned ? value : value >>> 0;
      };
    case 'name':
      return (view, _bytes, at, _length, cpu, timeNs) => {
        const tid = view.getInt32(at + tidOffset, true);
        if (running.isOn(cpu, tid)) return running.nameOn(cpu);
        table.seek(tid);
        return table.nameOf(tid, cpu, timeNs);
      };
    case 'group':
      return (view, _bytes, at, _length, cpu, timeNs) => {
        const tid = view.getInt32(at + tidOffset, true);
        table.seek(tid);
        return table.groupOf(tid, cpu, timeNs);
      };
    case 'container':
      return (view, _bytes, at, _length, cpu, timeNs) => {
        const tid = view.getInt32(at + tidOffset, true);
        table.seek(tid);
        return table.containerOf(tid, cpu, timeNs);
      };
    case 'flag':
      return (view, _bytes, at) => ((view.getUint8(at + 2) & source.mask) === source.set ? 1 : 0);
    case 'preemptible':
      return (view, _bytes, at) => ((view.getUint8(at + 3) & 15) === 0 ? 1 : 0);
    case 'stack':
      return () => undefined;
    default:
      return source satisfies never;
  }
}

/**
 * Reader of a field of an event.
 * @param isText whether text is wanted: of a number with labels its label.
 * @param index of the element that is wanted.
 */
export function fieldReader(
  { source, fieldClass }: MappedField,
  isText: boolean,
  index: number | undefined,
  known: RecordKnowledge,
): RecordReader {
  if (fieldClass.kind === 'static-array' || fieldClass.kind === 'dynamic-array') {
    const { element } = fieldClass;
    if (index !== undefined && element.kind === 'integer') {
      return elementReader(source, index, element.lengthBits / 8, element.signed);
    }
  }
  const read = valueReader(source, known);
  if (!isText || fieldClass.kind !== 'integer') return read;
  const labels = fieldClass.mappings ?? [];
  return (...at) => {
    const value = read(...at);
    if (typeof value !== 'number' && typeof value !== 'bigint') return undefined;
    const wanted = BigInt(value);
    return labels.find(({ ranges }) => ranges.some(({ lower, upper }) => lower <= wanted && wanted <= upper))
      ?.label;
  };
}

/** A number, exact. */
function integerAt(
  view: DataView,
  at: number,
  sizeBytes: number,
  signed: boolean,
): number | bigint | undefined {
  switch (sizeBytes) {
    case 1:
      return signed ? view.getInt8(at) : view.getUint8(at);
    case 2:
      return signed ? view.getInt16(at, true) : view.getUint16(at, true);
    case 4:
      return signed ? view.getInt32(at, true) : view.getUint32(at, true);
    case 8: {
      const high = view.getInt32(at + 4, true);
      const low = view.getUint32(at, true);
      if (high >= 0 && high < 0x20_0000) return high * 0x1_0000_0000 + low;
      return signed ? view.getBigInt64(at, true) : view.getBigUint64(at, true);
    }
    default:
      return undefined;
  }
}

/** As the field of the trace has it, which may be narrower than the record's. */
function narrowed(value: number | bigint, lengthBytes: number, signed: boolean): number | bigint {
  if (lengthBytes === 8) return value;
  const bits = lengthBytes * 8;
  const whole = BigInt(value);
  return Number(signed ? BigInt.asIntN(bits, whole) : BigInt.asUintN(bits, whole));
}

function valueReader(
  source: ValueSource,
  { tasks: table, texts, kernelTexts }: RecordKnowledge,
): RecordReader {
  switch (source.kind) {
    case 'integer': {
      const { offsetBytes, sizeBytes, signed, lengthBytes, add } = source;
      const isNarrowed = lengthBytes < sizeBytes;
      return (view, _bytes, at) => {
        const value = integerAt(view, at + offsetBytes, sizeBytes, signed);
        if (value === undefined) return undefined;
        const plain = isNarrowed ? narrowed(value, lengthBytes, signed) : value;
        return add === 0 ? plain : Number(plain) + add;
      };
    }
    case 'text':
    case 'string': {
      const { from } = source;
      return (view, bytes, at, lengthBytes) => textAt(from, view, bytes, at, lengthBytes);
    }
    case 'call-text':
      return (view, _bytes, at) => {
        const place = at + source.offsetBytes;
        const text = texts.find(
          view.getInt32(at + tidOffset, true),
          view.getInt32(place, true),
          view.getInt32(place + 4, true),
        );
        return text === undefined ? '' : decoder.decode(text);
      };
    case 'kernel-text': {
      const { offsetBytes, sizeBytes } = source;
      return (view, _bytes, at) => {
        const high = sizeBytes === 8 ? view.getInt32(at + offsetBytes + 4, true) : 0;
        return kernelTexts.textOf(view.getInt32(at + offsetBytes, true), high);
      };
    }
    case 'request-flags':
      return (_view, bytes, at) => requestFlags(bytes, at + source.offsetBytes, source.sizeBytes);
    case 'task':
      return (view, _bytes, at, _length, _cpu, timeNs) =>
        table.get(view.getInt32(at + source.tidOffsetBytes, true), source.column, undefined, timeNs);
    case 'constant':
      return () => source.value;
    case 'bytes':
    case 'sequence':
    case 'task-numbers':
      return () => undefined;
    default:
      return source satisfies never;
  }
}

function elementReader(
  source: ValueSource,
  index: number,
  elementBytes: number,
  signed: boolean,
): RecordReader {
  const offset = index * elementBytes;
  if (source.kind === 'bytes') {
    const { offsetBytes, sizeBytes } = source;
    if (offset + elementBytes > sizeBytes) return () => undefined;
    return (view, _bytes, at) => integerAt(view, at + offsetBytes + offset, elementBytes, signed);
  }
  if (source.kind !== 'sequence') return () => undefined;
  const { from } = source;
  return (view, _bytes, at, lengthBytes) => {
    const [begin, length] = placeAt(from, view, at, lengthBytes);
    return offset + elementBytes > length ? undefined : integerAt(view, begin + offset, elementBytes, signed);
  };
}

/** Where something of variable length lies, and how long it is at most; nothing of what lies outside the record. */
export function placeAt(
  from: TextPlace,
  view: DataView,
  at: number,
  lengthBytes: number,
): readonly [begin: number, length: number] {
  switch (from.kind) {
    case 'fixed':
      return [at + from.offsetBytes, from.sizeBytes];
    case 'trailing':
      return [at + from.offsetBytes, Math.max(0, lengthBytes - from.offsetBytes)];
    case 'dynamic': {
      const place = view.getUint32(at + from.offsetBytes, true);
      const begin = (place & 0xffff) + (from.relative ? from.offsetBytes + 4 : 0);
      const length = place >>> 16;
      return [at + begin, begin + length > lengthBytes ? 0 : length];
    }
    default:
      return from satisfies never;
  }
}

function textAt(from: TextPlace, view: DataView, bytes: Uint8Array, at: number, lengthBytes: number): string {
  const [begin, length] = placeAt(from, view, at, lengthBytes);
  const end = bytes.indexOf(0, begin);
  return decoder.decode(bytes.subarray(begin, end < 0 || end > begin + length ? begin + length : end));
}
