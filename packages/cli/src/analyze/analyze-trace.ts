import { summarise, type TraceSummary } from '@spoor/analysis';
import { openTrace, type RawReader } from '@spoor/components/node';
import type { Loss, TraceFacts } from './facts.ts';
import { ThreadedTrace } from './trace-events.ts';

/** How to analyse. */
export interface AnalyzeOptions {
  /** How many of the slowest requests are split, and of the slowest system calls told; default 5. */
  readonly slowest?: number;
  /** Makes events of raw pages of the kernel. */
  readonly readRaw?: RawReader | undefined;
  /** Called now and then with the number of events read so far. */
  readonly onProgress?: (events: number) => void;
}

/** Events between two calls of `onProgress`. */
const progressStep = 1 << 18;

/** The result of `spoor analyze`. */
export interface Analysis {
  readonly summary: TraceSummary;
  readonly facts: TraceFacts;
}

/**
 * Reads all traces below the paths and summarises them.
 * @throws SpoorError when there is no trace, or its metadata cannot be read.
 */
export function analyzeTrace(paths: readonly string[], options: AnalyzeOptions = {}): Analysis {
  const set = openTrace(paths, { readRaw: options.readRaw });
  const trace = new ThreadedTrace(set);
  let losses: readonly Loss[] | undefined;
  let read = 0;
  const lossesSoFar = (): readonly Loss[] => sumLosses(set.losses);
  const summary = summarise(
    function* readAll() {
      for (const event of trace.events()) {
        yield event;
        read += 1;
        if (read % progressStep === 0) options.onProgress?.(read);
      }
      // Each pass tells of the same losses again: those of the first are all.
      losses ??= lossesSoFar();
    },
    { slowest: options.slowest ?? 5, monotonicOffsetNs: (thread) => trace.monotonicOffsetNs(thread) },
  );
  return {
    summary,
    facts: {
      paths,
      sizeBytes: set.streams.reduce((sum, stream) => sum + stream.sizeBytes, 0),
      baseNs: set.baseNs,
      processes: trace.processes,
      threads: trace.threads,
      losses: losses ?? lossesSoFar(),
      warnings: [...new Set(set.warnings)],
    },
  };
}

/** By stream, what all its reports say together. */
function sumLosses(
  reports: readonly {
    readonly kind: 'events' | 'packets';
    readonly count?: bigint;
    readonly stream: { readonly path: string };
  }[],
): Loss[] {
  const sums = new Map<string, { stream: string; discardedEvents: number; discardedPackets: number }>();
  for (const { kind, count, stream } of reports) {
    const sum = sums.get(stream.path) ?? { stream: stream.path, discardedEvents: 0, discardedPackets: 0 };
    sums.set(stream.path, sum);
    // A trace may say that something was lost, but not how much: at least one.
    const lost = Number(count ?? 1n);
    if (kind === 'events') sum.discardedEvents += lost;
    else sum.discardedPackets += lost;
  }
  return [...sums.values()];
}
