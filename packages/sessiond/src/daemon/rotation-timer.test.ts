import type { Session } from '@spoor/control';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { RotationTimer } from './rotation-timer.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test.each([
  [{ periodUs: 100_000 }, 100],
  [{ periodUs: 60_000_000, sizeBytes: 10 }, 1000],
])('a rotation that is refused is tried again, not at once: %o', async (rotation, againMs) => {
  const beganMs = Date.now();
  const session = { rotation, isActive: true, chunkId: 0 } as Session;
  const attempts: number[] = [];
  const errors: unknown[] = [];
  const timer = new RotationTimer({
    chunkBytes: () => Promise.resolve(10),
    isCurrent: () => true,
    rotate: () => {
      attempts.push(performance.now());
      return Promise.reject(new Error('no room'));
    },
    onError: (error) => errors.push(error),
    onDone: () => timer.schedule(session, beganMs),
  });
  timer.schedule(session, beganMs);
  await vi.advanceTimersByTimeAsync(5 * againMs);
  timer.stop();
  const pauses = attempts.slice(1).map((time, index) => time - attempts[index]!);
  expect(pauses.length).toBeGreaterThan(2);
  for (const pause of pauses) expect(pause).toBeCloseTo(againMs, 6);
  expect(errors).toHaveLength(attempts.length);
});
