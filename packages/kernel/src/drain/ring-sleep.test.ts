import { expect, test } from 'vitest';
import { RingSleep, wakePercentOf } from './ring-sleep.node.ts';

test('who waits for a ring is woken when half of a large one is full, a quarter of others, and when two pages are', () => {
  expect(wakePercentOf({ ringBytes: 64 << 20, subBufferBytes: 65_536 })).toBe(50);
  expect(wakePercentOf({ ringBytes: 16 << 20, subBufferBytes: 65_536 })).toBe(50);
  expect(wakePercentOf({ ringBytes: 9 << 20, subBufferBytes: 65_536 })).toBe(45);
  expect(wakePercentOf({ ringBytes: 8 << 20, subBufferBytes: 65_536 })).toBe(38);
  expect(wakePercentOf({ ringBytes: 4 << 20, subBufferBytes: 65_536 })).toBe(25);
  expect(wakePercentOf({ ringBytes: 1 << 20, subBufferBytes: 65_536 })).toBe(25);
  expect(wakePercentOf({ ringBytes: 16 << 20, subBufferBytes: 1 << 20 })).toBe(50);
  // The kernel counts one more than are full: less than this would wake for nothing.
  expect(wakePercentOf({ ringBytes: 4 << 20, subBufferBytes: 1 << 20 })).toBe(50);
  expect(wakePercentOf({ ringBytes: 3 << 12, subBufferBytes: 1 << 12 })).toBe(67);
  expect(wakePercentOf({ ringBytes: 2 << 12, subBufferBytes: 1 << 12 })).toBe(100);
  expect(wakePercentOf({ ringBytes: 1 << 12, subBufferBytes: 1 << 12 })).toBe(100);
});

test('without a bell it sleeps for a time, and not at all when something has been asked for', () => {
  const words = new Int32Array(new SharedArrayBuffer(4));
  const sleep = new RingSleep({ words, sequenceWord: 0, bell: undefined });
  sleep.watch([], 8 << 20, 5);
  const took = (served: number): number => {
    const beganMs = performance.now();
    sleep.sleep(served);
    return performance.now() - beganMs;
  };
  expect(took(0)).toBeGreaterThan(4);
  // Little was there: twice as long, up to what a flood would need to fill the ring.
  for (let round = 0; round < 6; round += 1) sleep.found(0);
  expect(took(0)).toBeGreaterThan(31);
  words[0] = 1;
  sleep.found(0);
  let shortest = Infinity;
  for (let round = 0; round < 20; round += 1) shortest = Math.min(shortest, took(0));
  expect(shortest).toBeLessThan(31);
});
