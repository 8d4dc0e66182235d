/** A set of traces read as one sequence of events. */
import { EventBatch, StreamReader, type FieldValue, type StreamDecoder } from '@spoor/ctf';
import type { EventFlow } from '../event-flow.ts';
import { Muxer } from '../filter-utils-muxer/muxer.ts';
import { cursorOrigin } from './clock.ts';
import { EventView } from './event-view.ts';
import type { EventClassInfo, Loss, StreamInfo, StreamSource, TraceInfo } from './trace-info.ts';

/** Which events to read. */
export interface ReadOptions {
  /** Leave out events before this time, in nanoseconds from the clock's origin (of wall clocks: the Unix epoch). */
  readonly beginNs?: bigint;
  /** Leave out events after this time. */
  readonly endNs?: bigint;
  /** Ends the reading early, between two batches. */
  readonly signal?: AbortSignal;
  /** Rows of a batch. */
  readonly batchCapacity?: number;
}

/** Chunks read at least, when the streams are few; many streams read packet by packet, to bound memory. */
const chunkBytes = 131_072;
const manyStreams = 64;

/** A stream while it is read. */
export class OpenStream {
  readonly info: StreamInfo;
  readonly reader: StreamReader;
  readonly decoder: StreamDecoder;
  private context: { readonly [member: string]: FieldValue } = {};
  private contextOf = 0;

  constructor(info: StreamInfo, reader: StreamReader, decoder: StreamDecoder) {
    this.info = info;
    this.reader = reader;
    this.decoder = decoder;
  }

  /** Members of the present packet's context; decoded once a packet. */
  packetContext(): { readonly [member: string]: FieldValue } {
    if (this.contextOf !== this.reader.packetNumber) {
      this.context = this.reader.contextValues();
      this.contextOf = this.reader.packetNumber;
    }
    return this.context;
  }
}

/**
 * Traces opened together. Reading may be done any number of times; each reading goes through the files anew with
 * memory bounded by one packet a stream.
 */
export class TraceSet {
  readonly traces: readonly TraceInfo[];
  readonly streams: readonly StreamInfo[];
  /** All event classes; rows of batches refer to them by index. */
  readonly eventClasses: readonly EventClassInfo[];
  /** All event times are nanoseconds after this, counted from the clocks' origin. */
  readonly baseNs: bigint;
  /** What was found wrong, one line each; grows while reading. */
  readonly warnings: string[];
  /** What the traces say was lost; grows while reading. */
  readonly losses: Loss[] = [];
  private readonly sources: readonly StreamSource[];

  constructor(
    traces: readonly TraceInfo[],
    sources: readonly StreamSource[],
    eventClasses: readonly EventClassInfo[],
    baseNs: bigint,
    warnings: string[],
  ) {
    this.traces = traces;
    this.sources = sources;
    this.streams = sources.map(({ info }) => info);
    this.eventClasses = eventClasses;
    this.baseNs = baseNs;
    this.warnings = warnings;
  }

  /** Opens all streams for one reading. */
  read(options: ReadOptions = {}): Reading {
    return new Reading(this, this.sources, options);
  }

  /** Events in babeltrace2's order. The view is one object, moved from event to event. */
  *events(options: ReadOptions = {}): Generator<EventView, void, undefined> {
    const reading = this.read(options);
    const view = new EventView(reading.batch, reading.streams, this.eventClasses);
    while (reading.next()) {
      for (let row = 0; row < reading.batch.count; row++) yield view.moveTo(row);
    }
  }

  /** Events as columns. The batch is one object, filled anew at each step. */
  *batches(options: ReadOptions = {}): Generator<EventBatch, void, undefined> {
    const reading = this.read(options);
    while (reading.next()) yield reading.batch;
  }
}

/** One pass over the events of a trace set. */
export class Reading implements EventFlow {
  readonly batch: EventBatch;
  readonly streams: readonly OpenStream[];
  readonly eventClasses: readonly EventClassInfo[];
  readonly baseNs: bigint;
  readonly losses: readonly Loss[];
  private readonly muxer: Muxer;
  private readonly firstNs: number;
  private readonly lastNs: number;
  private readonly signal: AbortSignal | undefined;

  constructor(set: TraceSet, sources: readonly StreamSource[], options: ReadOptions) {
    this.batch = new EventBatch(options.batchCapacity);
    this.eventClasses = set.eventClasses;
    this.baseNs = set.baseNs;
    this.losses = set.losses;
    this.firstNs = options.beginNs === undefined ? -Infinity : Number(options.beginNs - set.baseNs);
    this.lastNs = options.endNs === undefined ? Infinity : Number(options.endNs - set.baseNs);
    this.signal = options.signal;
    const least = sources.length > manyStreams ? 0 : chunkBytes;
    this.streams = sources.map((source) => {
      const { info, headerDecoder, decoder } = source;
      const listener = {
        damaged: (message: string): void => {
          set.warnings.push(message);
        },
        lost: (report: Loss | Omit<Loss, 'stream'>): void => {
          set.losses.push({ ...report, stream: info });
        },
      };
      const reader = new StreamReader(source.sources, headerDecoder, decoder, listener, least);
      const { cursor } = reader;
      cursor.streamIndex = info.index;
      cursor.classBase = source.classBase;
      const clock = decoder.streamClass.clockClass;
      if (clock !== undefined) {
        const origin = cursorOrigin(clock, set.baseNs);
        cursor.originHi = origin.hi;
        cursor.originLo = origin.lo;
      }
      return new OpenStream(info, reader, decoder);
    });
    this.muxer = new Muxer(this.streams);
  }

  /** Fills `batch` with the next events; false when there are no more. */
  next(): boolean {
    const { batch, firstNs, lastNs } = this;
    for (;;) {
      if (this.signal?.aborted === true || !this.muxer.fill(batch)) {
        batch.count = 0;
        return false;
      }
      if (firstNs === -Infinity && lastNs === Infinity) return true;
      if (batch.timeNs[0]! > lastNs) {
        batch.count = 0;
        return false;
      }
      if (batch.timeNs[batch.count - 1]! < firstNs) continue;
      this.trim();
      if (batch.count > 0) return true;
    }
  }

  /** Drops the rows outside the wanted range. */
  private trim(): void {
    const { batch, firstNs, lastNs } = this;
    let kept = 0;
    for (let row = 0; row < batch.count; row++) {
      const time = batch.timeNs[row]!;
      if (time < firstNs || time > lastNs) continue;
      batch.streamIndex[kept] = batch.streamIndex[row]!;
      batch.classIndex[kept] = batch.classIndex[row]!;
      batch.timeNs[kept] = time;
      batch.offsetBits[kept] = batch.offsetBits[row]!;
      kept++;
    }
    batch.count = kept;
  }
}
