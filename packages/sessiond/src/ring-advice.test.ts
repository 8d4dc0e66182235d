import * as fc from 'fast-check';
import { isValidGeometry } from '@spoor/ringbuffer';
import { expect, test } from 'vitest';
import { DemandWatch, adviseGeometry, neededBytes } from './ring-advice.ts';

const geometry = { subBufferSizeBytes: 262_144, subBufferCount: 4 };

test('what is lost until the consumer has caught up counts together, later losses anew', () => {
  const watch = new DemandWatch(10);
  const mostAfter = (looks: readonly (readonly [number, number])[]): number => {
    for (const [finishedCount, lostCount] of looks) watch.look(finishedCount, lostCount);
    return watch.mostLostCount;
  };
  expect(mostAfter([[0, 10]])).toBe(0);
  expect(mostAfter([[4, 30]])).toBe(20);
  expect(mostAfter([[4, 30], [3, 50]])).toBe(40); // prettier-ignore
  // Caught up: 25 more are less than the 40 of before.
  expect(mostAfter([[1, 50], [4, 75]])).toBe(40); // prettier-ignore
  expect(mostAfter([[2, 75], [4, 95]])).toBe(45); // prettier-ignore
});

test('needed is what the ring held and what it lost, at the size of the events that were recorded', () => {
  const demand = { channel: 'ch0', ...geometry, mostLostCount: 1000 };
  expect(neededBytes(demand, { eventCount: 100, sizeBytes: 4000 })).toBe((1 << 20) + 40_000);
  expect(neededBytes(demand, { eventCount: 0, sizeBytes: 0 })).toBeUndefined();
});

test('advised sizes are valid, hold what was needed, and are not larger than they have to be', () => {
  const size = fc.integer({ min: 0, max: 8 }).map((power) => 4096 << power);
  const count = fc.integer({ min: 1, max: 7 }).map((power) => 1 << power);
  const needed = fc.integer({ min: 1, max: 200 * 1024 * 1024 });
  fc.assert(
    fc.property(size, count, needed, (subBufferSizeBytes, subBufferCount, more) => {
      const holdsBytes = subBufferSizeBytes * subBufferCount;
      const asked = { channel: 'ch0', subBufferSizeBytes, subBufferCount, neededBytes: holdsBytes + more };
      const advised = adviseGeometry(asked);
      if (advised === undefined) {
        expect(asked.neededBytes).toBeGreaterThan(100 * 1024 * 1024);
        return;
      }
      expect(isValidGeometry(advised)).toBe(true);
      const advisedBytes = advised.subBufferSizeBytes * advised.subBufferCount;
      expect(advisedBytes).toBeGreaterThanOrEqual(asked.neededBytes * 1.25);
      expect(advisedBytes).toBeLessThan(asked.neededBytes * 2.5);
    }),
  );
});
