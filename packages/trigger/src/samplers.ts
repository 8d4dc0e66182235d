// Conditions that are looked at now and then: each takes a sample and answers whether the condition became true with it.
// What stays true fires once; it must have become false before it can fire again.

import type { ChannelBufferUsage } from '@spoor/control';

/** A value at or beyond a threshold. */
export class ThresholdWatch {
  readonly #comparison: ChannelBufferUsage['comparison'];
  readonly #threshold: number;
  #wasTrue = false;

  constructor(comparison: ChannelBufferUsage['comparison'], threshold: number) {
    this.#comparison = comparison;
    this.#threshold = threshold;
  }

  /** Whether the value came to be beyond the threshold; the first one counts as coming. */
  sample(value: number): boolean {
    const isTrue = this.#comparison === 'at-least' ? value >= this.#threshold : value <= this.#threshold;
    const hasBecome = isTrue && !this.#wasTrue;
    this.#wasTrue = isTrue;
    return hasBecome;
  }
}

/** A count that grows by at least so many in some period. */
export class RateWatch {
  readonly #watch: ThresholdWatch;
  readonly #periodMs: number;
  /** The samples within the period, and the last one before it. */
  readonly #samples: { readonly timeMs: number; readonly total: number }[] = [];
  #count = 0;

  constructor(count: number, periodMs: number) {
    this.#watch = new ThresholdWatch('at-least', count);
    this.#periodMs = periodMs;
  }

  /** How many came in the period that ended with the last sample. */
  get count(): number {
    return this.#count;
  }

  /**
   * Whether so many have come now in one period.
   * @param timeMs of a clock that does not go back.
   * @param total what was counted up to now.
   */
  sample(timeMs: number, total: number): boolean {
    const samples = this.#samples;
    samples.push({ timeMs, total });
    const since = timeMs - this.#periodMs;
    while (samples.length > 1 && samples[1]!.timeMs <= since) samples.shift();
    const oldest = samples[0]!;
    // Looks that come late make the span longer: what came is taken to have come evenly.
    const spanMs = Math.max(timeMs - oldest.timeMs, this.#periodMs);
    this.#count = ((total - oldest.total) * this.#periodMs) / spanMs;
    return this.#watch.sample(this.#count);
  }
}

/** A count that has not grown for so long, since the watch began or since it grew last. */
export class SilenceWatch {
  readonly #thresholdMs: number;
  #sinceMs: number | undefined;
  #total = 0;
  #hasFired = false;
  #silentMs = 0;

  constructor(thresholdMs: number) {
    this.#thresholdMs = thresholdMs;
  }

  /** How long nothing had come, as of the last sample. */
  get silentMs(): number {
    return this.#silentMs;
  }

  /** Whether it has been silent for long enough, once for each silence. Parameters as of {@link RateWatch.sample}. */
  sample(timeMs: number, total: number): boolean {
    if (this.#sinceMs === undefined || total !== this.#total) {
      this.#sinceMs = timeMs;
      this.#total = total;
      this.#hasFired = false;
    }
    this.#silentMs = timeMs - this.#sinceMs;
    if (this.#hasFired || this.#silentMs < this.#thresholdMs) return false;
    this.#hasFired = true;
    return true;
  }
}
