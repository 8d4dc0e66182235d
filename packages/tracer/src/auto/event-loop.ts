import { monitorEventLoopDelay, performance, type IntervalHistogram } from 'node:perf_hooks';
import { setRepeatingTimer } from '../primordials.ts';
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
const resolutionNs = resolutionMs * 1e6;
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
      samples.tell(nowMs, utilization);
      idleInRow = utilization < idleUtilization ? idleInRow + 1 : 0;
      if (idleInRow === idlePeriods && turns > 0) samples.stop();
      return;
    }
    const ns = Math.max(0, Math.round(Math.max(lateMs, meanTurnMs) * 1e6));
    eventLoopDelay(1, ns, ns, ns, ns, ns, utilization);
    if (utilization < busyUtilization && turns > 0) return;
    idleInRow = 0;
    samples.start(nowMs);
  });
  setRepeatingTimer(tell, periodMs).unref();
}

/** How often this thread's loop has turned; 0 where Node.js does not tell (before 20.18 and 22.8). */
function turnsOfLoop(): number {
  const { uvMetricsInfo } = performance.nodeTiming as { uvMetricsInfo?: { readonly loopCount: number } };
  return uvMetricsInfo?.loopCount ?? 0;
}

/** The delays of a busy loop, sampled by Node.js. */
class DelaySamples {
  areTaken = false;
  /** Not before it is needed: half a megabyte. */
  #histogram: IntervalHistogram | undefined;
  #beganMs = 0;

  start(nowMs: number): void {
    this.areTaken = true;
    this.#beganMs = nowMs;
    this.#histogram ??= monitorEventLoopDelay({ resolution: resolutionMs });
    this.#histogram.reset();
    this.#histogram.enable();
  }

  stop(): void {
    if (this.areTaken) this.#histogram?.disable();
    this.areTaken = false;
  }

  tell(nowMs: number, utilization: number): void {
    const histogram = this.#histogram!;
    const { count, mean } = histogram;
    if (count === 0) return;
    // The first sample after a reset is none yet, and what lasts since the last one is dropped by it. A block there leaves time
    // without a sample: it lasted at least as long as what is more than two pauses.
    const sampledNs = count * mean;
    const hiddenNs = (nowMs - this.#beganMs) * 1e6 - sampledNs - resolutionNs;
    const isHidden = hiddenNs > resolutionNs;
    const worstNs = isHidden ? hiddenNs : 0;
    // Node.js measures the whole time between two samples: what is over the resolution is delay.
    eventLoopDelay(
      isHidden ? count + 1 : count,
      delayNs(histogram.min),
      delayNs(isHidden ? (sampledNs + hiddenNs) / (count + 1) : mean),
      delayNs(histogram.percentile(50)),
      delayNs(Math.max(histogram.percentile(99), worstNs)),
      delayNs(Math.max(histogram.max, worstNs)),
      utilization,
    );
    histogram.reset();
    this.#beganMs = nowMs;
  }
}

function delayNs(sampleNs: number): number {
  return Math.max(0, Math.round(sampleNs - resolutionNs));
}
