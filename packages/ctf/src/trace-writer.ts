/** Writes traces: metadata and streams of CTF 1.8 or 2, wherever the bytes go. */
import { SpoorError } from '@spoor/base';
import {
  convertTraceClass,
  type CtfVersion,
  type StreamConversion,
  type TraceConversion,
  type ValueConverter,
} from './conversion.ts';
import { PacketWriter, type ByteSink } from './packet-writer.ts';
import type { EventValues, WritableStructure } from './encode-values.ts';
import type { EventClass, StreamClass, TraceClass } from './model.ts';
import { StreamEncoder, type PacketValues } from './stream-encoder.ts';
import type { DecoderOptions } from './stream-decoder.ts';

/** Where the files of a trace go. */
export interface TraceOutput {
  /** Begins a file: `metadata`, a stream, or `index/STREAM.idx`. */
  create(name: string): ByteSink;
}

/** Choices for a trace writer. */
export interface TraceWriterOptions extends DecoderOptions {
  /**
   * The version of CTF to write; 1.8 by default. A trace class may be of either: what the version has no words for is
   * written as what comes next to it, see `convertTraceClass`.
   */
  readonly ctfVersion?: CtfVersion;
  /** A packet is ended before it would grow beyond this many bytes, unless one event alone does; 256 KiB by default. */
  readonly packetSizeBytes?: number;
  /** Whether to write LTTng's index files beside the streams, by which readers find packets by time. */
  readonly index?: boolean;
}

/** A stream to open. */
export interface StreamOptions {
  /** Id of its class; not needed where there is one class only. */
  readonly classId?: bigint | number;
  /** Instance id; the number of streams opened before by default. */
  readonly id?: bigint | number;
  /** Name of its file; `stream_` and its id by default. */
  readonly name?: string;
  /** Members of packet header and context that have no role; `packet` of {@link StreamWriter.beginPacket} replaces it. */
  readonly packet?: PacketValues;
}

const defaultPacketBytes = 262_144;
const leastPacketBytes = 64;

/** Writes one stream. Nothing is on its way out before a packet is full or ended. */
export class StreamWriter {
  readonly streamClass: StreamClass;
  /** Name of its file. */
  readonly name: string;
  private readonly packets: PacketWriter;
  private readonly converter: ValueConverter;
  private readonly byName = new Map<string, number>();
  private readonly byClass = new Map<EventClass, number>();
  private readonly packet: PacketValues;
  private lastTicks = 0n;
  private discardedEvents = 0n;
  private closed = false;

  constructor(
    streamClass: StreamClass,
    name: string,
    packets: PacketWriter,
    packet: PacketValues,
    conversion: StreamConversion,
  ) {
    this.streamClass = streamClass;
    this.name = name;
    this.packets = packets;
    this.packet = packet;
    this.converter = conversion.converter();
    for (const [index, eventClass] of streamClass.eventClasses.entries()) {
      this.byClass.set(eventClass, index);
      if (!this.byName.has(eventClass.name)) this.byName.set(eventClass.name, index);
    }
  }

  private classIndexOf(event: string | bigint | EventClass): number {
    const { eventClasses } = this.streamClass;
    const index =
      typeof event === 'string'
        ? this.byName.get(event)
        : typeof event === 'bigint'
          ? eventClasses.findIndex(({ id }) => id === event)
          : this.byClass.get(event);
    if (index === undefined || index < 0) {
      const name = typeof event === 'object' ? event.name : String(event);
      throw new SpoorError('ctf/unknown-event', `the stream has no event class ${JSON.stringify(name)}`, {
        where: this.name,
      });
    }
    return index;
  }

  /**
   * Begins an event that the caller lays out itself, into {@link packetView}, and ends by {@link commit}, with nothing else
   * called between: for events whose fields are all on byte boundaries and known to fit, where an object of each and code
   * made for each class cost more than what is written.
   * @param classIndex its place in the stream class.
   * @param time clock value in ticks; not less than that of the event before.
   * @param mostBytes what its contexts and its payload take at most.
   * @returns the byte at which they begin.
   * @throws SpoorError `ctf/time-order`.
   */
  reserve(classIndex: number, time: bigint, mostBytes: number): number {
    this.refuseClosed();
    const ticks = this.ticksOf(time);
    const hi = Number(ticks >> 32n);
    const lo = Number(ticks & 0xffff_ffffn);
    if (!this.packets.isOpen) this.beginAt(hi, lo, this.packet);
    const at = this.packets.reserve(classIndex, hi, lo, mostBytes);
    this.lastTicks = ticks;
    return at;
  }

  /** The packet that {@link reserve} has made room in. */
  get packetView(): DataView {
    return this.packets.packetView;
  }

  /** Ends what {@link reserve} has begun. @param endByte the byte behind the last that was written. */
  commit(endByte: number): void {
    this.packets.commit(endByte);
  }

  private ticksOf(time: bigint | number): bigint {
    const ticks = BigInt(time);
    if (ticks < this.lastTicks) {
      throw new SpoorError(
        'ctf/time-order',
        `clock value ${ticks} after ${this.lastTicks}: the times of a stream do not decrease`,
        { where: this.name },
      );
    }
    if (ticks >= 1n << 64n) {
      throw new SpoorError('ctf/time-range', `clock value ${ticks} is beyond 64 bits`, { where: this.name });
    }
    return ticks;
  }

  private refuseClosed(): void {
    if (this.closed) throw new SpoorError('ctf/closed', 'the stream is closed', { where: this.name });
  }

  /**
   * Adds an event.
   * @param event name, id or class.
   * @param time clock value in ticks; not less than that of the event before.
   * @throws SpoorError `ctf/value-type`, `ctf/value-range` or `ctf/value-length` for a value that does not fit its
   * field, `ctf/time-order`, `ctf/unknown-event`; the stream is then as it was before.
   */
  append(
    event: string | bigint | EventClass,
    time: bigint | number,
    payload: WritableStructure = {},
    more: Omit<EventValues, 'payload'> = {},
  ): void {
    this.refuseClosed();
    const classIndex = this.classIndexOf(event);
    const ticks = this.ticksOf(time);
    const hi = Number(ticks >> 32n);
    const lo = Number(ticks & 0xffff_ffffn);
    try {
      if (!this.packets.isOpen) this.beginAt(hi, lo, this.packet);
      this.packets.append(classIndex, hi, lo, this.converter.event(classIndex, { ...more, payload }));
    } catch (error) {
      const { name } = this.streamClass.eventClasses[classIndex]!;
      if (!(error instanceof SpoorError) || !error.code.startsWith('ctf/value-')) throw error;
      throw new SpoorError(error.code, error.message, {
        where: `${name}: ${error.where ?? ''}`,
        cause: error.cause,
      });
    }
    this.lastTicks = ticks;
  }

  private beginAt(hi: number, lo: number, packet: PacketValues): void {
    this.packets.begin(hi, lo, this.converter.packet(packet), this.facts());
  }

  private facts(): { discardedEvents: bigint } {
    return { discardedEvents: this.discardedEvents };
  }

  /** Says that events were lost: the present packet (or the next) counts them, where packets have such a count. */
  discard(count: bigint | number): void {
    this.refuseClosed();
    this.discardedEvents += BigInt(count);
    this.packets.setFacts(this.facts());
  }

  /** Ends the present packet and begins another, whose first moment is `time` (a clock value in ticks). */
  beginPacket(time: bigint | number, packet: PacketValues = this.packet): void {
    this.refuseClosed();
    const ticks = this.ticksOf(time);
    this.beginAt(Number(ticks >> 32n), Number(ticks & 0xffff_ffffn), packet);
    this.lastTicks = ticks;
  }

  /** Ends the present packet, if one is open; the next event begins another. */
  endPacket(): void {
    this.packets.end();
  }

  /** Ends the last packet. The stream takes no more events. */
  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.packets.close();
  }
}

/** Writes a trace: the metadata at once, then any number of streams. */
export class TraceWriter {
  /** As it was given; what is written may differ where the version of CTF has no words for it. */
  readonly traceClass: TraceClass;
  private readonly output: TraceOutput;
  private readonly options: TraceWriterOptions;
  private readonly conversion: TraceConversion;
  /** By the indexes of the stream classes. */
  private readonly encoders: readonly StreamEncoder[];
  private readonly streams: StreamWriter[] = [];
  private readonly names = new Set<string>();

  constructor(traceClass: TraceClass, output: TraceOutput, options: TraceWriterOptions = {}) {
    this.traceClass = traceClass;
    this.output = output;
    this.options = options;
    this.conversion = convertTraceClass(traceClass, options.ctfVersion ?? '1.8');
    const text = new TextEncoder().encode(this.conversion.metadata);
    // What cannot be encoded is said before anything is written.
    this.encoders = this.conversion.streams.map(({ streamClass }) => {
      const encoder = new StreamEncoder(this.conversion.traceClass, streamClass, options);
      for (const [index, id] of encoder.ids.entries()) {
        encoder.planOf(index);
        encoder.checkId(id);
      }
      return encoder;
    });
    const metadata = output.create('metadata');
    metadata.write(text, text.length);
    metadata.close();
  }

  /** Opens a stream. */
  stream(options: StreamOptions = {}): StreamWriter {
    const { streamClasses } = this.traceClass;
    const wanted = options.classId === undefined ? undefined : BigInt(options.classId);
    const classIndex =
      wanted === undefined && streamClasses.length === 1
        ? 0
        : streamClasses.findIndex(({ id }) => id === wanted);
    const streamClass = streamClasses[classIndex];
    if (streamClass === undefined) {
      throw new SpoorError('ctf/unknown-stream', `the trace has no stream class ${wanted ?? '(say which)'}`);
    }
    const id = BigInt(options.id ?? this.streams.length);
    const name = options.name ?? `stream_${id}`;
    if (this.names.has(name) || name === 'metadata' || name.startsWith('.') || !/^[^/\\\0]+$/.test(name)) {
      throw new SpoorError('ctf/stream-name', `a stream's file cannot be named ${JSON.stringify(name)}`, {
        hint: this.names.has(name) ? 'another stream has the name' : 'give a plain file name',
      });
    }
    this.names.add(name);
    const packetSizeBytes = Math.max(leastPacketBytes, this.options.packetSizeBytes ?? defaultPacketBytes);
    const index = this.options.index === true ? this.output.create(`index/${name}.idx`) : undefined;
    const packets = new PacketWriter(
      this.encoders[classIndex]!,
      this.output.create(name),
      id,
      packetSizeBytes,
      index,
    );
    const stream = new StreamWriter(
      streamClass,
      name,
      packets,
      options.packet ?? {},
      this.conversion.streams[classIndex]!,
    );
    this.streams.push(stream);
    return stream;
  }

  /** Closes all streams. */
  close(): void {
    for (const stream of this.streams) stream.close();
  }
}

/**
 * Begins a trace.
 * @param traceClass parsed from text (`parseTsdl`), made by `describeTrace`, or taken from another trace.
 * @throws SpoorError `ctf/not-expressible` for a class that the version has no words for; nothing is written then.
 */
export function createTraceWriter(
  traceClass: TraceClass,
  output: TraceOutput,
  options: TraceWriterOptions = {},
): TraceWriter {
  return new TraceWriter(traceClass, output, options);
}
