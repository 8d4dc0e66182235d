/**
 * Copies the events of a stream that came through a filter: bodies as they are where they lie alike, else decoded and
 * encoded; headers, and the packets around them, are new.
 */
import {
  absent,
  alignmentOf,
  childrenOf,
  PacketWriter,
  StreamEncoder,
  type EventValues,
  type FieldClass,
  type PacketFacts,
  type Scope,
  type StreamConversion,
  type WritableStructure,
} from '@spoor/ctf';
import { clockOffsetNs, cursorOrigin, nanosecondsOfTicks } from '../source-ctf-fs/clock.ts';
import type { OpenStream } from '../source-ctf-fs/trace-set.ts';
import type { CtfSinkOptions } from './parameters.ts';
import type { WrittenStream } from './written-stream.ts';

const word = 0x1_0000_0000;
const leastPacketBytes = 65_536;
/** A tick conversion is off by rounding only, so the right one is near. */
const farthestTick = 64n;

function greatestAlignment(fieldClass: FieldClass | undefined): number {
  if (fieldClass === undefined) return 1;
  return childrenOf(fieldClass).reduce(
    (most, child) => Math.max(most, greatestAlignment(child)),
    alignmentOf(fieldClass),
  );
}

/** Copies one stream. */
export class EventCopier {
  private readonly stream: OpenStream;
  private readonly packets: PacketWriter;
  private readonly options: CtfSinkOptions;
  private readonly conversion: StreamConversion;
  /** Greatest alignment in the body of each event class; 0 where bodies cannot be copied. */
  private readonly alignments: readonly number[];
  private readonly originHi: number;
  private readonly originLo: number;
  /** Nanoseconds from the clock's value 0 to the flow's base, for clocks that do not tick in them. */
  private readonly scaledOriginNs: bigint | undefined;
  private packetNumber = -1;
  private packetCount = 0n;
  private hi = 0;
  private lo = 0;

  /**
   * @param stream whose reader is in the packet of the first event to copy.
   * @param baseNs of the flow.
   */
  constructor(stream: OpenStream, written: WrittenStream, options: CtfSinkOptions, baseNs: bigint) {
    this.stream = stream;
    this.options = options;
    this.conversion = written.conversion;
    const { streamClass, id } = stream.info;
    const encoder = new StreamEncoder(written.traceClass, written.conversion.streamClass);
    const packetBytes = Math.max(leastPacketBytes, 2 * stream.reader.packetPlace.sizeBytes);
    this.packets = new PacketWriter(encoder, written.sink, BigInt(id), packetBytes);
    const { eventCommonContext, eventClasses, clockClass } = streamClass;
    const common = greatestAlignment(eventCommonContext);
    this.alignments = eventClasses.map(({ specificContext, payload }, index) =>
      stream.decoder.notesHeaders || !written.conversion.events[index]!.sameBody
        ? 0
        : Math.max(common, greatestAlignment(specificContext), greatestAlignment(payload)),
    );
    const ticksInNs = clockClass?.frequencyHz === 1_000_000_000n;
    const origin =
      clockClass !== undefined && ticksInNs ? cursorOrigin(clockClass, baseNs) : { hi: 0, lo: 0 };
    this.originHi = origin.hi;
    this.originLo = origin.lo;
    this.scaledOriginNs =
      clockClass === undefined || ticksInNs ? undefined : baseNs - clockOffsetNs(clockClass);
  }

  /** Copies the event noted at `bit` of the packet that the stream's reader holds. */
  copy(classIndex: number, timeNs: number, bit: number): void {
    const { stream, packets } = this;
    const { cursor, packetNumber } = stream.reader;
    this.toTicks(timeNs);
    if (packetNumber !== this.packetNumber) {
      this.packetNumber = packetNumber;
      this.beginPacket();
    }
    const alignBits = this.alignments[classIndex]!;
    if (alignBits > 0) {
      const end = stream.decoder.eventEnd(cursor, classIndex, bit);
      if (packets.appendRaw(classIndex, this.hi, this.lo, cursor.bytes, bit, end, alignBits)) return;
    }
    const values = this.conversion.events[classIndex]!.values(this.valuesOf(classIndex, bit));
    packets.append(classIndex, this.hi, this.lo, values);
  }

  /** Sets the clock value of a time. */
  private toTicks(timeNs: number): void {
    if (this.scaledOriginNs !== undefined) {
      this.scaledToTicks(BigInt(timeNs) + this.scaledOriginNs);
      return;
    }
    const high = Math.floor(timeNs / word);
    const low = this.originLo + (timeNs - high * word);
    this.hi = this.originHi + high + (low >= word ? 1 : 0);
    this.lo = low >>> 0;
  }

  /** The first clock value that becomes this many nanoseconds again when it is read. */
  private scaledToTicks(ns: bigint): void {
    const { frequencyHz } = this.stream.info.streamClass.clockClass!;
    const least = (ns * frequencyHz + 999_999_999n) / 1_000_000_000n;
    let ticks = least;
    for (let away = 0n; away <= farthestTick; away++) {
      const found = [least + away, least - away].find(
        (candidate) => candidate >= 0n && nanosecondsOfTicks(frequencyHz, candidate) === ns,
      );
      if (found === undefined) continue;
      ticks = found;
      break;
    }
    this.hi = Number(ticks >> 32n);
    this.lo = Number(ticks & 0xffff_ffffn);
  }

  private beginPacket(): void {
    const { reader, decoder } = this.stream;
    const { properties, cursor } = reader;
    const { ignoreDiscardedEvents, ignoreDiscardedPackets } = this.options;
    const facts: PacketFacts = {
      ...(ignoreDiscardedEvents || !properties.hasDiscarded
        ? {}
        : { discardedEvents: (BigInt(properties.discardedHi) << 32n) | BigInt(properties.discardedLo) }),
      sequenceNumber:
        ignoreDiscardedPackets || properties.sequenceNumber === absent
          ? this.packetCount
          : BigInt(properties.sequenceNumber),
    };
    const scopes = decoder.packetValues(cursor.bytes, reader.contextEndBit);
    this.packets.begin(
      this.hi,
      this.lo,
      this.conversion.packetValues({
        ...(scopes['packet-header'] === undefined ? {} : { header: scopes['packet-header'] }),
        ...(scopes['packet-context'] === undefined ? {} : { context: scopes['packet-context'] }),
      }),
      facts,
    );
    this.packetCount += 1n;
  }

  private valuesOf(classIndex: number, bit: number): EventValues {
    const { decoder, reader } = this.stream;
    const { bytes, view, externals } = reader.cursor;
    const read = (scope: Scope): WritableStructure =>
      (decoder.accessor(classIndex, scope)(bytes, view, bit, externals) ?? {}) as WritableStructure;
    return {
      header: read('event-header'),
      commonContext: read('event-common-context'),
      specificContext: read('event-specific-context'),
      payload: read('event-payload'),
    };
  }

  /** Ends the last packet and the stream's file. */
  close(): void {
    this.packets.close();
  }
}
