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

/** Choices for a run that gives way to other work. */
export interface SlicedRunOptions extends RunOptions {
  /**
   * What the run must wait for before it goes on: settled when a flow that had nothing may have something. Asked after
   * each round.
   */
  readonly idle?: () => Promise<unknown> | undefined;
  /** Lets the event loop do its other work. By default a timer, which costs a millisecond. */
  readonly turn?: () => Promise<void>;
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

function timerTurn(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, 0);
  });
}

/** Waits for a promise or an abort. */
export async function settledOrAborted(
  promise: Promise<unknown>,
  signal: AbortSignal | undefined,
): Promise<void> {
  if (signal === undefined) {
    await promise.catch(() => {});
    return;
  }
  if (signal.aborted) return;
  let stop = (): void => {};
  const aborted = new Promise<void>((resolve) => {
    stop = resolve;
    signal.addEventListener('abort', stop, { once: true });
  });
  try {
    await Promise.race([promise.catch(() => {}), aborted]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

/** Runs sinks to their end, giving way to other work of the event loop in between. */
export async function runInSlices(
  sinks: readonly RunnableSink[],
  options: SlicedRunOptions = {},
): Promise<RunResult> {
  const { signal, onRound, idle, turn = timerTurn } = options;
  const active = new Set(sinks);
  let sliceEnd = performance.now() + sliceMs;
  while (active.size > 0) {
    if (signal?.aborted === true) {
      for (const sink of active) sink.finish();
      return 'aborted';
    }
    round(active);
    onRound?.();
    const waiting = active.size > 0 ? idle?.() : undefined;
    if (waiting !== undefined) await settledOrAborted(waiting, signal);
    if (waiting !== undefined || performance.now() >= sliceEnd) {
      await turn();
      sliceEnd = performance.now() + sliceMs;
    }
  }
  return 'end';
}
