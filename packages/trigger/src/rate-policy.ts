import { SpoorError } from '@spoor/base';
import type { RatePolicy } from '@spoor/control';
import { parseCount, parseTimeMs } from './quantities.ts';

/**
 * Reads LTTng's `every:COUNT` and `once-after:COUNT`, and `at-most:COUNT/TIME`.
 * @throws SpoorError `trigger/rate-policy`.
 */
export function parseRatePolicy(text: string): RatePolicy {
  const [kind, value = ''] = text.split(/:(.*)/s, 2) as [string, string?];
  if (kind === 'at-most') {
    const [most, time = ''] = value.split('/', 2) as [string, string?];
    const count = parseCount(most);
    const periodMs = parseTimeMs(time);
    if (count !== undefined && periodMs !== undefined) return { kind, count, periodMs };
  } else if (kind === 'every' || kind === 'once-after') {
    const count = parseCount(value);
    if (count !== undefined) return { kind, count };
  }
  throw new SpoorError('trigger/rate-policy', `\`${text}\` is no rate policy`, {
    hint: 'every:10, once-after:3 or at-most:1/60s; a count is at least 1',
  });
}

/** Decides, for one action, which of its execution requests are carried out. */
export class RateGate {
  readonly #policy: RatePolicy;
  #count = 0;
  /** Of `at-most`: when the last ones were carried out, the oldest first. */
  readonly #passedMs: number[] = [];

  constructor(policy: RatePolicy) {
    this.#policy = policy;
  }

  /** Execution requests so far. */
  get count(): number {
    return this.#count;
  }

  /**
   * Counts a request and answers whether it is carried out.
   * @param nowMs of a clock that does not go back.
   */
  pass(nowMs: number): boolean {
    this.#count += 1;
    const policy = this.#policy;
    switch (policy.kind) {
      case 'every':
        return this.#count % policy.count === 0;
      case 'once-after':
        return this.#count === policy.count;
      case 'at-most':
        while (nowMs - (this.#passedMs[0] ?? Infinity) >= policy.periodMs) this.#passedMs.shift();
        if (this.#passedMs.length >= policy.count) return false;
        this.#passedMs.push(nowMs);
        return true;
      default:
        return policy satisfies never;
    }
  }
}
