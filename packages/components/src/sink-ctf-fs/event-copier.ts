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
  type ValueConverter,
  type WritableStructure,
} from '@spoor/ctf';
import { EventTicks } from '../source-ctf-fs/event-ticks.ts';
import type { Loss } from '../source-ctf-fs/trace-info.ts';
import type { OpenStream } from '../source-ctf-fs/trace-set.ts';
import type { CtfSinkOptions } from './parameters.ts';
import type { WrittenStream } from './written-stream.ts';

const leastPacketBytes = 65_536;

/** What cannot be copied: a field that shares bytes with others, and counts its bits from their other end. */
const notCopied = Infinity;

/** The greatest alignment in a field class; Infinity where its bits cannot be copied to another place. */
export function copyAlignment(fieldClass: FieldClass | undefined, countsFromLow: boolean): number {
  if (fieldClass === undefined) return 1;
  const isBits =
    'lengthBits' in fieldClass && (fieldClass.lengthBits % 8 !== 0 || fieldClass.alignmentBits % 8 !== 0);
  if (isBits && (fieldClass.byteOrder === 'le') !== countsFromLow) return notCopied;
  return childrenOf(fieldClass).reduce(
    (most, child) => Math.max(most, copyAlignment(child, countsFromLow)),
    alignmentOf(fieldClass),
  );
}

function ticksOf(hi: number, lo: number): bigint {
  return (BigInt(hi) << 32n) | BigInt(lo);
}

/** Copies one stream. */
export class EventCopier {
  private readonly stream: OpenStream;
  private readonly packets: PacketWriter;
  private readonly options: CtfSinkOptions;
  private readonly converter: ValueConverter;
  private readonly written: WrittenStream;
  private readonly countsFromLow: boolean;
  /** Greatest alignment in the body of each event class that was met; 0 where bodies cannot be copied. */
  private readonly alignments: (number | undefined)[] = [];
  private readonly ticks: EventTicks;
  private packetNumber = -1;
  private hasPackets = false;
  private readonly losses: readonly Loss[];
  private lossesTaken: number;

  /**
   * @param stream whose reader is in the packet of the first event to copy.
   * @param baseNs of the flow.
   * @param losses of the flow; they become more while it is read.
   */
  constructor(
    stream: OpenStream,
    written: WrittenStream,
    options: CtfSinkOptions,
    baseNs: bigint,
    losses: readonly Loss[],
  ) {
    this.stream = stream;
    this.losses = losses;
    // What was lost before the first packet is no gap in what is written.
    this.lossesTaken = losses.length;
    this.options = options;
    this.written = written;
    this.converter = written.conversion.converter();
    const { streamClass, id } = stream.info;
    const encoder = new StreamEncoder(written.traceClass, written.conversion.streamClass);
    // What is lowered may take more room, a number of variable length eight times as much.
    const growth = written.conversion.samePackets ? 2 : 4;
    const packetBytes = Math.max(leastPacketBytes, growth * stream.reader.packetPlace.sizeBytes);
    this.packets = new PacketWriter(encoder, written.sink, BigInt(id), packetBytes);
    this.countsFromLow = encoder.countsFromLow;
    this.ticks = new EventTicks(streamClass.clockClass, baseNs);
  }

  /** Copies the event noted at `bit` of the packet that the stream's reader holds. */
  copy(classIndex: number, timeNs: number, bit: number): void {
    const { stream, packets } = this;
    const { cursor, packetNumber } = stream.reader;
    this.ticks.set(timeNs);
    if (packetNumber !== this.packetNumber) {
      this.packetNumber = packetNumber;
      this.begin({});
    }
    const alignBits = (this.alignments[classIndex] ??= this.alignmentOfBody(classIndex));
    if (alignBits > 0) {
      const end = stream.decoder.eventEnd(cursor, classIndex, bit);
      if (packets.appendRaw(classIndex, this.ticks.hi, this.ticks.lo, cursor.bytes, bit, end, alignBits))
        return;
    }
    const values = this.converter.event(classIndex, this.valuesOf(classIndex, bit));
    packets.append(classIndex, this.ticks.hi, this.ticks.lo, values);
  }

  private alignmentOfBody(classIndex: number): number {
    const { stream, written, countsFromLow } = this;
    if (stream.decoder.notesHeaders || !written.conversion.hasSameBody(classIndex)) return 0;
    const { eventCommonContext, eventClasses } = stream.info.streamClass;
    const { specificContext, payload } = eventClasses[classIndex]!;
    const alignBits = Math.max(
      ...[eventCommonContext, specificContext, payload].map((scope) => copyAlignment(scope, countsFromLow)),
    );
    return alignBits === notCopied ? 0 : alignBits;
  }

  /** Begins a packet that says of its times what the one that the stream's reader holds says. */
  beginWholePacket(): void {
    const { properties, packetNumber } = this.stream.reader;
    const { hasBegin, beginHi, beginLo, hasEnd, endHi, endLo } = properties;
    this.packetNumber = packetNumber;
    this.begin({
      ...(hasBegin ? { beginTicks: ticksOf(beginHi, beginLo) } : {}),
      ...(hasEnd ? { endTicks: ticksOf(endHi, endLo) } : {}),
    });
  }

  /** Ends the present packet. */
  endPacket(): void {
    this.packets.end();
  }

  private begin(times: Pick<PacketFacts, 'beginTicks' | 'endTicks'>): void {
    const { reader, decoder } = this.stream;
    const { properties } = reader;
    this.packets.end();
    const { ignoreDiscardedEvents } = this.options;
    const facts: PacketFacts = {
      ...times,
      ...(ignoreDiscardedEvents || !properties.hasDiscarded
        ? {}
        : { discardedEvents: ticksOf(properties.discardedHi, properties.discardedLo) }),
      sequenceNumber: this.nextNumber(),
    };
    const scopes = decoder.packetValues(reader.head, reader.contextEndBit);
    this.packets.begin(
      this.ticks.hi,
      this.ticks.lo,
      this.converter.packet({
        ...(scopes['packet-header'] === undefined ? {} : { header: scopes['packet-header'] }),
        ...(scopes['packet-context'] === undefined ? {} : { context: scopes['packet-context'] }),
      }),
      facts,
    );
    this.hasPackets = true;
  }

  /**
   * Number of the packet that begins. Those of the source are not taken over but for the first: a filter may have left
   * packets out, or have made one of several, and readers take each number that is missing for a packet that was lost.
   */
  private nextNumber(): bigint {
    if (this.options.ignoreDiscardedPackets) return this.packets.nextSequenceNumber;
    const lost = this.takeLostPackets();
    if (this.hasPackets) return this.packets.nextSequenceNumber + lost;
    const { sequenceNumber } = this.stream.reader.properties;
    return sequenceNumber === absent ? 0n : BigInt(sequenceNumber);
  }

  /** How many packets of the stream were lost since this was asked last. */
  private takeLostPackets(): bigint {
    const { losses } = this;
    const { path, index } = this.stream.info;
    let lost = 0n;
    for (; this.lossesTaken < losses.length; this.lossesTaken++) {
      const { kind, count = 0n, stream } = losses[this.lossesTaken]!;
      // Filters describe streams anew.
      if (kind === 'packets' && stream.path === path && stream.index === index) lost += count;
    }
    return lost;
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
