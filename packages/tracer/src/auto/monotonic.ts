import { performance } from 'node:perf_hooks';
import { hrtimeBigint } from '../primordials.ts';

/**
 * Converts the times of performance entries to the monotonic clock, which is also the clock of traces. Entries
 * count milliseconds from the start of their thread, and Node.js does not tell the monotonic time of that start:
 * it lies between what a clock reading before and one after `performance.now()` allow, and many such pairs narrow
 * it down to a span no wider than the pair takes (0.1 µs), of which the middle is taken.
 */
export class MonotonicClock {
  /** Nanoseconds of the monotonic clock at the thread's time origin; exact as a double for 104 days. */
  readonly originNs: number;
  /** The origin is at most this far from the true one. */
  readonly uncertaintyNs: number;

  constructor(rounds = 64) {
    let low = Number.NEGATIVE_INFINITY;
    let high = Number.POSITIVE_INFINITY;
    for (let round = 0; round < rounds; round += 1) {
      const before = Number(hrtimeBigint());
      const nowNs = performance.now() * 1e6;
      const after = Number(hrtimeBigint());
      low = Math.max(low, before - nowNs);
      high = Math.min(high, after - nowNs);
    }
    this.originNs = Math.round((low + high) / 2);
    this.uncertaintyNs = Math.max(1, Math.ceil((high - low) / 2));
  }

  /** The monotonic time, in nanoseconds, of an entry's `startTime` or of `performance.now()`. */
  monotonicNs(entryTimeMs: number): number {
    return this.originNs + Math.round(entryTimeMs * 1e6);
  }
}
