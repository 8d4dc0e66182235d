/** Writes the functions of a transcoder that make the fields of one kind of event of a record. */
import type { Emitter } from '@spoor/ctf';
import { taskWordOf } from '../contexts/task-row.ts';
import type { TextPlace, ValueSource } from '../mapping/event-mapping.ts';
import { copySequence, copyString, copyText, requestFlags } from './record-values.ts';
import { knowledgeReader, type RecordKnowledge } from './record-knowledge.ts';
import { timeOf } from './record-time.ts';
import type { EventBody } from './transcode-plan.ts';

/** The function `body` with an index: it writes the fields from `pos` on and returns where they end. */
export function emitBody(
  emitter: Emitter,
  index: number,
  body: EventBody,
  tasks: string,
  known: RecordKnowledge,
): void {
  emitter.open(`function body${index}(words, bytes, view, record, size, outView, out, pos, hi, lo)`);
  if (body.update !== undefined) {
    const { what, format } = body.update;
    const update = emitter.bind('update', knowledgeReader(format, what, known));
    emitter.line(`${update}(view, bytes, record * 4, size * 4, ${timeOf});`);
  }
  const writer = new BodyWriter(emitter, tasks, known);
  for (const source of body.sources) writer.write(source);
  emitter.line(`return ${writer.place(0)};`);
  emitter.close();
}

/** Writes the statements of one body; `offset` is what lies between `pos` and the next field. */
class BodyWriter {
  private readonly emitter: Emitter;
  private readonly tasks: string;
  private readonly known: RecordKnowledge;
  private offset = 0;

  constructor(emitter: Emitter, tasks: string, known: RecordKnowledge) {
    this.emitter = emitter;
    this.tasks = tasks;
    this.known = known;
  }

  place(more: number): string {
    const sum = this.offset + more;
    return sum === 0 ? 'pos' : `pos + ${sum}`;
  }

  write(source: ValueSource): void {
    const { emitter } = this;
    switch (source.kind) {
      case 'integer':
        this.writeInteger(source);
        return;
      case 'bytes':
        this.writeBytes(source.offsetBytes, source.sizeBytes);
        return;
      case 'text':
        this.writeText(source.from, source.lengthBytes);
        return;
      case 'string': {
        const [at, length] = this.textAt(source.from);
        const copy = emitter.bind('copyString', copyString);
        emitter.line(`pos = ${copy}(bytes, ${at}, ${length}, out, ${this.place(0)});`);
        this.offset = 0;
        return;
      }
      case 'call-text': {
        const texts = emitter.bind('texts', this.known.texts);
        const address = `${this.word(source.offsetBytes)}, ${this.word(source.offsetBytes + 4)}`;
        emitter.line(
          `pos = ${texts}.write(words[record + 1], ${address}, ${source.isLast}, out, ${this.place(0)});`,
        );
        this.offset = 0;
        return;
      }
      case 'kernel-text': {
        const texts = emitter.bind('kernelTexts', this.known.kernelTexts);
        const high = source.sizeBytes === 8 ? this.word(source.offsetBytes + 4) : '0';
        emitter.line(
          `pos = ${texts}.write(${this.word(source.offsetBytes)}, ${high}, out, ${this.place(0)});`,
        );
        this.offset = 0;
        return;
      }
      case 'sequence': {
        const [at, length] = this.textAt(source.from);
        const copy = emitter.bind('copySequence', copySequence);
        emitter.line(
          `pos = ${copy}(bytes, ${at}, ${length}, out, ${this.place(0)}, ${source.elementBytes});`,
        );
        this.offset = 0;
        return;
      }
      case 'request-flags': {
        const flags = emitter.bind('requestFlags', requestFlags);
        this.setWord(`${flags}(bytes, record * 4 + ${source.offsetBytes}, ${source.sizeBytes})`);
        return;
      }
      case 'task': {
        const row = this.row(this.word(source.tidOffsetBytes));
        this.setWord(`${this.tasks}[${row} + ${taskWordOf(source.column)}]`);
        return;
      }
      case 'task-numbers': {
        const tid = emitter.name('tid');
        const inner = emitter.name('inner');
        emitter.line(`const ${tid} = ${this.word(source.tidOffsetBytes)};`);
        emitter.line(`const ${inner} = ${this.tasks}[${this.row(tid)} + ${taskWordOf('vtid')}];`);
        emitter.line(`const nested = ${inner} !== 0 && ${inner} !== ${tid};`);
        emitter.line(`out[${this.place(0)}] = nested ? 2 : 1;`);
        emitter.line(`outView.setInt32(${this.place(1)}, ${tid}, true);`);
        emitter.line(`if (nested) outView.setInt32(${this.place(5)}, ${inner}, true);`);
        emitter.line(`pos += ${this.offset + 5} + (nested ? 4 : 0);`);
        this.offset = 0;
        return;
      }
      case 'constant':
        for (let index = 0; index < source.lengthBytes; index += 1) {
          emitter.line(
            `out[${this.place(index)}] = ${index < 4 ? (source.value >>> (8 * index)) & 255 : 0};`,
          );
        }
        this.offset += source.lengthBytes;
        return;
      default:
        source satisfies never;
    }
  }

  private setWord(expression: string): void {
    this.emitter.line(`outView.setInt32(${this.place(0)}, ${expression}, true);`);
    this.offset += 4;
  }

  /** 32 bits of the record. */
  private word(offsetBytes: number): string {
    return offsetBytes % 4 === 0
      ? `words[record + ${offsetBytes / 4}]`
      : `view.getInt32(record * 4 + ${offsetBytes}, true)`;
  }

  /** Where the row of a task begins that a record is about; there are few such events. */
  private row(tid: string): string {
    const { tasks } = this.known;
    const rowAt = this.emitter.bind('rowAt', (number: number, timeNs: number) => tasks.rowAt(number, timeNs));
    return `${rowAt}(${tid}, ${timeOf})`;
  }

  private writeInteger(source: ValueSource & { readonly kind: 'integer' }): void {
    const { offsetBytes, sizeBytes, lengthBytes, signed, add } = source;
    const { emitter } = this;
    let low: string;
    if (sizeBytes === 1) {
      low = signed
        ? `(bytes[record * 4 + ${offsetBytes}] << 24) >> 24`
        : `bytes[record * 4 + ${offsetBytes}]`;
    } else if (sizeBytes === 2) {
      low = `view.get${signed ? 'Int' : 'Uint'}16(record * 4 + ${offsetBytes}, true)`;
    } else {
      low = this.word(offsetBytes);
    }
    if (add !== 0) low = `(${low} + ${add}) | 0`;
    switch (lengthBytes) {
      case 1:
        emitter.line(`out[${this.place(0)}] = ${low};`);
        break;
      case 2:
        emitter.line(`outView.setInt16(${this.place(0)}, ${low}, true);`);
        break;
      case 4:
        emitter.line(`outView.setInt32(${this.place(0)}, ${low}, true);`);
        break;
      case 8: {
        const name = emitter.name('low');
        emitter.line(`const ${name} = ${low};`);
        emitter.line(`outView.setInt32(${this.place(0)}, ${name}, true);`);
        const high = sizeBytes === 8 ? this.word(offsetBytes + 4) : signed ? `${name} >> 31` : '0';
        emitter.line(`outView.setInt32(${this.place(4)}, ${high}, true);`);
        break;
      }
      default:
        lengthBytes satisfies never;
    }
    this.offset += lengthBytes;
  }

  private writeBytes(offsetBytes: number, sizeBytes: number): void {
    const { emitter } = this;
    const most = 64;
    if (sizeBytes > most) {
      emitter.line(
        `for (let i = 0; i < ${sizeBytes}; i += 1) out[${this.place(0)} + i] = bytes[record * 4 + ${offsetBytes} + i];`,
      );
    } else {
      let index = 0;
      for (; index + 4 <= sizeBytes; index += 4) {
        emitter.line(`outView.setInt32(${this.place(index)}, ${this.word(offsetBytes + index)}, true);`);
      }
      for (; index < sizeBytes; index += 1) {
        emitter.line(`out[${this.place(index)}] = bytes[record * 4 + ${offsetBytes + index}];`);
      }
    }
    this.offset += sizeBytes;
  }

  private writeText(from: TextPlace, lengthBytes: number): void {
    // Arrays of the same size are copied whole, what may lie behind their NUL included: readers stop there.
    if (from.kind === 'fixed' && from.sizeBytes === lengthBytes) {
      this.writeBytes(from.offsetBytes, lengthBytes);
      return;
    }
    const [at, length] = this.textAt(from);
    const copy = this.emitter.bind('copyText', copyText);
    this.emitter.line(`${copy}(bytes, ${at}, ${length}, out, ${this.place(0)}, ${lengthBytes});`);
    this.offset += lengthBytes;
  }

  /** Where text lies, and how long it is at most; nothing of what lies outside the record. */
  private textAt(from: TextPlace): readonly [at: string, length: string] {
    const { emitter } = this;
    switch (from.kind) {
      case 'fixed':
        return [`record * 4 + ${from.offsetBytes}`, `${from.sizeBytes}`];
      case 'trailing': {
        const length = emitter.name('length');
        emitter.line(`const ${length} = Math.max(0, size * 4 - ${from.offsetBytes});`);
        return [`record * 4 + ${from.offsetBytes}`, length];
      }
      case 'dynamic': {
        const place = emitter.name('place');
        const begin = emitter.name('begin');
        const length = emitter.name('length');
        emitter.line(`const ${place} = ${this.word(from.offsetBytes)};`);
        const base = from.relative ? from.offsetBytes + 4 : 0;
        emitter.line(`const ${begin} = (${place} & 0xffff)${base === 0 ? '' : ` + ${base}`};`);
        emitter.line(`const ${length} = ${begin} + (${place} >>> 16) > size * 4 ? 0 : ${place} >>> 16;`);
        return [`record * 4 + ${begin}`, length];
      }
      default:
        return from satisfies never;
    }
  }
}
