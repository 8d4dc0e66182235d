// The index of one set of traces, in memory. Columns only ever grow at their end, so it can be looked at while it
// is being filled. About 24 bytes an event, and 32 more for each span.
import { Float64Column, Uint32Column, lowerBound } from './columns.ts';
import type { SpanRole } from './span-rules.ts';
import { SpanTrack } from './span-track.ts';

/** A process, or a trace that is not of one process. */
export interface StoreProcess {
  readonly index: number;
  readonly name: string;
  readonly pid: number | undefined;
}

/** A thread, or a stream where threads are not known. */
export interface StoreLane {
  readonly index: number;
  readonly process: number;
  readonly name: string;
  readonly tid: number | undefined;
}

/** A kind of event. */
export interface StoreType {
  readonly index: number;
  readonly name: string;
  readonly role: SpanRole;
  readonly spanName: string;
}

/** Why events are in a series: a point in time, an edge of a span, or an end whose begin was lost. */
export type SeriesUse = 'point' | 'span' | 'stray';

/** The events of one type in one lane. */
export interface Series {
  readonly index: number;
  readonly lane: number;
  readonly type: number;
  readonly use: SeriesUse;
  /** Numbers of its events, ascending. */
  readonly events: Uint32Column;
}

/** An interval of a lane from which events were discarded. */
export interface Loss {
  readonly lane: number;
  readonly fromNs: number;
  readonly toNs: number;
  /** How many events; undefined when only the fact is known. */
  readonly count: number | undefined;
}

/** Where an event's bytes are: what its source needs to decode it again. */
export interface EventPlace {
  readonly packet: number;
  readonly offset: number;
}

const useCode = { point: 0, span: 1, stray: 2 } as const;

/** See the head of this file. Times are doubles in nanoseconds after the source's base. */
export class TraceStore {
  readonly processes: StoreProcess[] = [];
  readonly lanes: StoreLane[] = [];
  readonly types: StoreType[] = [];
  readonly series: Series[] = [];
  readonly tracks: SpanTrack[] = [];
  readonly losses: Loss[] = [];
  readonly timeNs: Float64Column = new Float64Column(1 << 16);
  readonly seriesOf: Uint32Column = new Uint32Column(1 << 16);
  readonly packet: Uint32Column = new Uint32Column(1 << 16);
  readonly offset: Uint32Column = new Uint32Column(1 << 16);
  /** Grows with each change that can make an older picture wrong. */
  revision = 0;
  #complete = false;
  /** Series of each lane, and lanes of each process: pictures ask for them by row. */
  readonly #seriesOfLane: Series[][] = [];
  readonly #lanesOfProcess: number[][] = [];
  readonly #seriesByKey = new Map<number, number>();
  readonly #trackByKey = new Map<string, SpanTrack>();

  get count(): number {
    return this.timeNs.length;
  }

  /** Whether all events are in. */
  get complete(): boolean {
    return this.#complete;
  }

  /** Time of the first event; 0 in an empty store. */
  get firstNs(): number {
    return this.count === 0 ? 0 : this.timeNs.values[0]!;
  }

  /** Time of the last event so far. */
  get lastNs(): number {
    return this.count === 0 ? 0 : this.timeNs.values[this.count - 1]!;
  }

  addProcess(name: string, pid: number | undefined): number {
    return this.processes.push({ index: this.processes.length, name, pid }) - 1;
  }

  addLane(process: number, name: string, tid: number | undefined): number {
    const index = this.lanes.push({ index: this.lanes.length, process, name, tid }) - 1;
    this.#seriesOfLane.push([]);
    (this.#lanesOfProcess[process] ??= []).push(index);
    return index;
  }

  /** Gives a process the name that it says it has. */
  renameProcess(process: number, name: string): void {
    this.processes[process] = { ...this.processes[process]!, name };
    this.revision += 1;
  }

  /** Gives a lane the name that its thread says it has. */
  renameLane(lane: number, name: string): void {
    this.lanes[lane] = { ...this.lanes[lane]!, name };
    this.revision += 1;
  }

  addType(name: string, role: SpanRole, spanName: string): number {
    return this.types.push({ index: this.types.length, name, role, spanName }) - 1;
  }

  addLoss(loss: Loss): void {
    this.losses.push(loss);
    for (const track of this.tracks) if (track.lane === loss.lane) track.loseEvents(loss.fromNs);
    this.revision += 1;
  }

  /** The series of a type in a lane, made when it is first asked for. */
  seriesFor(lane: number, type: number, use: SeriesUse): number {
    // Lanes below 2^20 and types below 2^30 keep the key an exact integer.
    const key = (lane * 0x4000_0000 + type) * 4 + useCode[use];
    let index = this.#seriesByKey.get(key);
    if (index === undefined) {
      index = this.addSeries(lane, type, use);
      this.#seriesByKey.set(key, index);
    }
    return index;
  }

  /** A new series, also beside others of that type and lane: for sources that tell them apart. */
  addSeries(lane: number, type: number, use: SeriesUse): number {
    const series: Series = { index: this.series.length, lane, type, use, events: new Uint32Column() };
    this.series.push(series);
    this.#seriesOfLane[lane]!.push(series);
    return series.index;
  }

  /** All series of a lane. */
  seriesOfLane(lane: number): readonly Series[] {
    return this.#seriesOfLane[lane] ?? [];
  }

  /** All series of a process. */
  seriesOfProcess(process: number): readonly Series[] {
    return (this.#lanesOfProcess[process] ?? []).flatMap((lane) => this.#seriesOfLane[lane]!);
  }

  /** The track of a span's name in a lane, made when it is first asked for. */
  trackFor(lane: number, spanName: string, isCalls = false): SpanTrack {
    const key = `${lane}/${spanName}`;
    let track = this.#trackByKey.get(key);
    if (track === undefined) {
      track = new SpanTrack(this.tracks.length, lane, spanName, isCalls);
      this.tracks.push(track);
      this.#trackByKey.set(key, track);
    }
    return track;
  }

  /** Makes room for a batch of events. */
  reserve(more: number): void {
    this.timeNs.reserve(more);
    this.seriesOf.reserve(more);
    this.packet.reserve(more);
    this.offset.reserve(more);
  }

  /** Appends an event, which must not be earlier than the one before; returns its number. */
  append(series: number, timeNs: number, packet: number, offset: number): number {
    const event = this.timeNs.length;
    this.timeNs.push(timeNs);
    this.seriesOf.push(series);
    this.packet.push(packet);
    this.offset.push(offset);
    this.series[series]!.events.push(event);
    return event;
  }

  /** Declares that all events are in, and gives unused room back. */
  finish(): void {
    this.#complete = true;
    this.revision += 1;
    for (const column of [this.timeNs, this.seriesOf, this.packet, this.offset]) column.trim();
    for (const series of this.series) series.events.trim();
    for (const track of this.tracks) track.trim();
  }

  /** Number of the first event that is not earlier than `timeNs`; `count` when all are. */
  eventAt(timeNs: number): number {
    return lowerBound(this.timeNs.values, timeNs, 0, this.count);
  }

  placeOf(event: number): EventPlace {
    return { packet: this.packet.values[event]!, offset: this.offset.values[event]! };
  }

  /** Memory that the columns take. */
  get sizeBytes(): number {
    let size = 0;
    for (const column of [this.timeNs, this.seriesOf, this.packet, this.offset]) size += column.sizeBytes;
    for (const series of this.series) size += series.events.sizeBytes;
    for (const track of this.tracks) for (const row of track.rows) size += row.sizeBytes;
    return size;
  }
}
