/** The spans of one rule that have begun and not ended. Their number is bounded. */

/** A value of a key or of a capture. */
export type SpanValue = number | bigint | string;

/** A span that has begun. */
export interface OpenSpan {
  readonly key: string;
  readonly label: string;
  readonly beginNs: number;
  readonly values: readonly (SpanValue | undefined)[];
  /** How many spans of the key it lies in. */
  readonly depth: number;
  /** The next one around it. */
  outer: OpenSpan | undefined;
}

/** How many spans went which way. */
export interface SpanCounts {
  complete: number;
  /** Ends that found no beginning. */
  withoutBegin: number;
  /** Beginnings that were replaced, or never found an end. */
  withoutEnd: number;
  timedOut: number;
  /** Given up because too many were open. */
  dropped: number;
}

/** Open spans by key, the innermost first, and by age. */
export class OpenSpans {
  readonly counts: SpanCounts = { complete: 0, withoutBegin: 0, withoutEnd: 0, timedOut: 0, dropped: 0 };
  private readonly tops = new Map<string, OpenSpan>();
  /** In the order in which they began. */
  private readonly byAge = new Set<OpenSpan>();
  private readonly nested: boolean;
  private readonly most: number;

  /** @param most spans that may be open at once; beyond it the oldest is given up. */
  constructor(nested: boolean, most: number) {
    this.nested = nested;
    this.most = most;
  }

  /** Begins a span. */
  begin(key: string, label: string, beginNs: number, values: readonly (SpanValue | undefined)[]): void {
    let outer = this.tops.get(key);
    if (outer !== undefined && !this.nested) {
      this.remove(outer);
      this.counts.withoutEnd += 1;
      outer = undefined;
    }
    if (this.byAge.size >= this.most) {
      const [oldest] = this.byAge;
      this.remove(oldest!);
      this.counts.dropped += 1;
      outer = this.tops.get(key);
    }
    const span: OpenSpan = {
      key,
      label,
      beginNs,
      values,
      depth: outer === undefined ? 0 : outer.depth + 1,
      outer,
    };
    this.tops.set(key, span);
    this.byAge.add(span);
  }

  /**
   * Ends the innermost span of a key.
   * @param label of the end, if it must be that of the beginning.
   * @returns the span; undefined for an end without a beginning.
   */
  end(key: string, label: string | undefined): OpenSpan | undefined {
    const span = this.tops.get(key);
    if (span === undefined) {
      this.counts.withoutBegin += 1;
      return undefined;
    }
    this.remove(span);
    if (label !== undefined && label !== span.label) {
      this.counts.withoutBegin += 1;
      this.counts.withoutEnd += 1;
      return undefined;
    }
    this.counts.complete += 1;
    return span;
  }

  /** Gives up the spans that began before a time, the oldest first. */
  *expire(beforeNs: number): Generator<OpenSpan, void, undefined> {
    for (const span of this.byAge) {
      if (span.beginNs >= beforeNs) return;
      this.remove(span);
      this.counts.timedOut += 1;
      yield span;
    }
  }

  /** Takes all that are still open at the end, the oldest first. */
  *rest(): Generator<OpenSpan, void, undefined> {
    for (const span of this.byAge) {
      this.counts.withoutEnd += 1;
      yield span;
    }
    this.byAge.clear();
    this.tops.clear();
  }

  get size(): number {
    return this.byAge.size;
  }

  private remove(span: OpenSpan): void {
    this.byAge.delete(span);
    const top = this.tops.get(span.key);
    if (top === span) {
      if (span.outer === undefined) this.tops.delete(span.key);
      else this.tops.set(span.key, span.outer);
      return;
    }
    let inner = top;
    while (inner !== undefined && inner.outer !== span) inner = inner.outer;
    if (inner !== undefined) inner.outer = span.outer;
  }
}
