/**
 * Writes the code of a transcoder: one function that walks over the records of a page and writes events, and one a body.
 * The third stage. Everything is numbers: no name of a format is in the code. `bench/kernel-transcode.ts` guards it.
 */
import { Emitter } from '@spoor/ctf';
import { isOfRunning, isOfTask } from '../contexts/context-fields.ts';
import { idleRowOf } from '../contexts/idle-tasks.ts';
import type { RunningTasks } from '../contexts/running-tasks.ts';
import { emitBody } from './emit-body.ts';
import { emitContexts } from './emit-contexts.ts';
import type { RecordPredicate } from './record-filter.ts';
import type { RecordKnowledge } from './record-knowledge.ts';
import { timeOf } from './record-time.ts';
import { hiddenClass, noClass, type TranscodePlan } from './transcode-plan.ts';

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
  const tellRunning = runningCode(emitter, plan, known, keep);
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
  emitter.line(tellRunning(`id === ${hiddenClass} && `));
  emitter.line('word = next;');
  emitter.line('continue;');
  emitter.close();
  emitter.line('lo = (lo + delta) | 0;');
  emitter.line('if ((lo >>> 0) < delta) hi = (hi + 1) | 0;');
  emitter.line('used[id] = 1;');
  emitHeader(emitter, plan);
  emitContexts(emitter, plan, tasks, known, stacks);
  emitter.line(`pos = body(${bodies}[slot], words, bytes, view, record, size, outView, out, pos, hi, lo);`);
  emitter.line(tellRunning(''));
  emitter.line('events += 1;');
  emitter.line('word = next;');
  emitter.close();
  emitter.line(`state[${stateWord.hi}] = hi; state[${stateWord.lo}] = lo; state[${stateWord.pos}] = pos;`);
  emitter.line(`state[${stateWord.next}] = word; state[${stateWord.check}] = check;`);
  emitter.line(`state[${stateWord.writtenHi}] = writtenHi; state[${stateWord.writtenLo}] = writtenLo;`);
  emitter.line(`state[${stateWord.eventCount}] += events; state[${stateWord.unknownCount}] += unknown;`);
  emitter.line(`state[${stateWord.damaged}] += damaged;`);
}

/** What lets it be known who runs from a record on, where anybody asks for it. @returns the code, behind a condition. */
function runningCode(
  emitter: Emitter,
  plan: TranscodePlan,
  { running, belief }: RecordKnowledge,
  keep: RecordPredicate | undefined,
): (condition: string) => string {
  const types = [running.switchType, running.renameType].filter((type) => type >= 0);
  const isAsked = keep !== undefined || plan.contexts.some(({ source }) => isOfRunning(source));
  if (!isAsked || types.length === 0) return () => '';
  const read = emitter.bind('readRunning', (...record: Parameters<RunningTasks['read']>) => {
    if (!belief.isSuspended) running.read(...record);
  });
  const isOne = types.map((type) => `type === ${type}`).join(' || ');
  return (condition) => `if (${condition}(${isOne})) ${read}(type, view, bytes, record * 4, size * 4, cpu);`;
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
