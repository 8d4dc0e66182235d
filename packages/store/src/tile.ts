// Pictures of rows. A tile is a fixed number of bins, each 2^level nanoseconds wide, that starts at a multiple of its
// own width: the same tile serves every view that touches it, so it can be kept. All figures in a bin are exact.
// Cost: O(rows × bins), times the logarithm of the events in a bin for the densest rows.
import { gallop, lowerBound } from './columns.ts';
import { seriesOfRow } from './marks.ts';
import type { RowKey } from './row-key.ts';
import type { SpanRow } from './span-track.ts';
import type { Series, TraceStore } from './trace-store.ts';

/** Bins of a tile. */
export const tileBins = 512;
/** The coarsest level: 2^51 ns are 26 days a bin. */
export const maxLevel = 51;

/** Which tile: bins of 2^level ns, the first of them starting at `index * tileBins * 2^level` ns. */
export interface TileAddress {
  readonly level: number;
  readonly index: number;
}

/** Start of a tile in nanoseconds. */
export function tileStartNs(address: TileAddress): number {
  return address.index * tileBins * 2 ** address.level;
}

/** End of a tile in nanoseconds. */
export function tileEndNs(address: TileAddress): number {
  return (address.index + 1) * tileBins * 2 ** address.level;
}

/**
 * A bin is one 32-bit word. Low half: the number of events (65,535 stands for that many or more), or of spans that
 * start in it for a row of spans (255 at most) with, in the byte above, the share of the bin's time that is busy
 * (0 to 255; at least 1 when there is anything). High half: the type with the most events in it, or the track; for a
 * depth of calls the hue of the last one in it.
 */
export const bin = {
  countOf: (word: number): number => word & 0xffff,
  startsOf: (word: number): number => word & 0xff,
  shareOf: (word: number): number => (word >>> 8) & 0xff,
  typeOf: (word: number): number => word >>> 16,
} as const;

/** Draws tiles of a store; keeps its working memory between them. */
export class TileMaker {
  readonly #store: TraceStore;
  /** Number of the first event of each bin, and of the one after the last. */
  readonly #edges = new Float64Array(tileBins + 1);
  readonly #counts = new Float64Array(tileBins);
  readonly #best = new Float64Array(tileBins);
  readonly #ofType = new Float64Array(tileBins);
  readonly #bestType = new Uint32Array(tileBins);
  readonly #busy = new Float64Array(tileBins);
  readonly #starts = new Float64Array(tileBins);
  readonly #high = new Uint32Array(tileBins);

  constructor(store: TraceStore) {
    this.#store = store;
  }

  /** One tile of each row, row after row. Unknown rows are empty. */
  make(address: TileAddress, rows: readonly RowKey[]): Uint32Array {
    const words = new Uint32Array(rows.length * tileBins);
    const startNs = tileStartNs(address);
    const widthNs = 2 ** address.level;
    const { timeNs, count } = this.#store;
    let edge = lowerBound(timeNs.values, startNs, 0, count);
    for (let i = 0; i <= tileBins; i++) {
      edge = gallop(timeNs.values, startNs + i * widthNs, edge, count);
      this.#edges[i] = edge;
    }
    rows.forEach((row, index) => {
      const into = words.subarray(index * tileBins, (index + 1) * tileBins);
      this.#row(row, startNs, widthNs, into);
    });
    return words;
  }

  #row(row: RowKey, startNs: number, widthNs: number, into: Uint32Array): void {
    const { tracks } = this.#store;
    switch (row.kind) {
      case 'process':
      case 'lane':
      case 'points':
        this.#density(seriesOfRow(this.#store, row), into);
        return;
      case 'track': {
        const track = tracks[row.track];
        // What was called is within what called it.
        const rows = track?.isCalls === true ? track.rows.slice(0, 1) : track?.rows;
        if (rows !== undefined) this.#spans(rows, row.track, startNs, widthNs, into);
        return;
      }
      case 'depth': {
        const depth = tracks[row.track]?.rows[row.depth];
        if (depth !== undefined) this.#spans([depth], row.track, startNs, widthNs, into);
        return;
      }
      default: {
        const never: never = row;
        return never;
      }
    }
  }

  #density(all: readonly Series[], into: Uint32Array): void {
    const counts = this.#counts.fill(0);
    const best = this.#best.fill(0);
    const bestType = this.#bestType;
    const ofType = this.#ofType;
    // Series of one type (of several lanes, say) are added up before types are compared.
    const byType = [...all].sort((a, b) => a.type - b.type);
    byType.forEach(({ events, type }, i) => {
      if (type !== byType[i - 1]?.type) ofType.fill(0);
      countInBins(events.values, events.length, this.#edges, (bin, count) => {
        counts[bin]! += count;
        ofType[bin]! += count;
        if (ofType[bin]! > best[bin]!) {
          best[bin] = ofType[bin]!;
          bestType[bin] = type;
        }
      });
    });
    for (let i = 0; i < tileBins; i++) {
      if (counts[i]! > 0) into[i] = (((bestType[i]! & 0xffff) << 16) | Math.min(0xffff, counts[i]!)) >>> 0;
    }
  }

  #spans(rows: readonly SpanRow[], track: number, startNs: number, widthNs: number, into: Uint32Array): void {
    const busy = this.#busy.fill(0);
    const starts = this.#starts.fill(0);
    const high = this.#high.fill(track & 0xffff);
    const knownToNs = this.#store.lastNs;
    for (const row of rows) {
      const hues = row.hues?.values;
      let started = row.startedBefore(startNs);
      let before = row.busyUntil(startNs, started, knownToNs);
      for (let i = 0; i < tileBins; i++) {
        const endNs = startNs + (i + 1) * widthNs;
        const next = row.startedBefore(endNs, started);
        const after = row.busyUntil(endNs, next, knownToNs);
        busy[i]! += after - before;
        starts[i]! += next - started;
        if (hues !== undefined && next > 0) high[i] = hues[next - 1]!;
        before = after;
        started = next;
      }
    }
    for (let i = 0; i < tileBins; i++) {
      if (busy[i] === 0 && starts[i] === 0) continue;
      const share = Math.max(1, Math.min(255, Math.round((busy[i]! / widthNs / rows.length) * 255)));
      into[i] = ((high[i]! << 16) | (share << 8) | Math.min(255, starts[i]!)) >>> 0;
    }
  }
}

/**
 * Calls `found(bin, count)` for each bin that has some of the ascending `events`; bin `i` holds the event numbers from
 * `edges[i]` to below `edges[i + 1]`.
 */
export function countInBins(
  events: Uint32Array,
  length: number,
  edges: Float64Array,
  found: (bin: number, count: number) => void,
): void {
  const bins = edges.length - 1;
  let at = lowerBound(events, edges[0]!, 0, length);
  const end = lowerBound(events, edges[bins]!, at, length);
  let bin = 0;
  while (at < end) {
    // The next event tells the next bin that is not empty; a sparse series costs its events and not all bins.
    const event = events[at]!;
    if (event >= edges[bin + 1]!) {
      bin = gallopEdge(edges, event, bin);
    }
    const next = gallop(events, edges[bin + 1]!, at, end);
    found(bin, next - at);
    at = next;
  }
}

/** The bin that holds `event`, known not to be before `from`. */
function gallopEdge(edges: Float64Array, event: number, from: number): number {
  return gallop(edges, event + 1, from, edges.length) - 1;
}
