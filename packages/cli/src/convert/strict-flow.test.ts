import { expect, test } from 'vitest';
import { EventBatch } from '@spoor/ctf';
import type { EventFlow } from '@spoor/components/node';
import { strictFlow } from './strict-flow.ts';

/** A flow of batches with the given times. */
function flowOf(...batches: readonly (readonly number[])[]): EventFlow {
  const batch = new EventBatch(8);
  const left = [...batches];
  const stream = { info: { path: '/trace/stream_0' } } as EventFlow['streams'][number];
  return {
    batch,
    streams: [stream],
    eventClasses: [],
    baseNs: 1000n,
    losses: [],
    next(): boolean {
      const times = left.shift();
      batch.timeNs.set(times ?? []);
      batch.count = times?.length ?? 0;
      return times !== undefined;
    },
  };
}

test('time may stand still, but not go back, within and between batches', () => {
  const calm = strictFlow(flowOf([1, 1, 5], [5, 6]));
  expect([calm.next(), calm.next(), calm.next()]).toEqual([true, true, false]);
  expect(() => strictFlow(flowOf([1, 5, 4])).next()).toThrow('time goes back by 1 ns, to 1004 ns');
  const between = strictFlow(flowOf([9], [2]));
  between.next();
  expect(() => between.next()).toThrow(expect.objectContaining({ where: '/trace/stream_0' }));
});
