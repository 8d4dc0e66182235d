import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
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
/** How often the delay is sampled. */
const resolutionMs = 10;
const resolutionNs = resolutionMs * 1e6;

/**
 * Tells every 100 ms how late this thread's event loop was with a timer of 10 ms, and how busy it was. A loop that is
 * blocked for longer tells of it as soon as it can. Keeps no program alive.
 */
export function startEventLoopEvents(): void {
  const histogram = monitorEventLoopDelay({ resolution: resolutionMs });
  histogram.enable();
  let last = performance.eventLoopUtilization();
  let beganMs = performance.now();
  const tell = guarded(() => {
    if (!eventLoopDelay.enabled) return;
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, last);
    last = now;
    const { count, mean } = histogram;
    if (count === 0) return;
    const nowMs = performance.now();
    // The first sample after a reset is none yet, and what lasts since the last one is dropped by it. A block there leaves time
    // without a sample: it lasted at least as long as what is more than two pauses.
    const sampledNs = count * mean;
    const hiddenNs = (nowMs - beganMs) * 1e6 - sampledNs - resolutionNs;
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
    beganMs = nowMs;
  });
  setRepeatingTimer(tell, periodMs).unref();
}

function delayNs(sampleNs: number): number {
  return Math.max(0, Math.round(sampleNs - resolutionNs));
}
