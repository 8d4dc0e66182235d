import { EventRoles, integerOf, type EventRole, type TraceEvent } from './event.ts';
import type { GcPauses } from './gc.ts';
import type { Span } from './spans.ts';

/** Name of the spans of server requests; their `id` is what `request` fields of other events refer to. */
export const requestSpanName = 'http_server:request';

/** What a part of a request's time was spent on; see `RequestPart`. */
export type RequestPartKind = 'gc' | 'span' | 'others' | 'idle' | 'own';

/** What the analysis of requests takes from `endData` of a request's span, if it is there. */
interface LoopIdle {
  /** How long the thread's event loop slept between the request's begin and end, in nanoseconds. */
  readonly idleNs?: number;
}

/** Where a part of a request's wall-clock time went. */
export interface RequestPart {
  /**
   * - `gc`: the thread collected garbage, whatever else was going on.
   * - `span`: a span of this request was open, the one begun last if there were several: a wait for an upstream
   *   server, a name look-up, a worker, or a stretch of the program's own.
   * - `others`: the thread's last event belonged to another request: it was busy with that one, as far as
   *   events tell; never more than the loop was busy, where that is known.
   * - `idle`: the loop slept with no span of this request open: a wait that no event tells of, such as a timer.
   * - `own`: the rest: the program's own code.
   */
  readonly kind: RequestPartKind;
  /** Name of the span for `span`, else the same as `kind`. */
  readonly name: string;
  readonly durationNs: number;
}

/** A request and its time, split without overlap: the parts sum up to its duration. */
export interface RequestBreakdown {
  readonly request: Span;
  /** Longest first; parts of no time are left out. */
  readonly parts: readonly RequestPart[];
  /** Events of the request's thread while it ran that belong to it. */
  readonly ownEvents: number;
}

interface Window {
  readonly request: Span;
  readonly openSpans: { readonly name: string; readonly id: number }[];
  readonly sums: Map<string, { kind: RequestPartKind; name: string; durationNs: number }>;
  cursorNs: number;
  /** Whose event came last on the thread. */
  ownerIsOther: boolean;
  ownEvents: number;
}

/**
 * Splits the time of chosen requests in one more pass over the trace's events. Pauses must be known beforehand,
 * because they are told of after they ended, perhaps after the request did. Memory is bounded by the number of
 * requests and of spans open in them at one time.
 */
export class RequestBreakdowns {
  private readonly pauses: Pick<GcPauses, 'overlapNs'>;
  private readonly roles: EventRoles;
  /** Requests not begun yet, the earliest last. */
  private readonly coming: Window[];
  private readonly active = new Map<number, Window[]>();
  private readonly done: Window[] = [];
  private readonly order: readonly Span[];

  constructor(
    requests: readonly Span[],
    pauses: Pick<GcPauses, 'overlapNs'>,
    roles: EventRoles = new EventRoles(),
  ) {
    this.pauses = pauses;
    this.roles = roles;
    this.order = requests;
    this.coming = requests
      .map((request) => ({
        request,
        openSpans: [],
        sums: new Map(),
        cursorNs: request.beginNs,
        ownerIsOther: false,
        ownEvents: 0,
      }))
      .toSorted((a, b) => b.request.beginNs - a.request.beginNs);
  }

  /** Takes the next event in order of time. */
  observe(event: TraceEvent): void {
    const { timeNs } = event;
    while (this.coming.length > 0 && this.coming.at(-1)!.request.beginNs <= timeNs) {
      const window = this.coming.pop()!;
      const windows = this.active.get(window.request.thread);
      if (windows === undefined) this.active.set(window.request.thread, [window]);
      else windows.push(window);
    }
    const windows = this.active.get(event.thread);
    if (windows === undefined || windows.length === 0) return;
    const role = this.roles.of(event);
    for (let at = windows.length - 1; at >= 0; at -= 1) {
      const window = windows[at]!;
      if (timeNs > window.request.endNs) {
        this.advance(window, window.request.endNs);
        this.done.push(window);
        windows.splice(at, 1);
      } else {
        this.take(window, event, role);
      }
    }
  }

  /** The split of each request, in the order in which they were given. */
  finish(): RequestBreakdown[] {
    for (const windows of this.active.values()) this.done.push(...windows);
    this.done.push(...this.coming);
    const byRequest = new Map<Span, RequestBreakdown>();
    for (const window of this.done) {
      this.advance(window, window.request.endNs);
      tellIdleTime(window);
      byRequest.set(window.request, {
        request: window.request,
        parts: [...window.sums.values()]
          .filter((part) => part.durationNs > 0)
          .toSorted((a, b) => b.durationNs - a.durationNs),
        ownEvents: window.ownEvents,
      });
    }
    this.active.clear();
    this.coming.length = 0;
    this.done.length = 0;
    return this.order.map((request) => byRequest.get(request)!);
  }

  private take(window: Window, event: TraceEvent, role: EventRole): void {
    this.advance(window, event.timeNs);
    const isRequest = role.spanName === requestSpanName;
    const owner = isRequest
      ? integerOf(event.field('id'), 0)
      : role.hasRequest
        ? integerOf(event.field('request'), 0)
        : 0;
    if (owner !== 0) {
      const own = owner === window.request.id;
      // With its end the thread has done with a request, as far as events tell.
      window.ownerIsOther = !own && !(isRequest && role.kind === 'end');
      if (own) window.ownEvents += 1;
    }
    if (isRequest) return;
    if (role.kind === 'begin' && owner === window.request.id && owner !== 0) {
      window.openSpans.push({ name: role.spanName, id: role.hasId ? integerOf(event.field('id'), 0) : 0 });
    } else if (role.kind === 'end' && window.openSpans.length > 0) {
      const id = role.hasId ? integerOf(event.field('id'), 0) : 0;
      const at = window.openSpans.findLastIndex((span) => span.id === id && span.name === role.spanName);
      if (at >= 0) window.openSpans.splice(at, 1);
    }
  }

  /** Accounts for the time from the cursor to `toNs`. */
  private advance(window: Window, toNs: number): void {
    const fromNs = window.cursorNs;
    if (toNs <= fromNs) return;
    window.cursorNs = toNs;
    const gcNs = this.pauses.overlapNs(window.request.thread, fromNs, toNs);
    if (gcNs > 0) add(window, 'gc', 'gc', gcNs);
    const restNs = toNs - fromNs - gcNs;
    if (restNs <= 0) return;
    const span = window.openSpans.at(-1);
    if (span !== undefined) add(window, 'span', span.name, restNs);
    else if (window.ownerIsOther) add(window, 'others', 'others', restNs);
    else add(window, 'own', 'own', restNs);
  }
}

function add(window: Window, kind: RequestPartKind, name: string, durationNs: number): void {
  const key = `${kind} ${name}`;
  const sum = window.sums.get(key);
  if (sum === undefined) window.sums.set(key, { kind, name, durationNs });
  else sum.durationNs += durationNs;
}

/**
 * Uses the measured idle time of the event loop. Where in the request the loop slept is not known, but a sleeping
 * loop is not busy with others, and sleep beyond the spans' time was for something else.
 */
function tellIdleTime(window: Window): void {
  const idleNs = (window.request.endData as LoopIdle | undefined)?.idleNs;
  if (idleNs === undefined || !(idleNs > 0)) return;
  let spansNs = 0;
  let gcNs = 0;
  for (const part of window.sums.values()) {
    if (part.kind === 'span') spansNs += part.durationNs;
    if (part.kind === 'gc') gcNs += part.durationNs;
  }
  const others = window.sums.get('others others');
  const own = window.sums.get('own own');
  const busyNs = Math.max(0, window.request.endNs - window.request.beginNs - idleNs - gcNs);
  if (others !== undefined && others.durationNs > busyNs) {
    add(window, 'idle', 'idle', others.durationNs - busyNs);
    others.durationNs = busyNs;
  }
  const idle = window.sums.get('idle idle')?.durationNs ?? 0;
  const untoldNs = Math.min(own?.durationNs ?? 0, Math.max(0, idleNs - spansNs - idle));
  if (own !== undefined && untoldNs > 0) {
    add(window, 'idle', 'idle', untoldNs);
    own.durationNs -= untoldNs;
  }
}
