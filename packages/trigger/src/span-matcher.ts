/** A span that is long enough. */
export interface LongSpan<Facts> {
  readonly begin: Facts;
  readonly beginNs: number;
  /** So far, where it has not ended. */
  readonly durationNs: number;
}

interface OpenSpan<Facts> {
  readonly facts: Facts;
  readonly beginNs: number;
}

/**
 * Finds spans of at least a length among beginnings and ends. Times are nanoseconds of any one clock. A beginning with the
 * key of an open span takes its place; an end without a beginning says nothing.
 */
export class SpanMatcher<Facts> {
  readonly #thresholdNs: number;
  readonly #isAtEnd: boolean;
  readonly #mostOpen: number;
  /** By key, the earliest beginning first. */
  readonly #open = new Map<string, OpenSpan<Facts>>();
  #forgotten = 0;

  /**
   * @param at when a span counts: once it has ended, or already when {@link overdue} finds it open that long.
   * @param mostOpen open spans that are kept; beyond, the oldest is forgotten.
   */
  constructor(thresholdNs: number, at: 'end' | 'threshold', mostOpen = 100_000) {
    this.#thresholdNs = thresholdNs;
    this.#isAtEnd = at === 'end';
    this.#mostOpen = mostOpen;
  }

  get openCount(): number {
    return this.#open.size;
  }

  /** Spans that were given up although their ends might have come. */
  get forgottenCount(): number {
    return this.#forgotten;
  }

  begin(key: string, timeNs: number, facts: Facts): void {
    this.#open.delete(key);
    this.#open.set(key, { facts, beginNs: timeNs });
    if (this.#open.size <= this.#mostOpen) return;
    const [oldest] = this.#open.keys();
    this.#open.delete(oldest!);
    this.#forgotten += 1;
  }

  /** The span that ends, if it is long enough. */
  end(key: string, timeNs: number): LongSpan<Facts> | undefined {
    const span = this.#open.get(key);
    if (span === undefined) return undefined;
    this.#open.delete(key);
    const durationNs = timeNs - span.beginNs;
    return durationNs >= this.#thresholdNs
      ? { begin: span.facts, beginNs: span.beginNs, durationNs }
      : undefined;
  }

  /** Spans that are open for so long by now, each once; none where only ended spans count. */
  overdue(nowNs: number): readonly LongSpan<Facts>[] {
    const found: LongSpan<Facts>[] = [];
    if (this.#isAtEnd) return found;
    for (const [key, { facts, beginNs }] of this.#open) {
      const durationNs = nowNs - beginNs;
      // Those of several threads begin nearly in this order; one that is late is found at the next look.
      if (durationNs < this.#thresholdNs) break;
      this.#open.delete(key);
      found.push({ begin: facts, beginNs, durationNs });
    }
    return found;
  }

  /** When {@link overdue} may find the next span; undefined when none is open, or only ended ones count. */
  get nextOverdueNs(): number | undefined {
    if (this.#isAtEnd) return undefined;
    const [oldest] = this.#open.values();
    return oldest === undefined ? undefined : oldest.beginNs + this.#thresholdNs;
  }

  /** Gives up the open spans of which `isGone` holds: their ends will not come. */
  forget(isGone: (facts: Facts) => boolean): void {
    for (const [key, { facts }] of this.#open) if (isGone(facts)) this.#open.delete(key);
  }
}
