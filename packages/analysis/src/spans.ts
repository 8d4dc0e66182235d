import { EventRoles, integerOf, type EventRole, type TraceEvent } from './event.ts';

/** A stretch of time on one thread that has a name. Times in nanoseconds after the trace set's base. */
export interface Span {
  /** Name of its begin event without `_begin`, or of the event that told of all of it. */
  readonly name: string;
  readonly thread: number;
  /** Value of the `id` field that its two events share; 0 if they have none, or it is a text. */
  readonly id: number;
  readonly beginNs: number;
  readonly endNs: number;
  /** Id of the server request of the same thread that it is part of; 0 if none. */
  readonly request: number;
  /** What the `capture` options returned for its begin event and its end event. */
  readonly beginData: unknown;
  readonly endData: unknown;
}

/** A begin event whose end never came. */
export interface OpenSpan {
  readonly name: string;
  readonly thread: number;
  readonly id: number;
  readonly beginNs: number;
  readonly request: number;
  readonly beginData: unknown;
}

/** What tells spans of one name and thread apart: the value of their `id`, exact also beyond 2^53, or a text. */
type SpanKey = number | bigint | string;

interface NumberedSpan extends OpenSpan {
  readonly key: SpanKey;
  /** Number of its begin among all. */
  readonly order: number;
}

/** How a matcher is to work. */
export interface SpanMatcherOptions {
  /**
   * What to add to a monotonic clock value of a thread's events (`start_ns`) to get nanoseconds after the trace
   * set's base: the clock's offset from the Unix epoch less the base, both whole. Without it complete spans end
   * at their event's own time.
   */
  readonly monotonicOffsetNs?: (thread: number) => bigint;
  /** Called with each begin and complete event of a span; its result becomes `beginData`. */
  readonly captureBegin?: (event: TraceEvent, role: EventRole) => unknown;
  /** Called with each end event of a span; its result becomes `endData`. */
  readonly captureEnd?: (event: TraceEvent, role: EventRole) => unknown;
  /** Open spans kept at most (default 100,000); the oldest is given up, and counted, for each one over. */
  readonly maxOpen?: number;
}

/**
 * Makes spans of events: pairs `X_begin` / `X_end` of equal thread and `id`, however they interleave, and events
 * with `start_ns` and `duration_ns`. Memory is bounded by the number of spans open at one time.
 */
export class SpanMatcher {
  /** End events without a begin: the begin was before the recording, or lost. */
  unmatchedEnds = 0;
  /** Begin events given up because a second begin of the same key came, or there were too many. */
  abandonedBegins = 0;

  private readonly roles: EventRoles;
  private readonly options: SpanMatcherOptions;
  private readonly maxOpen: number;
  /** Open spans by thread, number of the kind of span, and id; a Map keeps them in order of their begin. */
  private readonly open: Map<SpanKey, NumberedSpan>[][] = [];
  private openCount = 0;
  private beginCount = 0;

  constructor(options: SpanMatcherOptions = {}, roles: EventRoles = new EventRoles()) {
    this.options = options;
    this.roles = roles;
    this.maxOpen = options.maxOpen ?? 100_000;
  }

  /** Takes the next event in order of time; returns the span that it ends, if any. */
  observe(event: TraceEvent): Span | undefined {
    const role = this.roles.of(event);
    switch (role.kind) {
      case 'point':
        return undefined;
      case 'begin':
        this.begin(event, role);
        return undefined;
      case 'end':
        return this.end(event, role);
      case 'complete':
        return this.complete(event, role);
      default:
        return role.kind satisfies never;
    }
  }

  /** Spans begun and not ended so far, in order of their begin. */
  openSpans(): readonly OpenSpan[] {
    return this.openMaps()
      .flatMap((spans) => [...spans.values()])
      .toSorted((a, b) => a.order - b.order)
      .map(({ order: _order, key: _key, ...span }) => span);
  }

  private openMaps(): Map<SpanKey, NumberedSpan>[] {
    // Threads and kinds of spans without a begin so far leave holes.
    return this.open.flatMap((kinds) => kinds.filter((spans) => spans !== undefined));
  }

  private begin(event: TraceEvent, role: EventRole): void {
    const key = role.hasId ? keyOf(event.field('id')) : 0;
    const { thread } = event;
    const kinds = (this.open[thread] ??= []);
    const spans = (kinds[role.spanNumber] ??= new Map<SpanKey, NumberedSpan>());
    if (spans.delete(key)) {
      this.abandonedBegins += 1;
      this.openCount -= 1;
    }
    if (this.openCount >= this.maxOpen) this.abandonOldest();
    this.openCount += 1;
    this.beginCount += 1;
    spans.set(key, {
      key,
      order: this.beginCount,
      name: role.spanName,
      thread,
      id: integerOf(key, 0),
      beginNs: event.timeNs,
      request: role.hasRequest ? integerOf(event.field('request'), 0) : 0,
      beginData: this.options.captureBegin?.(event, role),
    });
  }

  private abandonOldest(): void {
    let oldest: NumberedSpan | undefined;
    let holder: Map<SpanKey, NumberedSpan> | undefined;
    for (const spans of this.openMaps()) {
      for (const span of spans.values()) {
        if (oldest === undefined || span.order < oldest.order) [oldest, holder] = [span, spans];
        break;
      }
    }
    if (oldest === undefined || holder === undefined) return;
    holder.delete(oldest.key);
    this.abandonedBegins += 1;
    this.openCount -= 1;
  }

  private end(event: TraceEvent, role: EventRole): Span | undefined {
    const key = role.hasId ? keyOf(event.field('id')) : 0;
    const spans = this.open[event.thread]?.[role.spanNumber];
    const open = spans?.get(key);
    if (spans === undefined || open === undefined) {
      this.unmatchedEnds += 1;
      return undefined;
    }
    spans.delete(key);
    this.openCount -= 1;
    const { name, thread, id, beginNs, request, beginData } = open;
    const endData = this.options.captureEnd?.(event, role);
    return { name, thread, id, beginNs, endNs: event.timeNs, request, beginData, endData };
  }

  private complete(event: TraceEvent, role: EventRole): Span {
    const durationNs = integerOf(event.field('duration_ns'), 0);
    const start = event.field('start_ns');
    const offsetNs = this.options.monotonicOffsetNs?.(event.thread);
    // A monotonic clock counts from the machine's start and the base from 1970: only the whole sum is exact.
    const beginNs =
      offsetNs !== undefined && (typeof start === 'bigint' || typeof start === 'number')
        ? Number(BigInt(start) + offsetNs)
        : event.timeNs - durationNs;
    return {
      name: role.spanName,
      thread: event.thread,
      id: role.hasId ? integerOf(event.field('id'), 0) : 0,
      beginNs,
      endNs: beginNs + durationNs,
      request: role.hasRequest ? integerOf(event.field('request'), 0) : 0,
      beginData: this.options.captureBegin?.(event, role),
      endData: undefined,
    };
  }
}

function keyOf(value: unknown): SpanKey {
  return typeof value === 'bigint' || typeof value === 'string' ? value : integerOf(value, 0);
}
