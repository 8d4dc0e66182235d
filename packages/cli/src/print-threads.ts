/** The threads that print text for `spoor convert` and `run`. This module lies at the top of `dist`, beside `bin`. */
import { existsSync, readlinkSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import {
  helperState,
  makePrintHelper,
  openingOf,
  openTrace,
  servePrinting,
  type EventFlow,
  type PrettyOptions,
  type PrintHelper,
  type StartedHelper,
  type TraceOpening,
  type TraceSet,
} from '@spoor/components/node';

/** What a helper needs to print the same text. */
export interface PrintRequest {
  readonly helper: PrintHelper;
  readonly opening: TraceOpening;
  readonly options: PrettyOptions;
  readonly baseNs: bigint;
  readonly streamCount: number;
  readonly classCount: number;
}

/** Smaller traces are printed before a helper has started. */
const leastSizeBytes = 48 * 1024 * 1024;

/** Every helper has the packet of each stream in memory. */
const mostStreams = 64;

/** The set whose streams those of a flow are, one by one; undefined where there is more or less in the flow. */
function setOf({ streams, eventClasses, baseNs }: EventFlow): TraceSet | undefined {
  const set = streams[0]?.set;
  if (set === undefined || set.baseNs !== baseNs || set.eventClasses.length !== eventClasses.length)
    return undefined;
  const same = set.streams.every(
    ({ index }) => streams[index]?.set === set && streams[index].info.index === index,
  );
  return same && set.streams.length === streams.length ? set : undefined;
}

/**
 * Starts the threads that help to print a flow; none where one thread is as good, or others could not see the same
 * events.
 * @param wanted threads, with this one, if the user said how many.
 */
export function printHelpersFor(
  flow: EventFlow,
  options: PrettyOptions,
  wanted: number | undefined,
): readonly StartedHelper[] {
  const set = setOf(flow);
  const opening = set && openingOf(set);
  if (set === undefined || opening === undefined || options.clockCycles || wanted === 1) return [];
  // Clocks give every event the distance to the one before, whichever thread printed that.
  const { streams } = set;
  if (streams.length > mostStreams || streams.some(({ streamClass }) => streamClass.clockClass === undefined))
    return [];
  const threads = wanted ?? (set.sizeBytes < leastSizeBytes ? 1 : Math.min(2, availableParallelism()));
  return startPrintHelpers(threads - 1, set, opening, options);
}

/** Starts helpers; until they are ready, and where they never are, the caller prints alone. */
export function startPrintHelpers(
  count: number,
  set: TraceSet,
  opening: TraceOpening,
  options: PrettyOptions,
): StartedHelper[] {
  const program = join(dirname(fileURLToPath(import.meta.url)), '..', 'bin', 'print-worker.cjs');
  return Array.from({ length: count }, () => {
    const helper = makePrintHelper(set.streams.length);
    const workerData: PrintRequest = {
      opening,
      options,
      helper,
      baseNs: set.baseNs,
      streamCount: set.streams.length,
      classCount: set.eventClasses.length,
    };
    // Without the flags of this process: none is of use there.
    const worker = new Worker(program, { workerData, execArgv: [] });
    worker.on('error', () => Atomics.store(helper.state, 0, helperState.unfit));
    worker.unref();
    return { ...helper, isAlive: () => isHelperAlive(helper) };
  });
}

/**
 * Notes in what a helper shares which thread it is.
 * @returns whether it could: where /proc does not show threads, nobody would learn that this one has ended.
 */
function noteThread({ state }: PrintHelper): boolean {
  try {
    const [, , id = ''] = readlinkSync('/proc/thread-self').split('/');
    Atomics.store(state, 1, Number(id));
  } catch {
    return false;
  }
  return isHelperAlive({ state });
}

/** Whether a helper's thread has not ended. */
export function isHelperAlive({ state }: Pick<PrintHelper, 'state'>): boolean {
  return existsSync(`/proc/self/task/${Atomics.load(state, 1)}`);
}

/** The work of a helper thread. */
export function helpPrinting(request: PrintRequest): void {
  const { helper, opening, options, baseNs, streamCount, classCount } = request;
  let set: TraceSet;
  try {
    if (!noteThread(helper)) {
      Atomics.store(helper.state, 0, helperState.unfit);
      return;
    }
    set = openTrace(opening.paths, opening.options);
  } catch {
    Atomics.store(helper.state, 0, helperState.unfit);
    return;
  }
  // A trace that grows may be another one by now.
  const same =
    set.baseNs === baseNs && set.streams.length === streamCount && set.eventClasses.length === classCount;
  if (same) servePrinting(helper, set.read(), options);
  else Atomics.store(helper.state, 0, helperState.unfit);
}
