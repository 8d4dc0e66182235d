import { Distribution } from './distribution.ts';
import { EventRoles, integerOf, textOf, type EventRole, type TraceEvent } from './event.ts';
import { FunctionCalls, type FunctionSummary } from './functions.ts';
import { GcPauses, gcEventName, type GcSummary } from './gc.ts';
import { Largest } from './largest.ts';
import { RequestBreakdowns, requestSpanName, type RequestBreakdown } from './requests.ts';
import { routeOf, RouteTable } from './route.ts';
import { SpanMatcher, type Span, type SpanMatcherOptions } from './spans.ts';
import { SystemCalls, type SystemCallSummary } from './system-calls.ts';

/** How a trace is to be summarised. */
export interface SummaryOptions extends Pick<SpanMatcherOptions, 'monotonicOffsetNs'> {
  /**
   * How many of the slowest requests are split, each route's slowest first, and how many of the slowest system calls are told;
   * default 5.
   */
  readonly slowest?: number;
}

/** How often events of one class came. */
export interface EventCount {
  readonly name: string;
  readonly count: number;
  /** Time of its first and last event. */
  readonly firstNs: number;
  readonly lastNs: number;
}

/** Durations of a group of spans, in nanoseconds; quantiles are at most 1.6 % too great. */
export interface DurationFigures {
  readonly name: string;
  readonly count: number;
  readonly totalNs: number;
  readonly meanNs: number;
  readonly p50Ns: number;
  readonly p90Ns: number;
  readonly p99Ns: number;
  readonly maxNs: number;
}

/** What is known of a request beside its time. */
export interface RequestData {
  readonly method: string;
  readonly url: string;
  readonly route: string;
}

/** What is known of its end. */
export interface RequestEndData {
  /** 0 if no status was sent. */
  readonly status: number;
  readonly aborted: boolean;
  /** How long the thread's event loop slept while the request ran; 0 if that was not measured. */
  readonly idleNs: number;
}

/** The worst period of event-loop delay of a thread. */
export interface LoopDelay {
  readonly thread: number;
  /** Greatest delay of all periods, and the time of the event that told of it. */
  readonly maxNs: number;
  readonly atNs: number;
  /** Greatest median of a period: a loop that is late all the time. */
  readonly worstP50Ns: number;
  /** Mean share of time in which the loop was busy; NaN if the events do not tell. */
  readonly utilization: number;
  readonly periods: number;
}

/** The summary of a trace. */
export interface TraceSummary {
  readonly events: number;
  /** Time of the first and last event; both 0 if there is none. */
  readonly beginNs: number;
  readonly endNs: number;
  /** Most frequent first. */
  readonly eventCounts: readonly EventCount[];
  readonly threads: readonly ThreadSummary[];
  /** All kinds of spans, greatest total time first. */
  readonly spans: readonly DurationFigures[];
  readonly requests: {
    readonly all: DurationFigures;
    readonly failed: number;
    readonly aborted: number;
    /** Requests without an end in the trace. */
    readonly unfinished: number;
    /** Greatest total time first. */
    readonly routes: readonly DurationFigures[];
    /** Slowest first; each route's slowest before the second of any. */
    readonly slowest: readonly RequestBreakdown[];
  };
  readonly gc: GcSummary;
  readonly calls: FunctionSummary;
  readonly systemCalls: SystemCallSummary;
  /** Longest delay first. */
  readonly loopDelays: readonly LoopDelay[];
  readonly unmatched: {
    /** Ends whose begin is not in the trace. */
    readonly ends: number;
    /** Begins given up because another of the same name and id came. */
    readonly abandoned: number;
    /** Spans open at the end of the trace, by name. */
    readonly open: readonly { readonly name: string; readonly count: number }[];
  };
}

/** Events of one thread. */
export interface ThreadSummary {
  readonly thread: number;
  readonly events: number;
  /** What the thread's `nodejs:thread_begin` event calls it; '' if there is none. */
  readonly name: string;
  /** The program that its `nodejs:process_start` event names, which the main thread has; '' if there is none. */
  readonly script: string;
}

/**
 * Summarises a trace in two passes: one for everything, and one more for where the time of the slowest requests
 * went. Memory depends on the number of event classes, threads, open spans and garbage collections, not of events.
 *
 * @param read starts a pass over all events in order of time.
 */
export function summarise(read: () => Iterable<TraceEvent>, options: SummaryOptions = {}): TraceSummary {
  const roles = new EventRoles();
  const first = new FirstPass(roles, options);
  for (const event of read()) first.observe(event);
  const slowest = first.slowest();
  const breakdowns = new RequestBreakdowns(slowest, first.pauses, roles);
  if (slowest.length > 0) for (const event of read()) breakdowns.observe(event);
  return first.finish(breakdowns.finish());
}

class FirstPass {
  readonly pauses = new GcPauses();
  private readonly calls = new FunctionCalls();
  private readonly systemCalls: SystemCalls;
  private readonly roles: EventRoles;
  private readonly matcher: SpanMatcher;
  private readonly counts = new Map<
    string,
    { name: string; count: number; firstNs: number; lastNs: number }
  >();
  private readonly threads = new Map<
    number,
    { thread: number; events: number; name: string; script: string }
  >();
  private readonly spans = new Map<string, Distribution>();
  private readonly routes = new RouteTable(() => ({
    durations: new Distribution(),
    slowest: new Largest<Span>(this.slowestCount),
  }));
  private readonly slowestCount: number;
  private readonly requests = new Distribution();
  private readonly delays = new Map<number, LoopDelayState>();
  private failed = 0;
  private aborted = 0;
  private events = 0;
  private beginNs = 0;
  private endNs = 0;

  constructor(roles: EventRoles, options: SummaryOptions) {
    this.roles = roles;
    this.slowestCount = options.slowest ?? 5;
    this.systemCalls = new SystemCalls(this.slowestCount);
    this.matcher = new SpanMatcher(
      {
        captureBegin,
        captureEnd,
        ...(options.monotonicOffsetNs === undefined ? {} : { monotonicOffsetNs: options.monotonicOffsetNs }),
      },
      roles,
    );
  }

  observe(event: TraceEvent): void {
    const { name, timeNs, thread } = event;
    if (this.events === 0) this.beginNs = timeNs;
    this.events += 1;
    this.endNs = timeNs;
    const count = this.counts.get(name);
    if (count === undefined) this.counts.set(name, { name, count: 1, firstNs: timeNs, lastNs: timeNs });
    else {
      count.count += 1;
      count.lastNs = timeNs;
    }
    const inThread = this.threads.get(thread);
    if (inThread === undefined) this.threads.set(thread, { thread, events: 1, name: '', script: '' });
    else inThread.events += 1;
    const role = this.roles.of(event);
    if (role.kind === 'point') {
      this.calls.observe(event);
      this.systemCalls.observe(event);
      if (name === 'nodejs:event_loop_delay') this.takeDelay(event);
      if (name === 'nodejs:process_start') this.threads.get(thread)!.script = textOf(event.field('script'));
      return;
    }
    if (name === 'nodejs:thread_begin') this.threads.get(thread)!.name = textOf(event.field('name'));
    const span = this.matcher.observe(event);
    if (span !== undefined) this.takeSpan(span);
  }

  /**
   * The requests to be split, slowest first: the slowest one of each route, then the second of each, and so on until
   * there are enough, so that a route that is always slow leaves room for others.
   */
  slowest(): Span[] {
    const ranked = this.routes
      .entries()
      .flatMap(([, route]) =>
        route.slowest.sorted().map((span, rank) => ({ span, rank, durationNs: span.endNs - span.beginNs })),
      );
    return ranked
      .toSorted((a, b) => a.rank - b.rank || b.durationNs - a.durationNs)
      .slice(0, this.slowestCount)
      .toSorted((a, b) => b.durationNs - a.durationNs)
      .map(({ span }) => span);
  }

  finish(slowest: readonly RequestBreakdown[]): TraceSummary {
    const open = new Map<string, number>();
    for (const span of this.matcher.openSpans()) open.set(span.name, (open.get(span.name) ?? 0) + 1);
    return {
      events: this.events,
      beginNs: this.beginNs,
      endNs: this.endNs,
      eventCounts: [...this.counts.values()].toSorted(
        (a, b) => b.count - a.count || (a.name < b.name ? -1 : 1),
      ),
      threads: [...this.threads.values()].toSorted((a, b) => a.thread - b.thread),
      spans: byTotal([...this.spans].map(([name, spans]) => figuresOf(name, spans))),
      requests: {
        all: figuresOf('all', this.requests),
        failed: this.failed,
        aborted: this.aborted,
        unfinished: open.get(requestSpanName) ?? 0,
        routes: byTotal(this.routes.entries().map(([name, route]) => figuresOf(name, route.durations))),
        slowest,
      },
      gc: this.pauses.summary(),
      calls: this.calls.finish(),
      systemCalls: this.systemCalls.finish(),
      loopDelays: [...this.delays.values()]
        .map(({ utilizationSum, ...delay }) => ({ ...delay, utilization: utilizationSum / delay.periods }))
        .toSorted((a, b) => b.maxNs - a.maxNs),
      unmatched: {
        ends: this.matcher.unmatchedEnds,
        abandoned: this.matcher.abandonedBegins,
        open: [...open].map(([name, count]) => ({ name, count })).toSorted((a, b) => b.count - a.count),
      },
    };
  }

  private takeSpan(span: Span): void {
    let spans = this.spans.get(span.name);
    if (spans === undefined) {
      spans = new Distribution();
      this.spans.set(span.name, spans);
    }
    const durationNs = span.endNs - span.beginNs;
    spans.add(durationNs);
    if (span.name === gcEventName) this.pauses.add(span);
    if (span.name !== requestSpanName) return;
    const begin = span.beginData as RequestData;
    const end = span.endData as RequestEndData;
    this.requests.add(durationNs);
    const route = this.routes.group(begin.route);
    route.durations.add(durationNs);
    route.slowest.offer(durationNs, span);
    if (end.aborted) this.aborted += 1;
    else if (end.status >= 500) this.failed += 1;
  }

  private takeDelay(event: TraceEvent): void {
    const maxNs = integerOf(event.field('max_ns'), 0);
    // One sample is the longest of a loop that slept; what is usual is told by several.
    const p50Ns = integerOf(event.field('samples'), 0) > 1 ? integerOf(event.field('p50_ns'), 0) : 0;
    const utilization = integerOf(event.field('utilization'), Number.NaN);
    const state = this.delays.get(event.thread);
    if (state === undefined) {
      this.delays.set(event.thread, {
        thread: event.thread,
        maxNs,
        atNs: event.timeNs,
        worstP50Ns: p50Ns,
        utilizationSum: utilization,
        periods: 1,
      });
      return;
    }
    if (maxNs > state.maxNs) {
      state.maxNs = maxNs;
      state.atNs = event.timeNs;
    }
    state.worstP50Ns = Math.max(state.worstP50Ns, p50Ns);
    state.utilizationSum += utilization;
    state.periods += 1;
  }
}

interface LoopDelayState {
  readonly thread: number;
  maxNs: number;
  atNs: number;
  worstP50Ns: number;
  utilizationSum: number;
  periods: number;
}

function captureBegin(event: TraceEvent, role: EventRole): unknown {
  if (role.spanName === gcEventName) return GcPauses.kindOf(event);
  if (role.spanName !== requestSpanName) return undefined;
  const method = textOf(event.field('method')) || '?';
  const url = textOf(event.field('url'));
  return { method, url, route: routeOf(method, url) } satisfies RequestData;
}

function captureEnd(event: TraceEvent, role: EventRole): unknown {
  if (role.spanName !== requestSpanName) return undefined;
  return {
    status: integerOf(event.field('status'), 0),
    aborted: integerOf(event.field('aborted'), 0) !== 0,
    idleNs: integerOf(event.field('loop_idle_ns'), 0),
  } satisfies RequestEndData;
}

function figuresOf(name: string, spans: Distribution): DurationFigures {
  return {
    name,
    count: spans.count,
    totalNs: spans.sumNs,
    meanNs: spans.meanNs(),
    p50Ns: spans.quantileNs(0.5),
    p90Ns: spans.quantileNs(0.9),
    p99Ns: spans.quantileNs(0.99),
    maxNs: spans.maxNs,
  };
}

function byTotal(figures: readonly DurationFigures[]): DurationFigures[] {
  return figures.toSorted((a, b) => b.totalNs - a.totalNs);
}
