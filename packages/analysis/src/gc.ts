import { Distribution } from './distribution.ts';
import { textOf, type TraceEvent } from './event.ts';
import type { Span } from './spans.ts';

/** Name of the events that tell of a garbage collection. */
export const gcEventName = 'nodejs:gc';

/** The pauses of one kind of collection. */
export interface GcKindSummary {
  readonly kind: string;
  readonly count: number;
  readonly totalNs: number;
  readonly longestNs: number;
}

/** All pauses by garbage collection. */
export interface GcSummary {
  readonly count: number;
  readonly totalNs: number;
  readonly longestNs: number;
  readonly p99Ns: number;
  /** Begin of the longest pause and its thread; undefined if there was none. */
  readonly longest: { readonly beginNs: number; readonly thread: number; readonly kind: string } | undefined;
  /** Greatest total first. */
  readonly kinds: readonly GcKindSummary[];
}

/** The time that one thread paused, as disjoint ranges in order: 16 bytes a pause. */
class PauseColumn {
  private begins = new Float64Array(64);
  private ends = new Float64Array(64);
  private length = 0;

  /** Unites a range with those already there; nearly always it goes to the end. */
  add(beginNs: number, endNs: number): void {
    const from = this.firstReaching(beginNs);
    let to = from;
    let begin = beginNs;
    let end = Math.max(beginNs, endNs);
    while (to < this.length && this.begins[to]! <= end) {
      begin = Math.min(begin, this.begins[to]!);
      end = Math.max(end, this.ends[to]!);
      to += 1;
    }
    if (to === from && this.length === this.begins.length) this.grow();
    this.begins.copyWithin(from + 1, to, this.length);
    this.ends.copyWithin(from + 1, to, this.length);
    this.begins[from] = begin;
    this.ends[from] = end;
    this.length += from + 1 - to;
  }

  overlapNs(fromNs: number, toNs: number): number {
    let sum = 0;
    for (let at = this.firstReaching(fromNs); at < this.length && this.begins[at]! < toNs; at += 1) {
      sum += Math.max(0, Math.min(this.ends[at]!, toNs) - Math.max(this.begins[at]!, fromNs));
    }
    return sum;
  }

  /** Index of the first range that ends at or after the time. */
  private firstReaching(timeNs: number): number {
    let low = 0;
    let high = this.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.ends[middle]! < timeNs) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  private grow(): void {
    const begins = new Float64Array(this.length * 2);
    const ends = new Float64Array(this.length * 2);
    begins.set(this.begins);
    ends.set(this.ends);
    this.begins = begins;
    this.ends = ends;
  }
}

/** Collects garbage-collection pauses: their summary, and how much of any stretch of a thread's time they took. */
export class GcPauses {
  private readonly all = new Distribution();
  private readonly kinds = new Map<string, { count: number; totalNs: number; longestNs: number }>();
  private readonly threads = new Map<number, PauseColumn>();
  private longest: { beginNs: number; thread: number; kind: string } | undefined;

  /** Text of the collection's kind, to be captured with the span. */
  static kindOf(event: TraceEvent): string {
    return textOf(event.field('kind')) || 'unknown';
  }

  /** Takes a span of a collection whose `beginData` is its kind. */
  add(span: Span): void {
    const durationNs = span.endNs - span.beginNs;
    const kind = typeof span.beginData === 'string' ? span.beginData : 'unknown';
    if (this.longest === undefined || durationNs > this.all.maxNs) {
      this.longest = { beginNs: span.beginNs, thread: span.thread, kind };
    }
    this.all.add(durationNs);
    const entry = this.kinds.get(kind) ?? { count: 0, totalNs: 0, longestNs: 0 };
    entry.count += 1;
    entry.totalNs += durationNs;
    entry.longestNs = Math.max(entry.longestNs, durationNs);
    this.kinds.set(kind, entry);
    let column = this.threads.get(span.thread);
    if (column === undefined) {
      column = new PauseColumn();
      this.threads.set(span.thread, column);
    }
    column.add(span.beginNs, span.endNs);
  }

  /** Nanoseconds of the stretch that pauses of the thread took. */
  overlapNs(thread: number, fromNs: number, toNs: number): number {
    return this.threads.get(thread)?.overlapNs(fromNs, toNs) ?? 0;
  }

  /** Figures of all pauses so far. */
  summary(): GcSummary {
    return {
      count: this.all.count,
      totalNs: this.all.sumNs,
      longestNs: this.all.maxNs,
      p99Ns: this.all.quantileNs(0.99),
      longest: this.longest,
      kinds: [...this.kinds]
        .map(([kind, figures]) => ({ kind, ...figures }))
        .toSorted((a, b) => b.totalNs - a.totalNs),
    };
  }
}
