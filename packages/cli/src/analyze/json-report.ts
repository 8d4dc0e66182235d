import type {
  DurationFigures,
  FunctionFigures,
  RequestBreakdown,
  RequestData,
  RequestEndData,
} from '@spoor/analysis';
import type { Analysis } from './analyze-trace.ts';
import { threadName } from './report.ts';

/**
 * The result of `spoor analyze --json`: plain data, times in nanoseconds after `base_ns` (text, because it is
 * beyond what numbers hold exactly), durations in nanoseconds.
 */
export function jsonReport({ summary, facts }: Analysis): object {
  const thread = (number: number): object => ({
    number,
    name: threadName(summary, facts, number),
    pid: facts.processes[facts.threads[number]?.process ?? -1]?.pid ?? 0,
    tid: facts.threads[number]?.tid ?? 0,
  });
  return {
    version: 1,
    paths: facts.paths,
    base_ns: String(facts.baseNs),
    begin_ns: summary.beginNs,
    end_ns: summary.endNs,
    duration_ns: summary.endNs - summary.beginNs,
    size_bytes: facts.sizeBytes,
    events: summary.events,
    event_counts: summary.eventCounts.map(({ name, count, firstNs, lastNs }) => ({
      name,
      count,
      first_ns: firstNs,
      last_ns: lastNs,
    })),
    processes: facts.processes,
    threads: summary.threads.map((one) => ({ ...thread(one.thread), events: one.events })),
    spans: summary.spans.map(snakeFigures),
    requests: {
      ...snakeFigures(summary.requests.all),
      failed: summary.requests.failed,
      aborted: summary.requests.aborted,
      unfinished: summary.requests.unfinished,
      routes: summary.requests.routes.map(snakeFigures),
      slowest: summary.requests.slowest.map((one) => ({
        thread: thread(one.request.thread),
        ...slowRequest(one),
      })),
    },
    gc: {
      count: summary.gc.count,
      total_ns: summary.gc.totalNs,
      longest_ns: summary.gc.longestNs,
      p99_ns: summary.gc.p99Ns,
      kinds: summary.gc.kinds.map(({ kind, count, totalNs, longestNs }) => ({
        kind,
        count,
        total_ns: totalNs,
        longest_ns: longestNs,
      })),
    },
    functions: summary.calls.functions.map(snakeCalls),
    unmatched_exits: summary.calls.unmatchedExits,
    system_calls: {
      calls: summary.systemCalls.calls.map((one) => ({
        ...snakeFigures(one),
        failed: one.failed,
        waiting_ns: summary.systemCalls.knowsWaiting ? one.waitingNs : null,
      })),
      slowest: summary.systemCalls.slowest.map((one) => ({
        name: one.name,
        tid: one.tid ?? null,
        thread_name: one.taskName,
        begin_ns: one.beginNs,
        duration_ns: one.endNs - one.beginNs,
        waiting_ns: summary.systemCalls.knowsWaiting ? one.waitingNs : null,
        result: one.result ?? null,
      })),
      unfinished: summary.systemCalls.unfinished,
      unmatched_exits: summary.systemCalls.unmatchedExits,
    },
    event_loops: summary.loopDelays.map((delay) => ({
      thread: thread(delay.thread),
      max_ns: delay.maxNs,
      at_ns: delay.atNs,
      worst_p50_ns: delay.worstP50Ns,
      utilization: Number.isNaN(delay.utilization) ? null : delay.utilization,
    })),
    lost: facts.losses.map(({ stream, discardedEvents, discardedPackets }) => ({
      stream,
      events: discardedEvents,
      packets: discardedPackets,
    })),
    unmatched: summary.unmatched,
    warnings: facts.warnings,
  };
}

function snakeFigures(figures: DurationFigures): object {
  return {
    name: figures.name,
    count: figures.count,
    total_ns: figures.totalNs,
    mean_ns: figures.meanNs,
    p50_ns: figures.p50Ns,
    p90_ns: figures.p90Ns,
    p99_ns: figures.p99Ns,
    max_ns: figures.maxNs,
  };
}

function snakeCalls(figures: FunctionFigures): object {
  return {
    name: figures.name,
    source: figures.source,
    kind: figures.isCoroutine ? 'coroutine' : 'function',
    calls: figures.calls,
    threw: figures.threw,
    unfinished: figures.unfinished,
    total_ns: figures.totalNs,
    self_ns: figures.selfNs,
    waiting_ns: figures.waitingNs,
    min_ns: figures.minNs,
    mean_ns: figures.meanNs,
    p50_ns: figures.p50Ns,
    p90_ns: figures.p90Ns,
    p99_ns: figures.p99Ns,
    max_ns: figures.maxNs,
  };
}

function slowRequest({ request, parts, ownEvents }: RequestBreakdown): object {
  const { method, url, route } = request.beginData as RequestData;
  const { status, aborted, idleNs } = request.endData as RequestEndData;
  return {
    id: request.id,
    method,
    url,
    route,
    status,
    aborted,
    begin_ns: request.beginNs,
    duration_ns: request.endNs - request.beginNs,
    loop_idle_ns: idleNs,
    own_events: ownEvents,
    parts: parts.map(({ kind, name, durationNs }) => ({ kind, name, duration_ns: durationNs })),
  };
}
