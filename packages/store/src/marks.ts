import { gallop, lowerBound } from './columns.ts';
import type { RowKey } from './row-key.ts';
import type { SpanRow } from './span-track.ts';
import type { Series, TraceStore } from './trace-store.ts';

/** A span, as drawn. */
export interface SpanMark {
  readonly track: number;
  readonly depth: number;
  readonly startNs: number;
  /** `Infinity` while open. */
  readonly endNs: number;
  readonly beginEvent: number;
  /** `noEvent` while open. */
  readonly endEvent: number;
  /** Of calls: what its colour goes by. */
  readonly hue?: number;
}

/** The spans of one depth that are in view and last at least `minNs`; at most `limit`. */
export function spanMarks(
  store: TraceStore,
  track: number,
  depth: number,
  range: { readonly fromNs: number; readonly toNs: number; readonly minNs: number; readonly limit: number },
): SpanMark[] {
  const row = store.tracks[track]?.rows[depth];
  if (row === undefined) return [];
  const marks: SpanMark[] = [];
  const last = row.startedBefore(range.toNs);
  for (
    let i = Math.max(0, row.startedBefore(range.fromNs) - 1);
    i < last && marks.length < range.limit;
    i++
  ) {
    const endNs = Math.min(row.endNs.values[i]!, store.lastNs);
    if (endNs < range.fromNs || endNs - row.startNs.values[i]! < range.minNs) continue;
    marks.push(spanMark(row, i, track, depth));
  }
  return marks;
}

/** The span at `index` of a row. */
export function spanMark(row: SpanRow, index: number, track: number, depth: number): SpanMark {
  const hue = row.hues?.values[index];
  return {
    track,
    depth,
    startNs: row.startNs.values[index]!,
    endNs: row.endNs.values[index]!,
    beginEvent: row.beginEvent.values[index]!,
    endEvent: row.endEvent.values[index]!,
    ...(hue === undefined ? {} : { hue }),
  };
}

/** The span of a depth that covers `timeNs`, or lies within `toleranceNs` of it. */
export function spanAt(
  store: TraceStore,
  track: number,
  depth: number,
  timeNs: number,
  toleranceNs: number,
): SpanMark | undefined {
  const row = store.tracks[track]?.rows[depth];
  if (row === undefined) return undefined;
  const started = row.startedBefore(timeNs + toleranceNs);
  let best: { readonly index: number; readonly gapNs: number } | undefined;
  for (let i = started - 1; i >= 0; i--) {
    const startNs = row.startNs.values[i]!;
    const endNs = row.endNs.values[i]!;
    const gapNs = Math.max(0, startNs - timeNs, timeNs - endNs);
    if (gapNs <= toleranceNs && (best === undefined || gapNs < best.gapNs)) best = { index: i, gapNs };
    if (endNs < timeNs || best?.gapNs === 0) break;
  }
  return best === undefined ? undefined : spanMark(row, best.index, track, depth);
}

/** The series that make up a row of events; none for rows of spans. */
export function seriesOfRow(store: TraceStore, row: RowKey): readonly Series[] {
  switch (row.kind) {
    case 'process':
      return store.seriesOfProcess(row.process);
    case 'lane':
      return store.seriesOfLane(row.lane);
    case 'points':
      return store.seriesOfLane(row.lane).filter((one) => one.use !== 'span');
    case 'track':
    case 'depth':
      return [];
    default: {
      const never: never = row;
      return never;
    }
  }
}

/**
 * Numbers of the events of a row in `[fromNs, toNs)`, ascending; undefined when they are more than `limit`, which a
 * drawing of single events cannot show.
 */
export function pointMarks(
  store: TraceStore,
  row: RowKey,
  fromNs: number,
  toNs: number,
  limit: number,
): number[] | undefined {
  const first = store.eventAt(fromNs);
  const end = store.eventAt(toNs);
  const found: number[] = [];
  for (const { events } of seriesOfRow(store, row)) {
    const from = lowerBound(events.values, first, 0, events.length);
    const to = gallop(events.values, end, from, events.length);
    if (found.length + to - from > limit) return undefined;
    for (let i = from; i < to; i++) found.push(events.values[i]!);
  }
  return found.sort((a, b) => a - b);
}

/** The event of a row that is nearest to `timeNs`, no farther than `toleranceNs`. */
export function pointAt(
  store: TraceStore,
  row: RowKey,
  timeNs: number,
  toleranceNs: number,
): number | undefined {
  const times = store.timeNs.values;
  const pivot = store.eventAt(timeNs);
  let best: number | undefined;
  let bestGap = toleranceNs;
  for (const { events } of seriesOfRow(store, row)) {
    const at = lowerBound(events.values, pivot, 0, events.length);
    for (const i of [at - 1, at]) {
      if (i < 0 || i >= events.length) continue;
      const gap = Math.abs(times[events.values[i]!]! - timeNs);
      if (gap < bestGap || (gap === bestGap && best === undefined)) {
        bestGap = gap;
        best = events.values[i]!;
      }
    }
  }
  return best;
}
