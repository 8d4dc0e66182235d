/**
 * Writes the code of a transcoder: one function that walks over the records of a page and writes events, and one a body.
 * The third stage. Everything is numbers: no name of a format is in the code. `bench/kernel-transcode.ts` guards it.
 */
import { Emitter } from '@spoor/ctf';
import { isOfTask } from '../contexts/context-fields.ts';
import { idleRowOf } from '../contexts/idle-tasks.ts';
import {
  containerBytes,
  taskBornAtWord,
  taskContainerWord,
  taskGroupWord,
  taskKnownWord,
  taskNameWord,
  taskRowWords,
  taskWordOf,
} from '../contexts/task-row.ts';
import type { TextPlace, ValueSource } from '../mapping/event-mapping.ts';
import { copySequence, copyString, copyText, requestFlags } from './record-values.ts';
import type { RecordPredicate } from './record-filter.ts';
import { knowledgeReader, type RecordKnowledge } from './record-knowledge.ts';
import { hiddenClass, noClass, type EventBody, type TranscodePlan } from './transcode-plan.ts';

/**
 * Words of the state that the walk begins and ends with. `hi` and `lo` are the time of the last record; `writtenHi` and
 * `writtenLo` that of the last event where `check` is set: only then may the header's bits of the time not suffice.
 */
export const stateWord = {
  hi: 0,
  lo: 1,
  pos: 2,
  next: 3,
  check: 4,
  writtenHi: 5,
  writtenLo: 6,
  eventCount: 7,
  unknownCount: 8,
  damaged: 9,
  size: 10,
} as const;

/**
 * The walk: from the word `from` of a page up to the word `end`, or until the output is beyond `limit`; then `next` of
 * the state is the record that does not fit.
 */
export type PageWalk = (
  words: Int32Array,
  bytes: Uint8Array,
  view: DataView,
  from: number,
  end: number,
  outView: DataView,
  out: Uint8Array,
  limit: number,
  state: Int32Array,
  used: Uint8Array,
  cpu: number,
) => void;

const walkParameters = [
  'words',
  'bytes',
  'view',
  'from',
  'end',
  'outView',
  'out',
  'limit',
  'state',
  'used',
  'cpu',
] as const;

/** The header's forms: bytes, and bits of the time in it. */
const headerBytes = { compact: 4, large: 6 } as const;
const timeBits = { compact: 27, large: 32 } as const;

/** The time of a record by the kernel's trace clock, from its halves. */
const timeOf = `(hi >>> 0) * ${2 ** 32} + (lo >>> 0)`;

/** Writes a function without parameters that makes the walk: so all functions are made once. */
export function emitTranscoder(plan: TranscodePlan, known: RecordKnowledge, keep?: RecordPredicate): Emitter {
  const table = known.tasks;
  const emitter = new Emitter();
  const tasks = emitter.bind('tasks', table.words);
  for (const [index, body] of plan.bodies.entries()) emitBody(emitter, index, body, tasks, known);
  emitDispatch(emitter, plan);
  emitter.open(`return function walk(${walkParameters.join(', ')})`);
  emitWalk(emitter, plan, tasks, known, keep);
  emitter.close(';');
  return emitter;
}

function emitWalk(
  emitter: Emitter,
  plan: TranscodePlan,
  tasks: string,
  known: RecordKnowledge,
  keep: RecordPredicate | undefined,
): void {
  const stacks = emitter.bind('stacks', known.stacks);
  const classes = emitter.bind('classes', plan.classOfSlot);
  const bodies = emitter.bind('bodies', plan.bodyOfSlot);
  const least = emitter.bind('least', plan.leastWordsOfSlot);
  emitter.line(
    `let hi = state[${stateWord.hi}], lo = state[${stateWord.lo}], pos = state[${stateWord.pos}];`,
  );
  emitter.line(`let check = state[${stateWord.check}], writtenHi = state[${stateWord.writtenHi}];`);
  emitter.line(`let writtenLo = state[${stateWord.writtenLo}], events = 0, unknown = 0, damaged = 0;`);
  emitter.line('let word = from;');
  if (plan.contexts.some(({ source }) => isOfTask(source))) {
    const idleRow = emitter.bind('idleRow', idleRowOf);
    emitter.line(`const idle = ${idleRow}(${known.tasks.taskCount}, cpu);`);
  }
  emitter.open('while (word < end)');
  emitter.line('if (pos > limit) break;');
  emitter.line('const head = words[word];');
  emitter.line('const kind = head & 31, delta = head >>> 5;');
  emitter.line('let record = word + 1, next = record + kind;');
  emitter.open('if (kind > 28 || kind === 0)');
  emitter.line('if (record >= end) { damaged += kind === 29 && delta === 0 ? 0 : 1; word = end; break; }');
  emitter.line('const second = words[record];');
  emitter.open('if (kind >= 30)');
  emitter.line('if (check === 0) { check = 1; writtenHi = hi; writtenLo = lo; }');
  emitter.line('const low = (second << 27) | delta;');
  emitter.open('if (kind === 30)');
  emitter.line('lo = (lo + low) | 0;');
  emitter.line('hi = (hi + (second >>> 5) + ((lo >>> 0) < (low >>> 0) ? 1 : 0)) | 0;');
  emitter.close(' else {');
  // The record has 59 bits of the time; the rest is that of the page.
  emitter.line('lo = low;');
  emitter.line('hi = (hi & 0xf8000000) | (second >>> 5);');
  emitter.close();
  emitter.line('word = record + 1;');
  emitter.line('continue;');
  emitter.close();
  emitter.line('if (kind === 29 && delta === 0) { word = end; break; }');
  // Lengths include the word that they stand in; what is shorter than a record's own fields is none.
  emitter.line('const length = second >>> 0;');
  emitter.line('next = record + (length >>> 2);');
  emitter.line(
    'if (length < (kind === 0 ? 8 : 4) || (length & 3) !== 0) { damaged += 1; word = end; break; }',
  );
  emitter.open('if (kind === 29)');
  emitter.line('if (check === 0) { check = 1; writtenHi = hi; writtenLo = lo; }');
  emitter.line('lo = (lo + delta) | 0;');
  emitter.line('if ((lo >>> 0) < delta) hi = (hi + 1) | 0;');
  emitter.line('word = next;');
  emitter.line('continue;');
  emitter.close();
  emitter.line('record += 1;');
  emitter.close();
  emitter.line('const size = next - record;');
  emitter.line('if (next > end || size < 2) { damaged += 1; word = end; break; }');
  emitter.line('const type = words[record] & 0xffff;');
  emitter.line('let slot = type;');
  for (const [type, first] of [
    [plan.entryType, plan.entrySlot],
    [plan.exitType, plan.exitSlot],
  ] as const) {
    if (type < 0) continue;
    emitter.open(`if (type === ${type} && size > 2)`);
    emitter.line('const number = words[record + 2] >>> 0;');
    emitter.line(`slot = ${first} + (number < ${plan.callCount} ? number : ${plan.callCount});`);
    emitter.close();
  }
  emitter.line(`let id = size < ${least}[slot] ? ${noClass} : ${classes}[slot];`);
  if (keep !== undefined) {
    const keeps = emitter.bind('keeps', keep);
    emitter.open(`if (id < ${hiddenClass})`);
    emitter.line(`const timeNs = ${timeOf} + delta;`);
    emitter.line(`if (!${keeps}(slot, view, bytes, record * 4, size * 4, cpu, timeNs)) id = ${hiddenClass};`);
    emitter.close();
  }
  emitter.open(`if (id >= ${hiddenClass})`);
  emitter.line(`if (id === ${noClass}) unknown += 1;`);
  emitter.line('if (check === 0) { check = 1; writtenHi = hi; writtenLo = lo; }');
  emitter.line('lo = (lo + delta) | 0;');
  emitter.line('if ((lo >>> 0) < delta) hi = (hi + 1) | 0;');
  emitter.line(
    `if (id === ${hiddenClass}) body(${bodies}[slot], words, bytes, view, record, size, outView, out, pos, hi, lo);`,
  );
  emitter.line('word = next;');
  emitter.line('continue;');
  emitter.close();
  emitter.line('lo = (lo + delta) | 0;');
  emitter.line('if ((lo >>> 0) < delta) hi = (hi + 1) | 0;');
  emitter.line('used[id] = 1;');
  emitHeader(emitter, plan);
  emitContexts(emitter, plan, tasks, known, stacks);
  emitter.line(`pos = body(${bodies}[slot], words, bytes, view, record, size, outView, out, pos, hi, lo);`);
  emitter.line('events += 1;');
  emitter.line('word = next;');
  emitter.close();
  emitter.line(`state[${stateWord.hi}] = hi; state[${stateWord.lo}] = lo; state[${stateWord.pos}] = pos;`);
  emitter.line(`state[${stateWord.next}] = word; state[${stateWord.check}] = check;`);
  emitter.line(`state[${stateWord.writtenHi}] = writtenHi; state[${stateWord.writtenLo}] = writtenLo;`);
  emitter.line(`state[${stateWord.eventCount}] += events; state[${stateWord.unknownCount}] += unknown;`);
  emitter.line(`state[${stateWord.damaged}] += damaged;`);
}

function emitDispatch(emitter: Emitter, plan: TranscodePlan): void {
  emitter.open('function body(index, words, bytes, view, record, size, outView, out, pos, hi, lo)');
  emitter.open('switch (index)');
  for (const index of plan.bodies.keys()) {
    emitter.line(
      `case ${index}: return body${index}(words, bytes, view, record, size, outView, out, pos, hi, lo);`,
    );
  }
  emitter.line('default: return pos;');
  emitter.close();
  emitter.close();
}

function emitHeader(emitter: Emitter, { header }: TranscodePlan): void {
  const compact = header === 'compact';
  emitter.line('let full = false;');
  emitter.open('if (check !== 0)');
  emitter.line('check = 0;');
  emitter.line('let gapHi = hi - writtenHi;');
  emitter.line('if ((lo >>> 0) < (writtenLo >>> 0)) gapHi -= 1;');
  emitter.line(
    compact
      ? `full = gapHi !== 0 || ((lo - writtenLo) >>> 0) >= ${2 ** timeBits.compact};`
      : 'full = gapHi !== 0;',
  );
  emitter.close();
  emitter.open('if (full)');
  emitter.line(compact ? 'out[pos] = 31;' : 'outView.setUint16(pos, 0xffff, true);');
  const at = compact ? 1 : 2;
  emitter.line(`outView.setInt32(pos + ${at}, id, true);`);
  emitter.line(`outView.setInt32(pos + ${at + 4}, lo, true);`);
  emitter.line(`outView.setInt32(pos + ${at + 8}, hi, true);`);
  emitter.line(`pos += ${at + 12};`);
  emitter.close(' else {');
  if (compact) {
    emitter.line('outView.setInt32(pos, id | (lo << 5), true);');
  } else {
    emitter.line('outView.setUint16(pos, id, true);');
    emitter.line('outView.setInt32(pos + 2, lo, true);');
  }
  emitter.line(`pos += ${headerBytes[header]};`);
  emitter.close();
}

function emitContexts(
  emitter: Emitter,
  { contexts }: TranscodePlan,
  tasks: string,
  { tasks: table, late, belief }: RecordKnowledge,
  stacks: string,
): void {
  if (contexts.length === 0) return;
  emitter.line('const tid = words[record + 1];');
  const times = emitter.bind('times', table.times);
  const beganLater = (row: string): string => `timeNs < ${times}[(${row} + ${taskBornAtWord}) >> 1]`;
  if (contexts.some(({ source }) => isOfTask(source))) {
    emitter.line(
      `let row = tid > 0 && tid < ${table.taskCount} ? tid * ${taskRowWords} : tid === 0 ? idle : 0;`,
    );
    const rowOf = emitter.bind('rowOf', (tid: number, time: number, view: DataView, pos: number) =>
      belief.isSuspended ? 0 : late.rowOf(tid, time, view, pos),
    );
    emitter.line(`const timeNs = ${timeOf};`);
    const isOther = `${tasks}[row + ${taskKnownWord}] <= 0 || ${beganLater('row')}`;
    emitter.line(`if (row !== 0 && (${isOther})) row = ${rowOf}(tid, timeNs, outView, pos);`);
  }
  if (contexts.some(({ source }) => source.kind === 'group' || source.kind === 'container')) {
    const processRow = emitter.bind('processRow', (row: number, time: number) =>
      table.processRowOf(row, time),
    );
    emitter.line(`const pid = ${tasks}[row + ${taskWordOf('pid')}];`);
    emitter.line(`let ofProcess = pid > 0 && pid < ${table.taskCount} ? pid * ${taskRowWords} : row;`);
    emitter.line(`if (${beganLater('ofProcess')}) ofProcess = ${processRow}(row, timeNs);`);
  }
  let offset = 0;
  for (const { source } of contexts) {
    const at = `pos + ${offset}`;
    switch (source.kind) {
      case 'tid':
        emitter.line(`outView.setInt32(${at}, tid, true);`);
        offset += 4;
        break;
      case 'cpu':
        emitter.line(`outView.setInt32(${at}, cpu, true);`);
        offset += 4;
        break;
      case 'task':
        emitter.line(`outView.setInt32(${at}, ${tasks}[row + ${taskWordOf(source.column)}], true);`);
        offset += 4;
        break;
      case 'name':
        for (let index = 0; index < 4; index += 1) {
          emitter.line(
            `outView.setInt32(pos + ${offset + index * 4}, ${tasks}[row + ${taskNameWord + index}], true);`,
          );
        }
        offset += 16;
        break;
      case 'group':
        emitter.line(`outView.setInt32(${at}, ${tasks}[ofProcess + ${taskGroupWord}], true);`);
        offset += 4;
        break;
      case 'container':
        for (let index = 0; index < containerBytes / 4; index += 1) {
          emitter.line(
            `outView.setInt32(pos + ${offset}, ${tasks}[ofProcess + ${taskContainerWord + index}], true);`,
          );
          offset += 4;
        }
        break;
      case 'flag':
        emitter.line(`out[${at}] = ((words[record] >>> 16) & ${source.mask}) === ${source.set} ? 1 : 0;`);
        offset += 1;
        break;
      case 'preemptible':
        emitter.line(`out[${at}] = ((words[record] >>> 24) & 15) === 0 ? 1 : 0;`);
        offset += 1;
        break;
      case 'stack':
        // They are the last ones, and of any length.
        emitter.line(`pos = ${stacks}.write(${JSON.stringify(source.of)}, record * 4, outView, ${at});`);
        offset = 0;
        break;
      default:
        source satisfies never;
    }
  }
  if (offset > 0) emitter.line(`pos += ${offset};`);
}

function emitBody(
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
