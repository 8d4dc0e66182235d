/**
 * Runs the generated code over records of all kinds before it is needed. V8 compiles a function for what it has seen of it,
 * and throws the code away at the first record of another kind: a recording meets its kinds one after the other for
 * minutes, and each would cost what some hundred thousand events cost. `bench/kernel-drain.ts` shows it.
 */
import { stateWord, type PageWalk } from './emit-transcoder.ts';
import { hiddenClass, noClass, type TranscodePlan } from './transcode-plan.ts';

/** V8 begins to note what it sees of a function after some calls, and compiles it long after these. */
const rounds = 32;
/** The lower half of the clock runs over every 32 such records, and at each of them in one of the rounds. */
const longestDelta = 0x7ff_ffff << 5;
const roundDelta = 0x800_0000;
const outputBytes = 65_536;

/** Kinds of a record's head: in that of a long one the length stands in the second word. */
const longHead = 0;
const mostShortWords = 28;
const padding = 29;
const timeExtend = 30;
const timeStamp = 31;

/** One record for each body, and what may stand between records: what a walk may meet. */
export function sampleWords(plan: TranscodePlan): Int32Array<ArrayBuffer> {
  const words: number[] = [];
  const record = (slot: number): void => {
    const { entrySlot, exitSlot, entryType, exitType } = plan;
    const size = Math.max(3, plan.leastWordsOfSlot[slot]!);
    const payload = Array.from({ length: size }, () => 0);
    if (slot >= exitSlot) [payload[0], payload[2]] = [exitType, slot - exitSlot];
    else if (slot >= entrySlot) [payload[0], payload[2]] = [entryType, slot - entrySlot];
    else payload[0] = slot;
    if (size <= mostShortWords) words.push(longestDelta | size, ...payload);
    else words.push(longestDelta | longHead, (size + 1) * 4, ...payload);
  };
  const met = new Set<number>();
  for (const [slot, id] of plan.classOfSlot.entries()) {
    const body = plan.bodyOfSlot[slot]!;
    if (id === noClass || met.has(body)) continue;
    met.add(body);
    record(slot);
  }
  // Numbers of system calls that are none are met, too.
  for (const type of [plan.entryType, plan.exitType])
    if (type >= 0) words.push(longestDelta | 3, type, 0, -1);
  const first = plan.classOfSlot.findIndex((id) => id < hiddenClass);
  if (first < 0) return new Int32Array(0);
  // A discarded record, a long gap, a moment, a record of nobody, a long record of somebody; the end is cut off.
  words.push(padding | (5 << 5), 8, 0);
  record(first);
  words.push(timeExtend | (9 << 5), 3, timeExtend | (9 << 5), 31);
  record(first);
  words.push(timeStamp | (9 << 5), 0xffff);
  record(first);
  words.push(3, 0, 0, 0);
  words.push(longHead | (7 << 5), 4 * 33, first);
  words.push(...Array.from({ length: 31 }, () => 0));
  words.push(padding);
  return Int32Array.from(words);
}

/**
 * Has a walk seen what there is to see. What it writes is thrown away; nothing of it may be believed.
 * @param slackBytes room for the largest event.
 */
export function warmUp(plan: TranscodePlan, walk: PageWalk, slackBytes: number, classCount: number): void {
  const words = sampleWords(plan);
  const { buffer } = words;
  const bytes = new Uint8Array(buffer);
  const view = new DataView(buffer);
  const out = new Uint8Array(outputBytes + slackBytes);
  const outView = new DataView(out.buffer);
  const state = new Int32Array(stateWord.size);
  const used = new Uint8Array(classCount);
  for (let round = 0; round < rounds; round += 1) {
    state.fill(0);
    // Gaps that need a full header, and that do not.
    state[stateWord.hi] = round % 2;
    state[stateWord.lo] = round * roundDelta;
    state[stateWord.check] = 1;
    state[stateWord.writtenLo] = round % 4 === 0 ? -1 : 0;
    while (state[stateWord.next]! < words.length) {
      state[stateWord.pos] = 0;
      const from = state[stateWord.next]!;
      walk(words, bytes, view, from, words.length, outView, out, outputBytes, state, used, 0);
      if (state[stateWord.next] === from) return;
    }
  }
}
