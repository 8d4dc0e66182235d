import { EventRoles, integerOf, type EventRole, type TraceEvent } from './event.ts';

/** A stretch of time on one thread that has a name. Times in nanoseconds after the trace set's base. */
export interface Span {
  /** Name of its begin event without `_begin`, or of the event that told of all of it. */
  readonly name: string;
  readonly thread: number;
  /** Value of the `id` field that its two events share; 0 if they have none. */
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
  /** Open spans by key; a Map keeps them in order of their begin. */
  private readonly open = new Map<string, OpenSpan>();

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
    return [...this.open.values()];
  }

  private begin(event: TraceEvent, role: EventRole): void {
    const id = role.hasId ? integerOf(event.field('id'), 0) : 0;
    const key = keyOf(event.thread, role.spanName, id);
    if (this.open.delete(key)) this.abandonedBegins += 1;
    if (this.open.size >= this.maxOpen) {
      for (const oldest of this.open.keys()) {
        this.open.delete(oldest);
        this.abandonedBegins += 1;
        break;
      }
    }
    this.open.set(key, {
      name: role.spanName,
      thread: event.thread,
      id,
      beginNs: event.timeNs,
      request: role.hasRequest ? integerOf(event.field('request'), 0) : 0,
      beginData: this.options.captureBegin?.(event, role),
    });
  }

  private end(event: TraceEvent, role: EventRole): Span | undefined {
    const id = role.hasId ? integerOf(event.field('id'), 0) : 0;
    const key = keyOf(event.thread, role.spanName, id);
    const open = this.open.get(key);
    if (open === undefined) {
      this.unmatchedEnds += 1;
      return undefined;
    }
    this.open.delete(key);
    return { ...open, endNs: event.timeNs, endData: this.options.captureEnd?.(event, role) };
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

function keyOf(thread: number, spanName: string, id: number): string {
  return `${thread} ${id} ${spanName}`;
}
