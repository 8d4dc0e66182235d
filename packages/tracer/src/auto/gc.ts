import { PerformanceObserver, type PerformanceEntry } from 'node:perf_hooks';
import { enumeration } from '../field-types.ts';
import { tracepoint } from '../tracepoint.ts';
import { guarded } from './guard.ts';
import { MonotonicClock } from './monotonic.ts';

const gcPause = tracepoint(
  'nodejs:gc',
  [
    [
      'kind',
      enumeration('u8', {
        scavenge: 1,
        minor_mark_sweep: 2,
        mark_sweep_compact: 4,
        incremental_marking: 8,
        weak_callbacks: 16,
      }),
    ],
    ['flags', 'u8'],
    ['start_ns', 'u64'],
    ['duration_ns', 'u64'],
  ],
  { logLevel: 'debug_system' },
);

/** What Node.js adds to the entries of type `gc`. */
interface GcDetail {
  readonly kind?: number;
  readonly flags?: number;
}

/**
 * One event for each garbage collection of this thread. Node.js tells of them in the next turn of the event loop,
 * so `start_ns` says when it was, and the event's own time only when that became known.
 */
export function startGcEvents(): void {
  const clock = new MonotonicClock();
  const record = guarded((entry: PerformanceEntry) => {
    if (!gcPause.enabled) return;
    const { kind = 0, flags = 0 } = (entry as { readonly detail?: GcDetail }).detail ?? {};
    gcPause(kind, flags, clock.monotonicNs(entry.startTime), Math.round(entry.duration * 1e6));
  });
  const observer = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) record(entry);
  });
  observer.observe({ entryTypes: ['gc'] });
}
