/** Runs graphs: sinks pull, one batch each in turn, until all have ended. */
import type { RunnableSink } from './component.ts';

/** How a run ended. */
export type RunResult = 'end' | 'aborted';

/** Choices for a run. */
export interface RunOptions {
  /** Ends the run between two batches; what was consumed stays. */
  readonly signal?: AbortSignal;
  /** Called after each round of batches. */
  readonly onRound?: () => void;
}

function round(active: Set<RunnableSink>): void {
  for (const sink of active) {
    if (sink.consume()) continue;
    active.delete(sink);
    sink.finish();
  }
}

/** Runs sinks to their end without leaving the present turn of the event loop. */
export function run(sinks: readonly RunnableSink[], options: RunOptions = {}): RunResult {
  const active = new Set(sinks);
  while (active.size > 0) {
    if (options.signal?.aborted === true) {
      for (const sink of active) sink.finish();
      return 'aborted';
    }
    round(active);
    options.onRound?.();
  }
  return 'end';
}

/** Longest time in milliseconds that `runInSlices` keeps the event loop waiting, give or take a batch. */
const sliceMs = 15;

/** Runs sinks to their end, giving way to other work of the event loop in between. */
export async function runInSlices(
  sinks: readonly RunnableSink[],
  options: RunOptions = {},
): Promise<RunResult> {
  const active = new Set(sinks);
  let sliceEnd = performance.now() + sliceMs;
  while (active.size > 0) {
    if (options.signal?.aborted === true) {
      for (const sink of active) sink.finish();
      return 'aborted';
    }
    round(active);
    options.onRound?.();
    if (performance.now() >= sliceEnd) {
      await new Promise<void>((resolve) => {
        setTimeout(resolve, 0);
      });
      sliceEnd = performance.now() + sliceMs;
    }
  }
  return 'end';
}
