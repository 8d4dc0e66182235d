import { lowerBound } from './columns.ts';
import { noEvent } from './span-track.ts';
import type { TraceStore } from './trace-store.ts';

/** Number of events of a type in a range. */
export interface TypeCount {
  readonly type: number;
  readonly count: number;
}

/** Durations of the spans of one name that start in a range. Spans without an end are counted apart. */
export interface SpanStatistics {
  readonly name: string;
  readonly count: number;
  readonly openCount: number;
  readonly totalNs: number;
  readonly minNs: number;
  readonly medianNs: number;
  readonly p95Ns: number;
  readonly maxNs: number;
  /** Time that spans of this name are in progress within the range, over all lanes and depths. */
  readonly busyNs: number;
}

/** Statistics of a range of time. */
export interface SelectionStatistics {
  readonly fromNs: number;
  readonly toNs: number;
  readonly eventCount: number;
  /** Most events first. */
  readonly types: readonly TypeCount[];
  /** Most time first. */
  readonly spans: readonly SpanStatistics[];
}

/** Counts the events and measures the spans of `[fromNs, toNs)`. Exact; costs the spans in the range. */
export function selectionOf(store: TraceStore, fromNs: number, toNs: number): SelectionStatistics {
  const first = store.eventAt(fromNs);
  const end = store.eventAt(toNs);
  const byType = new Float64Array(store.types.length);
  for (const { type, events } of store.series) {
    const from = lowerBound(events.values, first, 0, events.length);
    byType[type]! += lowerBound(events.values, end, from, events.length) - from;
  }
  const types = [...byType.keys()]
    .filter((type) => byType[type]! > 0)
    .map((type) => ({ type, count: byType[type]! }))
    .sort((a, b) => b.count - a.count || a.type - b.type);

  const durations = new Map<string, { closed: number[]; open: number; busyNs: number }>();
  for (const track of store.tracks) {
    let sum = durations.get(track.name);
    if (sum === undefined) durations.set(track.name, (sum = { closed: [], open: 0, busyNs: 0 }));
    for (const row of track.rows) {
      const from = row.startedBefore(fromNs);
      const to = row.startedBefore(toNs, from);
      for (let i = from; i < to; i++) {
        if (row.endEvent.values[i] === noEvent) sum.open += 1;
        else sum.closed.push(row.endNs.values[i]! - row.startNs.values[i]!);
      }
      sum.busyNs += row.busyUntil(toNs, to, store.lastNs) - row.busyUntil(fromNs, from, store.lastNs);
    }
  }
  const spans: SpanStatistics[] = [];
  for (const [name, { closed, open, busyNs }] of durations) {
    if (closed.length + open === 0 && busyNs === 0) continue;
    const sorted = Float64Array.from(closed).sort();
    const at = (share: number): number => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
    spans.push({
      name,
      count: sorted.length,
      openCount: open,
      totalNs: sorted.reduce((sum, one) => sum + one, 0),
      minNs: sorted[0] ?? 0,
      medianNs: at(0.5),
      p95Ns: at(0.95),
      maxNs: at(1),
      busyNs,
    });
  }
  spans.sort((a, b) => b.busyNs - a.busyNs || (a.name < b.name ? -1 : 1));
  return { fromNs, toNs, eventCount: end - first, types, spans };
}
