import { setImmediate } from 'node:timers/promises';
import { describeError } from '@spoor/base';
import {
  TileMaker,
  TraceStore,
  histogramOf,
  lowerBound,
  noEvent,
  pointAt,
  pointMarks,
  selectionOf,
  spanAt,
  spanMark,
  spanMarks,
  formatRowKey,
  type RowKey,
  type SpanMark,
  type TileAddress,
} from '@spoor/store';
import type {
  EventDetail,
  Marks,
  PickAnswer,
  PointMark,
  SelectionAnswer,
  SpanDetail,
  SpanMarkText,
  TraceSummary,
} from './protocol.ts';
import type { ViewSource } from './source.ts';
import { EventTable } from './table.ts';

/** Longest time that indexing keeps requests waiting. */
const sliceMs = 12;
/** Labels kept, as each costs the decoding of an event. */
const keptLabels = 20_000;
/** Most labels of one answer, and most single events of one row. */
const marksPerRow = 120;

/** One opened source with its index: all that requests ask for, without HTTP. */
export class TraceView {
  readonly store: TraceStore = new TraceStore();
  readonly table: EventTable;
  readonly #source: ViewSource;
  readonly #tiles: TileMaker;
  readonly #labels = new Map<number, string>();
  #progress = 0;
  #failure: string | undefined;

  constructor(source: ViewSource) {
    this.#source = source;
    this.table = new EventTable(this.store, source);
    this.#tiles = new TileMaker(this.store);
  }

  /**
   * Fills the index, letting requests in between; resolves when all is in. An error of the source ends it early and
   * is shown on the page; what was read before stays.
   */
  async index(signal?: AbortSignal): Promise<void> {
    let since = performance.now();
    try {
      for (const progress of this.#source.index(this.store)) {
        this.#progress = progress;
        if (performance.now() - since < sliceMs) continue;
        this.store.revision += 1;
        await setImmediate();
        if (signal?.aborted === true) return;
        since = performance.now();
      }
    } catch (error) {
      this.#failure = describeError(error);
    }
    this.#progress = 1;
    this.store.finish();
  }

  summary(): TraceSummary {
    const { store } = this;
    const typeCounts = new Float64Array(store.types.length);
    const laneCounts = new Float64Array(store.lanes.length);
    for (const { type, lane, events } of store.series) {
      typeCounts[type]! += events.length;
      laneCounts[lane]! += events.length;
    }
    return {
      protocol: 1,
      title: this.#source.title,
      paths: this.#source.paths,
      baseNs: String(this.#source.baseNs),
      absolute: this.#source.absolute,
      firstNs: store.firstNs,
      lastNs: store.lastNs,
      eventCount: store.count,
      spanCount: store.tracks.reduce((sum, track) => sum + track.count, 0),
      progress: this.#progress,
      complete: store.complete,
      revision: store.revision,
      indexSizeBytes: store.sizeBytes,
      types: store.types.map(({ name, role, spanName }, i) => ({
        name,
        role,
        spanName,
        count: typeCounts[i]!,
      })),
      processes: store.processes.map(({ name, pid }) => ({ name, pid })),
      lanes: store.lanes.map(({ process, name, tid }, i) => ({
        process,
        name,
        tid,
        eventCount: laneCounts[i]!,
      })),
      tracks: store.tracks.map(({ lane, name, isCalls, rows, count, openCount }) => ({
        lane,
        name,
        isCalls,
        depth: rows.length,
        spanCount: count,
        openCount,
      })),
      losses: store.losses,
      warnings: this.#source.warnings,
      failure: this.#failure,
    };
  }

  tile(address: TileAddress, rows: readonly RowKey[]): Uint32Array {
    return this.#tiles.make(address, rows);
  }

  /** Bins, types that have a plane of their own, then the planes; see `histogramOf`. */
  histogram(fromNs: number, toNs: number, binCount: number): Uint32Array {
    const { types, counts } = histogramOf(this.store, fromNs, toNs, binCount, 8);
    const words = new Uint32Array(2 + types.length + counts.length);
    words.set([binCount, types.length, ...types]);
    words.set(counts, 2 + types.length);
    return words;
  }

  selection(fromNs: number, toNs: number): SelectionAnswer {
    return selectionOf(this.store, fromNs, toNs);
  }

  /** Labels of spans of at least `minNs`, and the single events of rows that have few. */
  marks(rows: readonly RowKey[], fromNs: number, toNs: number, minNs: number): Marks {
    const spans: SpanMarkText[] = [];
    const points: PointMark[] = [];
    for (const row of rows) {
      const name = formatRowKey(row);
      if (row.kind === 'depth') {
        const range = { fromNs, toNs, minNs, limit: marksPerRow };
        for (const mark of spanMarks(this.store, row.track, row.depth, range)) {
          spans.push({ row: name, ...this.#span(mark) });
        }
      } else if (row.kind !== 'track') {
        for (const event of pointMarks(this.store, row, fromNs, toNs, marksPerRow) ?? []) {
          const series = this.store.series[this.store.seriesOf.values[event]!]!;
          points.push({ row: name, event, timeNs: this.store.timeNs.values[event]!, type: series.type });
        }
      }
    }
    return { spans, points };
  }

  /** What lies under a point of the picture. */
  pick(row: RowKey, timeNs: number, toleranceNs: number): PickAnswer {
    const depths =
      row.kind === 'depth'
        ? [row.depth]
        : row.kind === 'track'
          ? [...(this.store.tracks[row.track]?.rows.keys() ?? [])]
          : [];
    if (row.kind === 'depth' || row.kind === 'track') {
      for (const depth of depths) {
        const mark = spanAt(this.store, row.track, depth, timeNs, toleranceNs);
        if (mark === undefined) continue;
        return { event: this.detail(mark.beginEvent), span: this.#span(mark) };
      }
      return { event: undefined, span: undefined };
    }
    const event = pointAt(this.store, row, timeNs, toleranceNs);
    const detail = event === undefined ? undefined : this.detail(event);
    return { event: detail, span: detail?.span };
  }

  /** All about an event; undefined when there is none of that number. */
  detail(event: number): EventDetail | undefined {
    const { store } = this;
    if (!(event >= 0 && event < store.count)) return undefined;
    const series = store.series[store.seriesOf.values[event]!]!;
    const { logLevel, sections } = this.#source.decode(event);
    const mark = series.use === 'span' ? this.#spanOf(event, series.lane, series.type) : undefined;
    return {
      event,
      timeNs: store.timeNs.values[event]!,
      lane: series.lane,
      type: series.type,
      logLevel,
      sections,
      span: mark === undefined ? undefined : this.#span(mark),
    };
  }

  /** The span that has `event` as an end, looked for in the rows of its track. */
  #spanOf(event: number, lane: number, typeIndex: number): SpanMark | undefined {
    const type = this.store.types[typeIndex]!;
    for (const track of this.store.tracks) {
      if (track.lane !== lane || track.name !== type.spanName) continue;
      for (const [depth, row] of track.rows.entries()) {
        // Spans of a row are disjoint, so the numbers of their beginnings ascend; an end may be missing.
        const i = lowerBound(row.beginEvent.values, event + 1, 0, row.count) - 1;
        if (i < 0) continue;
        if (row.beginEvent.values[i] === event || row.endEvent.values[i] === event) {
          return spanMark(row, i, track.index, depth);
        }
      }
    }
    return undefined;
  }

  #span(mark: SpanMark): SpanDetail {
    return {
      name: this.store.tracks[mark.track]!.name,
      label: this.#label(mark.beginEvent),
      startNs: mark.startNs,
      endNs: mark.endEvent === noEvent ? undefined : mark.endNs,
      untilNs: Math.min(mark.endNs, this.store.lastNs),
      beginEvent: mark.beginEvent,
      endEvent: mark.endEvent === noEvent ? undefined : mark.endEvent,
      ...(mark.hue === undefined ? {} : { hue: mark.hue }),
    };
  }

  #label(event: number): string {
    let label = this.#labels.get(event);
    if (label === undefined) {
      label = this.#source.label(event);
      if (this.#labels.size >= keptLabels) this.#labels.clear();
      this.#labels.set(event, label);
    }
    return label;
  }
}
