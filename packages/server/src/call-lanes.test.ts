// Stacks of calls where events were lost: what is open at the gap ends there.
import type { EventArguments, EventClassInfo, StreamInfo } from '@spoor/components';
import { EnumValue } from '@spoor/ctf';
import { TraceStore, noEvent } from '@spoor/store';
import { expect, test } from 'vitest';
import { CallLanes, type CallClass } from './call-lanes.ts';

const stream = { index: 3, streamClass: {} } as StreamInfo;

/** Events of the function whose number is the offset. */
function classOf(edge: 'enter' | 'leave', isShared = false): CallClass {
  return {
    rule: { edge, isCoroutine: false, functionField: 'func' },
    info: {} as EventClassInfo,
    isShared,
    functionField: (_bytes, _view, offsetBits) => new EnumValue(offsetBits, [`f${offsetBits} (a.js:1:1)`]),
    known: new Map(),
  };
}

const at = (fn: number): EventArguments =>
  [
    new Uint8Array(0),
    new DataView(new ArrayBuffer(0)),
    fn,
    new Float64Array(0),
    { info: stream },
  ] as unknown as EventArguments;

test('calls that are open when events are lost end there, and a loss that is known early waits', () => {
  const store = new TraceStore();
  store.addLane(store.addProcess('p', 1), 'main', 1);
  const calls = new CallLanes(store, undefined);
  const [enter, leave] = [classOf('enter'), classOf('leave')];
  calls.lose(stream, 50);
  expect(calls.take(enter, 0, 10, 0, at(1))).toBe(true);
  expect(calls.take(enter, 0, 20, 1, at(2))).toBe(true);
  expect(calls.take(leave, 0, 30, 2, at(2))).toBe(true);
  expect(calls.take(enter, 0, 40, 3, at(2))).toBe(true);
  // Behind the loss.
  expect(calls.take(leave, 0, 60, 4, at(1))).toBe(false);
  expect(calls.take(enter, 0, 70, 5, at(2))).toBe(true);
  expect(calls.take(leave, 0, 80, 6, at(2))).toBe(true);
  const { rows, openCount } = store.tracks[0]!;
  expect(openCount).toBe(0);
  expect(
    rows.map((row) =>
      Array.from({ length: row.count }, (_, i) => [
        row.startNs.values[i],
        row.endNs.values[i],
        row.endEvent.values[i],
      ]),
    ),
  ).toEqual([
    [
      [10, 50, noEvent],
      [70, 80, 6],
    ],
    [
      [20, 30, 2],
      [40, 50, noEvent],
    ],
  ]);
});

test('losses of streams of single threads are no matter of others', () => {
  const store = new TraceStore();
  store.addLane(store.addProcess('p', 1), 'main', 1);
  const calls = new CallLanes(store, undefined);
  calls.lose({ ...stream, index: 4 }, 15);
  calls.take(classOf('enter', true), 0, 10, 0, at(1));
  expect(calls.take(classOf('leave', true), 0, 20, 1, at(1))).toBe(true);
});
