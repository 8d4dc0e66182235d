import { gallop } from './columns.ts';
import { countInBins } from './tile.ts';
import type { TraceStore } from './trace-store.ts';

/** Counts of events over time, by type. */
export interface Histogram {
  readonly fromNs: number;
  readonly toNs: number;
  readonly binCount: number;
  /** The types with the most events, most first; the last plane of `counts` is all other types. */
  readonly types: readonly number[];
  /** `types.length + 1` planes of `binCount` counts. */
  readonly counts: Uint32Array;
}

/** Counts the events of `[fromNs, toNs)` in equal bins, `topTypes` of their types apart. Exact. */
export function histogramOf(
  store: TraceStore,
  fromNs: number,
  toNs: number,
  binCount: number,
  topTypes: number,
): Histogram {
  const edges = new Float64Array(binCount + 1);
  const first = store.eventAt(fromNs);
  let edge = first;
  for (let i = 0; i <= binCount; i++) {
    edge = gallop(store.timeNs.values, fromNs + ((toNs - fromNs) * i) / binCount, edge, store.count);
    edges[i] = edge;
  }
  const totals = new Float64Array(store.types.length);
  for (const series of store.series) totals[series.type]! += series.events.length;
  const types = [...totals.keys()]
    .filter((type) => totals[type]! > 0)
    .sort((a, b) => totals[b]! - totals[a]! || a - b)
    .slice(0, topTypes);
  const planeOf = new Uint32Array(store.types.length).fill(types.length);
  types.forEach((type, plane) => (planeOf[type] = plane));
  const counts = new Uint32Array((types.length + 1) * binCount);
  for (const { type, events } of store.series) {
    const plane = planeOf[type]! * binCount;
    countInBins(events.values, events.length, edges, (bin, count) => {
      counts[plane + bin]! += count;
    });
  }
  return { fromNs, toNs, binCount, types, counts };
}
