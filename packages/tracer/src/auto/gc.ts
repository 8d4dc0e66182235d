import { PerformanceObserver, type PerformanceEntry } from 'node:perf_hooks';
import { enumeration } from '../field-types.ts';
import { currentSession } from '../session-slot.ts';
import { tracepoint } from './tracepoint.ts';
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

/** More collections than these before the ring is there are not told of. */
const mostHeld = 1000;

/**
 * One event for each garbage collection of this thread. Node.js tells of them in the next turn of the event loop,
 * so `start_ns` says when it was, and the event's own time only when that became known. Those of the program's start,
 * most of them the tracer's own doing, wait for the ring instead of making it.
 */
export function startGcEvents(): void {
  let clock: MonotonicClock | undefined;
  let held: PerformanceEntry[] | undefined = [];
  const record = guarded((entry: PerformanceEntry) => {
    if (!gcPause.enabled) return;
    const { kind = 0, flags = 0 } = (entry as { readonly detail?: GcDetail }).detail ?? {};
    // Made when the first one is told of: it reads the clocks often.
    clock ??= new MonotonicClock();
    gcPause(kind, flags, clock.monotonicNs(entry.startTime), Math.round(entry.duration * 1e6));
  });
  const observer = new PerformanceObserver(
    guarded((list: { getEntries(): PerformanceEntry[] }) => {
      for (const entry of list.getEntries()) {
        if (held === undefined) record(entry);
        else if (held.length < mostHeld) held.push(entry);
      }
    }),
  );
  observer.observe({ entryTypes: ['gc'] });
  currentSession()?.whenOpened(() => {
    const early = held ?? [];
    held = undefined;
    for (const entry of early) record(entry);
  });
}
