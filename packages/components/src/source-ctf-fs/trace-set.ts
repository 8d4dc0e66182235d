/** A set of traces read as one sequence of events. */
import {
  EventBatch,
  seekPacket,
  StreamReader,
  type FieldValue,
  type LossReport,
  type ReaderStart,
  type StreamDecoder,
} from '@spoor/ctf';
import type { EventFlow } from '../event-flow.ts';
import { MessageMuxer } from '../filter-utils-muxer/message-muxer.ts';
import { muxedFlow } from '../filter-utils-muxer/muxed-flow.ts';
import { TrimmedFlow, type TimeRange } from '../filter-utils-trimmer/trimmed-flow.ts';
import { cursorOrigin, nanosecondsOfClock, ticksSurelyBefore } from './clock.ts';
import { EventView } from './event-view.ts';
import type { EventClassInfo, Loss, StreamInfo, StreamSource, TraceInfo } from './trace-info.ts';

/** Which events to read. */
export interface ReadOptions extends TimeRange {
  /** Ends the reading early, between two batches. */
  readonly signal?: AbortSignal;
  /** Rows of a batch. */
  readonly batchCapacity?: number;
  /** Hands out large packets piece by piece: the bytes that the streams' cursors hold are no whole packets then. */
  readonly inWindows?: boolean;
}

/** Chunks read at least, when the streams are few; many streams read packet by packet, to bound memory. */
const chunkBytes = 131_072;
const manyStreams = 64;

/** Of larger packets so much is in memory at a time, where that will do: it fits into the processor's second cache. */
const windowBytes = 262_144;

/** A stream while it is read. */
export class OpenStream {
  readonly set: TraceSet;
  readonly info: StreamInfo;
  readonly reader: StreamReader;
  readonly decoder: StreamDecoder;
  /** Lists that grow by what the stream loses, while it is read. */
  readonly lossLists: Loss[][];
  private context: { readonly [member: string]: FieldValue } = {};
  private contextOf = 0;

  constructor(
    set: TraceSet,
    info: StreamInfo,
    reader: StreamReader,
    decoder: StreamDecoder,
    lossLists: Loss[][] = [],
  ) {
    this.lossLists = lossLists;
    this.set = set;
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

/** The flow of a trace set without streams. */
export function emptyFlow(set: TraceSet): EventFlow {
  const { eventClasses, baseNs, losses } = set;
  const batch = new EventBatch(1);
  const messages = (): MessageMuxer => new MessageMuxer(set, [], batch, []);
  return { batch, streams: [], eventClasses, baseNs, losses, next: () => false, messages };
}

/** Where to begin with a stream of which nothing before a time is wanted. */
function startAt(
  { sources, begins, headerDecoder, decoder }: StreamSource,
  fromNs: bigint,
): ReaderStart | undefined {
  const clock = decoder.streamClass.clockClass;
  if (clock === undefined) return undefined;
  const skipBeforeTicks = ticksSurelyBefore(clock, fromNs);
  if (skipBeforeTicks === 0n) return undefined;
  // A clock of which packets tell the low bits alone must be followed from the beginning.
  const member = decoder.streamClass.packetContext?.members.find(
    ({ fieldClass }) => fieldClass.kind === 'integer' && fieldClass.roles.includes('default-clock-timestamp'),
  );
  if (member?.fieldClass.kind !== 'integer' || member.fieldClass.lengthBits !== 64) {
    return { skipBeforeTicks, sourceIndex: 0, byte: 0 };
  }
  const fromTicksNs = nanosecondsOfClock(clock, skipBeforeTicks);
  let sourceIndex = 0;
  while (sourceIndex + 1 < sources.length && (begins[sourceIndex + 1] ?? fromTicksNs) < fromTicksNs)
    sourceIndex++;
  let byte = seekPacket(sources[sourceIndex]!, headerDecoder, decoder, skipBeforeTicks);
  if (byte === 0 && sourceIndex > 0) {
    // What was lost before its first packet is told by the last one of the file before.
    sourceIndex -= 1;
    byte = seekPacket(sources[sourceIndex]!, headerDecoder, decoder, skipBeforeTicks);
  }
  return { skipBeforeTicks, sourceIndex, byte };
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
  /** What the traces say was lost; grows while reading, with each reading. */
  readonly losses: Loss[] = [];
  /** Whether time is counted in ticks of the clocks. */
  readonly countsTicks: boolean;
  /** Opens the same traces with ticks as time; absent where they cannot be opened again. */
  readonly openInTicks: (() => TraceSet) | undefined;
  private readonly sources: readonly StreamSource[];
  /** By stream, where the last reading that began late began. */
  private readonly starts: (
    { readonly fromNs: bigint; readonly start: ReaderStart | undefined } | undefined
  )[] = [];

  constructor(
    traces: readonly TraceInfo[],
    sources: readonly StreamSource[],
    eventClasses: readonly EventClassInfo[],
    baseNs: bigint,
    warnings: string[],
    ticks: { readonly countsTicks?: boolean; readonly openInTicks?: () => TraceSet } = {},
  ) {
    this.countsTicks = ticks.countsTicks ?? false;
    this.openInTicks = ticks.openInTicks;
    this.traces = traces;
    this.sources = sources;
    this.streams = sources.map(({ info }) => info);
    this.eventClasses = eventClasses;
    this.baseNs = baseNs;
    this.warnings = warnings;
  }

  /** Size of all streams. */
  get sizeBytes(): number {
    return this.sources.reduce(
      (sum, { sources }) => sources.reduce((sizeBytes, source) => sizeBytes + source.sizeBytes, sum),
      0,
    );
  }

  /**
   * Opens one stream for a reading.
   * @param fromNs packets that end well before this time are passed over. Some tracers wrote events slightly after
   * the end that their packet claims, so "well" is a second.
   * @param inWindows whether of large packets only a part is in memory at a time, as {@link Muxer} can read them.
   */
  openStream(index: number, fromNs?: bigint, inWindows = false): OpenStream {
    const { info, sources, headerDecoder, decoder, classBase } = this.sources[index]!;
    const lossLists = [this.losses];
    const listener = {
      damaged: (message: string): void => {
        this.warnings.push(message);
      },
      lost: (report: LossReport): void => {
        for (const list of lossLists) list.push({ ...report, stream: info });
      },
    };
    const least = this.sources.length > manyStreams ? 0 : chunkBytes;
    const clock = decoder.streamClass.clockClass;
    const start = fromNs === undefined ? undefined : this.startOf(index, fromNs);
    const reader = new StreamReader(
      sources,
      headerDecoder,
      decoder,
      listener,
      least,
      start,
      inWindows ? windowBytes : 0,
    );
    const { cursor } = reader;
    cursor.streamIndex = info.index;
    cursor.classBase = classBase;
    if (clock !== undefined) {
      const origin = cursorOrigin(clock, this.baseNs);
      cursor.originHi = origin.hi;
      cursor.originLo = origin.lo;
    }
    return new OpenStream(this, info, reader, decoder, lossLists);
  }

  /** Where to begin; kept, so that a reading whose bytes have yet to come does not look for it again in every stream. */
  private startOf(index: number, fromNs: bigint): ReaderStart | undefined {
    let known = this.starts[index];
    if (known?.fromNs !== fromNs) {
      known = { fromNs, start: startAt(this.sources[index]!, fromNs) };
      this.starts[index] = known;
    }
    return known.start;
  }

  /** Begins a reading of all streams, merged and, for a time range, trimmed. */
  read(options: ReadOptions = {}): EventFlow {
    const { beginNs, endNs, signal, batchCapacity } = options;
    const streams = this.streams.map(({ index }) => this.openStream(index, beginNs, options.inWindows));
    const flow =
      streams.length === 0
        ? emptyFlow(this)
        : muxedFlow(streams, batchCapacity === undefined ? {} : { batchCapacity });
    if (beginNs === undefined && endNs === undefined && signal === undefined) return flow;
    return new TrimmedFlow(flow, options);
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
