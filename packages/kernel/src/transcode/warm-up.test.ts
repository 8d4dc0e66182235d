import { expect, test } from 'vitest';
import { TaskTable } from '../contexts/task-table.ts';
import { sampleFormats } from '../testing/sample-formats.ts';
import { stateWord, type PageWalk } from './emit-transcoder.ts';
import { KernelTranscoder, type TranscoderOptions } from './transcoder.ts';
import { hiddenClass, noClass } from './transcode-plan.ts';
import { warmUp } from './warm-up.ts';

const facts = { uuid: '6f180b0c-b242-c148-ab44-6cbf960a58b2', clockOffsetNs: 0n, environment: new Map() };
const options = (tasks: TaskTable): TranscoderOptions => ({
  naming: 'lttng',
  machine: 'x86_64',
  facts,
  tasks,
  contexts: ['pid', 'procname'],
  wants: (name) => name !== 'task:task_rename',
});

test.each([true, false])('nothing is learnt from what code is warmed up with (compiled: %s)', (compile) => {
  const asked: number[] = [];
  const tasks = new TaskTable(1000, (_table, tid) => asked.push(tid) > 0);
  const before = tasks.words.slice();
  new KernelTranscoder(sampleFormats, { ...options(tasks), compile }).warmUp();
  expect(tasks.words).toEqual(before);
  expect(asked).toEqual([]);
});

test('records of all bodies are whole, at all sizes of the clock', () => {
  const { plan } = new KernelTranscoder(sampleFormats, options(new TaskTable(1000)));
  const bodies = new Set<number>();
  const carries = new Set<number>();
  const walk: PageWalk = (words, _bytes, _view, from, end, _outView, _out, _limit, state) => {
    let at = from;
    let lo = state[stateWord.lo]! >>> 0;
    while (at < end - 1) {
      const head = words[at]!;
      const kind = head & 31;
      const isRecord = kind <= 28;
      const payload = kind === 0 ? at + 2 : at + 1;
      const next =
        kind === 0 || kind === 29 ? at + 1 + words[at + 1]! / 4 : kind > 29 ? at + 2 : payload + kind;
      expect(Number.isInteger(next)).toBe(true);
      expect(next).toBeLessThanOrEqual(end);
      if (isRecord) {
        const type = words[payload]!;
        const number = words[payload + 2]! >>> 0;
        const call = Math.min(number, plan.callCount);
        const slot =
          type === plan.entryType
            ? plan.entrySlot + call
            : type === plan.exitType
              ? plan.exitSlot + call
              : type;
        const isKnown = plan.classOfSlot[slot] !== noClass && next - payload >= plan.leastWordsOfSlot[slot]!;
        if (isKnown) bodies.add(plan.bodyOfSlot[slot]!);
        lo += head >>> 5;
        if (lo >= 2 ** 32 && isKnown) carries.add(plan.classOfSlot[slot] === hiddenClass ? 1 : 0);
        lo %= 2 ** 32;
      }
      at = next;
    }
    // The last word is the end of a page that is cut off.
    expect([at, words[at]! & 31]).toEqual([end - 1, 29]);
    state[stateWord.next] = end;
  };
  warmUp(plan, walk, 65_536, plan.bodies.length);
  expect(bodies.size).toBe(plan.bodies.length);
  expect(carries).toEqual(new Set([0, 1]));
});
