import { performance } from 'node:perf_hooks';
import { clearRepeatingTimer, setRepeatingTimer } from '../primordials.ts';
import { tracepoint } from './tracepoint.ts';
import { guarded } from './guard.ts';

const eventLoopDelay = tracepoint(
  'nodejs:event_loop_delay',
  [
    ['samples', 'u32'],
    ['min_ns', 'u64'],
    ['mean_ns', 'u64'],
    ['p50_ns', 'u64'],
    ['p99_ns', 'u64'],
    ['max_ns', 'u64'],
    ['utilization', 'f64'],
  ],
  { logLevel: 'debug_system' },
);

/** How often the delay is told of. */
const periodMs = 100;
/** How often the delay of a busy loop is sampled. */
const resolutionMs = 10;
/** A loop that was busy for this part of a period is sampled from then on, … */
const busyUtilization = 0.2;
/** … until it was busy for less than this part of so many periods in a row. */
const idleUtilization = 0.1;
const idlePeriods = 10;

/**
 * Tells every 100 ms how late this thread's event loop was, and how busy. A loop that has something to do is sampled by a
 * timer of 10 ms. To wake one that sleeps a hundred times a second would cost more than all that it does, and would find no
 * delay: there the lateness of the report itself is told, or how long its turns were on average, if that is more. A loop that is
 * blocked tells of it as soon as it can. Keeps no program alive.
 */
export function startEventLoopEvents(): void {
  const samples = new DelaySamples();
  let last = performance.eventLoopUtilization();
  let lastTurns = turnsOfLoop();
  let lastMs = performance.now();
  let idleInRow = 0;
  const tell = guarded(() => {
    const nowMs = performance.now();
    const now = performance.eventLoopUtilization();
    const { utilization, active } = performance.eventLoopUtilization(now, last);
    const turns = turnsOfLoop();
    const lateMs = nowMs - lastMs - periodMs;
    const meanTurnMs = active / Math.max(1, turns - lastTurns);
    last = now;
    lastMs = nowMs;
    lastTurns = turns;
    if (!eventLoopDelay.enabled) {
      samples.stop();
      return;
    }
    if (samples.areTaken) {
      samples.tell(utilization);
      idleInRow = utilization < idleUtilization ? idleInRow + 1 : 0;
      if (idleInRow === idlePeriods && turns > 0) samples.stop();
      return;
    }
    const ns = Math.max(0, Math.round(Math.max(lateMs, meanTurnMs) * 1e6));
    eventLoopDelay(1, ns, ns, ns, ns, ns, utilization);
    if (utilization < busyUtilization && turns > 0) return;
    idleInRow = 0;
    samples.start();
  });
  setRepeatingTimer(tell, periodMs).unref();
}

/** How often this thread's loop has turned; 0 where Node.js does not tell (before 20.18 and 22.8). */
function turnsOfLoop(): number {
  const { uvMetricsInfo } = performance.nodeTiming as { uvMetricsInfo?: { readonly loopCount: number } };
  return uvMetricsInfo?.loopCount ?? 0;
}

/**
 * The delays of a busy loop since they were last told. Node.js has such samples too (`monitorEventLoopDelay`), in a histogram of
 * half a megabyte, which to read and to reset drives the program out of the processor's caches ten times a second.
 */
class DelaySamples {
  /** In milliseconds; more than fit between two reports. */
  readonly #delays = new Float64Array((4 * periodMs) / resolutionMs);
  #count = 0;
  #lastMs = 0;
  #timer: NodeJS.Timeout | undefined;

  get areTaken(): boolean {
    return this.#timer !== undefined;
  }

  start(): void {
    this.#count = 0;
    this.#lastMs = performance.now();
    const take = guarded(() => {
      const nowMs = performance.now();
      this.#delays[this.#count] = Math.max(0, nowMs - this.#lastMs - resolutionMs);
      this.#count += 1;
      this.#lastMs = nowMs;
    });
    this.#timer = setRepeatingTimer(take, resolutionMs).unref();
  }

  stop(): void {
    clearRepeatingTimer(this.#timer);
    this.#timer = undefined;
  }

  tell(utilization: number): void {
    const count = Math.min(this.#count, this.#delays.length);
    // A loop that was blocked all the time has its sample yet to come.
    if (count === 0) return;
    this.#count = 0;
    const sorted = this.#delays.subarray(0, count).sort();
    const at = (quantile: number): number => Math.round(sorted[Math.ceil(quantile * count) - 1]! * 1e6);
    const meanNs = Math.round((sorted.reduce((sum, delayMs) => sum + delayMs, 0) / count) * 1e6);
    eventLoopDelay(count, Math.round(sorted[0]! * 1e6), meanNs, at(0.5), at(0.99), at(1), utilization);
  }
}
