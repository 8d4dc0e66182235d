import type { TraceSummary, TrackSummary } from '@spoor/server/protocol';
import { formatRowKey, type RowKey } from '@spoor/store';
import { formatCount } from './time-text.ts';

/** A strip of the time line: one pixel row of the raster, drawn `heightPx` high. */
export interface LaneRow {
  /** Name of the row in requests. */
  readonly name: string;
  readonly key: RowKey;
  readonly topPx: number;
  readonly heightPx: number;
  /** Lane that it belongs to; undefined for a process. */
  readonly lane: number | undefined;
  readonly track: number | undefined;
  /** Whether it is a depth of calls, which have colours of their own. */
  readonly isCalls?: boolean;
  /** Events of the lane or process, which set the scale of its density. */
  readonly eventCount: number;
}

/** An entry of the list left of the lanes: a process, a thread, or a track of spans. */
export interface LaneLabel {
  /** What folds when it is activated. */
  readonly id: string;
  readonly text: string;
  readonly detail: string;
  readonly level: 1 | 2 | 3;
  readonly topPx: number;
  readonly heightPx: number;
  readonly expanded: boolean | undefined;
  readonly spanName: string | undefined;
}

/** All strips and labels from top to bottom. */
export interface LaneLayout {
  readonly rows: readonly LaneRow[];
  readonly labels: readonly LaneLabel[];
  readonly heightPx: number;
}

const byNumber = new Intl.Collator('en', { numeric: true });

const processPx = 24;
const pointsPx = 22;

/** Rows of a deep track that are high enough for labels: spans take the first free row, so most are there. */
const labelledDepths = 4;

/** Depths of calls that are high enough for labels: what a function called is as telling as the function. */
const labelledCalls = 32;

function depthPx(depth: number, { depth: depths, isCalls }: TrackSummary): number {
  if (isCalls) return depth < labelledCalls ? 17 : 4;
  return depths <= 6 || depth < labelledDepths ? 17 : depths <= 24 ? 6 : 4;
}

/** Items with their indexes, by a number that several may share. */
function grouped<T>(
  items: readonly T[],
  keyOf: (item: T) => number,
): ReadonlyMap<number, readonly (T & { readonly index: number })[]> {
  const groups = new Map<number, (T & { readonly index: number })[]>();
  items.forEach((item, index) => {
    const group = groups.get(keyOf(item));
    if (group === undefined) groups.set(keyOf(item), [{ ...item, index }]);
    else group.push({ ...item, index });
  });
  return groups;
}

/** Lays out what is not folded. `folded` holds the identifiers of folded labels. */
export function layOut(summary: TraceSummary, folded: ReadonlySet<string>): LaneLayout {
  const rows: LaneRow[] = [];
  const labels: LaneLabel[] = [];
  let topPx = 0;
  const addRow = (row: Omit<LaneRow, 'name' | 'topPx'>, gapPx: number): void => {
    rows.push({ ...row, name: formatRowKey(row.key), topPx });
    topPx += row.heightPx + gapPx;
  };
  const lanesOf = grouped(summary.lanes, (lane) => lane.process);
  const tracksOf = grouped(summary.tracks, (track) => track.lane);
  summary.processes.forEach((process, processIndex) => {
    const lanes = (lanesOf.get(processIndex) ?? []).filter((lane) => lane.eventCount > 0);
    // Threads stand as they appeared; CPUs and streams have numbers that people look for.
    if (lanes.every((lane) => lane.tid === undefined)) lanes.sort((a, b) => byNumber.compare(a.name, b.name));
    const eventCount = lanes.reduce((sum, lane) => sum + lane.eventCount, 0);
    if (eventCount === 0) return;
    const id = `p${processIndex}`;
    const expanded = !folded.has(id);
    labels.push({
      id,
      text: process.name,
      detail: process.pid === undefined ? '' : String(process.pid),
      level: 1,
      topPx,
      heightPx: processPx,
      expanded,
      spanName: undefined,
    });
    const key: RowKey = { kind: 'process', process: processIndex };
    addRow({ key, heightPx: processPx - 1, lane: undefined, track: undefined, eventCount }, 1);
    if (!expanded) return;
    for (const lane of lanes) {
      const tracks = (tracksOf.get(lane.index) ?? [])
        .filter((track) => track.spanCount > 0)
        .sort(
          (a, b) =>
            Number(b.isCalls) - Number(a.isCalls) || b.spanCount - a.spanCount || (a.name < b.name ? -1 : 1),
        );
      const laneId = `l${lane.index}`;
      const laneExpanded = !folded.has(laneId);
      labels.push({
        id: laneId,
        text: lane.name,
        detail: lane.tid === undefined || lane.name === String(lane.tid) ? '' : String(lane.tid),
        level: 2,
        topPx,
        heightPx: pointsPx,
        expanded: tracks.length === 0 ? undefined : laneExpanded,
        spanName: undefined,
      });
      addRow(
        {
          key: laneExpanded ? { kind: 'points', lane: lane.index } : { kind: 'lane', lane: lane.index },
          heightPx: pointsPx - 4,
          lane: lane.index,
          track: undefined,
          eventCount: lane.eventCount,
        },
        4,
      );
      if (!laneExpanded) continue;
      for (const track of tracks) {
        const trackId = `t${track.index}`;
        const open = !folded.has(trackId);
        const fromPx = topPx;
        const { isCalls } = track;
        const row = { lane: lane.index, track: track.index, eventCount: track.spanCount };
        if (open) {
          for (let depth = 0; depth < track.depth; depth++) {
            const rowKey: RowKey = { kind: 'depth', track: track.index, depth };
            addRow({ ...row, isCalls, key: rowKey, heightPx: depthPx(depth, track) - 1 }, 1);
          }
          // A lone thin row would leave no room for its label.
          topPx = Math.max(topPx, fromPx + 17);
        } else {
          addRow({ ...row, key: { kind: 'track', track: track.index }, heightPx: 16 }, 1);
        }
        topPx += 4;
        labels.push({
          id: trackId,
          text: track.name,
          detail: formatCount(track.spanCount),
          level: 3,
          topPx: fromPx,
          heightPx: topPx - fromPx - 4,
          expanded: track.depth > 1 ? open : undefined,
          spanName: track.name,
        });
      }
    }
    topPx += 4;
  });
  return { rows, labels, heightPx: topPx };
}

/** Index of the strip at a height, or of none (-1) in a gap. */
export function rowAt(layout: LaneLayout, yPx: number): number {
  let low = 0;
  let high = layout.rows.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const row = layout.rows[middle]!;
    if (row.topPx + row.heightPx + 1 <= yPx) low = middle + 1;
    else high = middle;
  }
  const row = layout.rows[low];
  return row !== undefined && row.topPx <= yPx ? low : -1;
}
