/**
 * Writes the packets of one stream: events are encoded into a buffer, and the packet goes out when it is full, with its
 * header and context written last, when sizes and times are known.
 */
import { SpoorError } from '@spoor/base';
import { packetPaddingBytes, type Halves } from './bits.ts';
import type { EventValues } from './encode-values.ts';
import type { Role } from './model.ts';
import { packetIndexEntry, packetIndexHeader } from './packet-index-writer.ts';
import type { EncodeEvent, PacketValues, StreamEncoder } from './stream-encoder.ts';
import { largestPacketBytes } from './stream-reader.ts';

/** Where bytes go, in order. */
export interface ByteSink {
  /** Takes all of the first `length` bytes before it returns; the buffer is used again afterwards. */
  write(bytes: Uint8Array, length: number): void;
  close(): void;
}

/** What a packet says of its stream, beside what its events say. Absent: what the events and the packet before imply. */
export interface PacketFacts {
  readonly beginTicks?: bigint;
  readonly endTicks?: bigint;
  /** Events lost in the stream up to the packet's end. */
  readonly discardedEvents?: bigint;
  readonly sequenceNumber?: bigint;
}

const noEvents: EventValues = { header: {} };
const noExternals: readonly number[] = [];
/** Up to here a loop is quicker than making a view. */
const mostLoopedBytes = 128;

function halvesOf(value: bigint): Halves {
  return { hi: Number((value >> 32n) & 0xffff_ffffn), lo: Number(value & 0xffff_ffffn) };
}

function ticksOf(hi: number, lo: number): bigint {
  return (BigInt(hi) << 32n) | BigInt(lo);
}

/** The packets of one stream on their way out. */
export class PacketWriter {
  readonly encoder: StreamEncoder;
  private readonly sink: ByteSink;
  private readonly index: ByteSink | undefined;
  private readonly streamId: bigint;
  private readonly packetSizeBytes: number;
  private readonly splits: boolean;
  private readonly saysTotal: boolean;
  private readonly saysContent: boolean;
  private readonly beginBits: number;
  private bytes: Uint8Array<ArrayBuffer>;
  private view: DataView;
  private endBit: number;
  private open = false;
  /** End of the packet's header and context, and of its last event, in bits. */
  private headEnd = 0;
  private bit = 0;
  private eventCount = 0;
  private values: PacketValues = {};
  private facts: PacketFacts = {};
  private beginHi = 0;
  private beginLo = 0;
  private clockHi = 0;
  private clockLo = 0;
  private reservedHi = 0;
  private reservedLo = 0;
  private packetCount = 0n;
  private nextSequence = 0n;
  private writtenBytes = 0;
  private externals: (readonly number[] | undefined)[] = [];

  /** @param packetSizeBytes a packet is ended before it would grow beyond this, unless one event alone does. */
  constructor(
    encoder: StreamEncoder,
    sink: ByteSink,
    streamId: bigint,
    packetSizeBytes: number,
    index?: ByteSink,
  ) {
    this.encoder = encoder;
    this.sink = sink;
    this.index = index;
    this.streamId = streamId;
    this.packetSizeBytes = packetSizeBytes;
    this.saysTotal = encoder.hasRole('packet-total-length');
    this.saysContent = encoder.hasRole('packet-content-length');
    this.splits = this.saysTotal || this.saysContent;
    this.beginBits = encoder.roleBits('default-clock-timestamp');
    this.bytes = new Uint8Array(packetSizeBytes + packetPaddingBytes);
    this.view = new DataView(this.bytes.buffer);
    this.endBit = packetSizeBytes * 8;
    if (index !== undefined) {
      const header = packetIndexHeader();
      index.write(header, header.length);
    }
  }

  /** Clock value of the last event, or of the packet's beginning. */
  get clockTicks(): bigint {
    return ticksOf(this.clockHi, this.clockLo);
  }

  /** Sequence number of the next packet that is told none: one more than that of the last one that was ended. */
  get nextSequenceNumber(): bigint {
    return this.nextSequence;
  }

  /** Whether a packet is begun. */
  get isOpen(): boolean {
    return this.open;
  }

  /** Begins a packet at a clock value; the packet before it, if open, is ended. */
  begin(hi: number, lo: number, values: PacketValues = this.values, said?: PacketFacts): void {
    if (this.open) this.end();
    const { discardedEvents } = this.facts;
    const facts = said ?? (discardedEvents === undefined ? {} : { discardedEvents });
    if (this.packetCount > 0n && !this.splits) {
      throw new SpoorError(
        'ctf/not-expressible',
        'a stream whose packets do not say their size has one packet only',
      );
    }
    this.values = values;
    this.facts = facts;
    const begin = facts.beginTicks === undefined ? { hi, lo } : halvesOf(facts.beginTicks);
    if (this.beginBits > 0) {
      const ahead = (begin.hi - this.clockHi) * 0x1_0000_0000 + (begin.lo - this.clockLo);
      if (this.beginBits < 64 && !(ahead >= 0 && ahead < 2 ** this.beginBits)) {
        throw new SpoorError(
          'ctf/not-expressible',
          `a packet begins ${ahead} ticks after what was before, which ${this.beginBits} bits of clock cannot say`,
        );
      }
      this.clockHi = begin.hi;
      this.clockLo = begin.lo;
    }
    this.beginHi = begin.hi;
    this.beginLo = begin.lo;
    this.eventCount = 0;
    this.externals = [];
    for (;;) {
      this.headEnd = this.writeHead(0, 0);
      if (this.headEnd >= 0) break;
      this.grow();
    }
    this.bit = this.headEnd;
    this.open = true;
  }

  private writeHead(contentBits: number, totalBits: number): number {
    const { facts } = this;
    const roles = new Map<Role, Halves>([
      ['packet-magic-number', { hi: 0, lo: 0xc1fc1fc1 }],
      ['data-stream-class-id', halvesOf(this.encoder.streamClass.id)],
      ['data-stream-id', halvesOf(this.streamId)],
      ['packet-content-length', halvesOf(BigInt(contentBits))],
      ['packet-total-length', halvesOf(BigInt(totalBits))],
      ['default-clock-timestamp', { hi: this.beginHi, lo: this.beginLo }],
      ['packet-end-default-clock-timestamp', halvesOf(facts.endTicks ?? this.clockTicks)],
      ['discarded-event-record-counter-snapshot', halvesOf(facts.discardedEvents ?? 0n)],
      ['packet-sequence-number', halvesOf(facts.sequenceNumber ?? this.nextSequence)],
    ]);
    return this.encoder.encodePacket(this.bytes, this.endBit, roles, this.values);
  }

  private grow(): void {
    const sizeBytes = (this.bytes.length - packetPaddingBytes) * 2;
    if (sizeBytes > largestPacketBytes) {
      throw new SpoorError('ctf/packet-size', `a packet would be larger than ${largestPacketBytes} bytes`);
    }
    const bytes = new Uint8Array(sizeBytes + packetPaddingBytes);
    bytes.set(this.bytes);
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer);
    this.endBit = sizeBytes * 8;
  }

  /** Sets what the present packet will say; see {@link PacketFacts}. */
  setFacts(facts: PacketFacts): void {
    this.facts = { ...this.facts, ...facts };
  }

  /**
   * Adds an event. The packet before it is ended when it is full, or when the time since its last event is more than
   * the header can tell.
   * @throws SpoorError for values that do not fit; the stream is then as it was before.
   */
  append(classIndex: number, hi: number, lo: number, values: EventValues): void {
    this.write(classIndex, hi, lo, values, undefined, 0, 0, 1);
  }

  /**
   * Adds an event whose contexts and payload are bits `start` to `end` of a packet of the same stream class.
   * @param alignBits the greatest alignment in them.
   * @returns false, with nothing written, when the bits would lie otherwise aligned here than they lay there.
   */
  appendRaw(
    classIndex: number,
    hi: number,
    lo: number,
    source: Uint8Array,
    start: number,
    end: number,
    alignBits: number,
  ): boolean {
    return this.write(classIndex, hi, lo, noEvents, source, start, end, alignBits);
  }

  private write(
    classIndex: number,
    hi: number,
    lo: number,
    values: EventValues,
    source: Uint8Array | undefined,
    sourceStart: number,
    sourceEnd: number,
    alignBits: number,
  ): boolean {
    const { encoder } = this;
    const id = encoder.ids[classIndex]!;
    if (!this.open) this.begin(hi, lo);
    for (;;) {
      const form = this.formFor(classIndex, hi, lo);
      const after =
        source === undefined
          ? this.encode(encoder.eventEncoder(classIndex, form), classIndex, id, hi, lo, values)
          : this.copy(encoder.headerEncoder(form), id, hi, lo, source, sourceStart, sourceEnd, alignBits);
      if (after === misaligned) return false;
      if (after >= 0) {
        this.ended(after, hi, lo);
        return true;
      }
      this.makeRoom(hi, lo);
    }
  }

  /** The form of an event's header; the packet before it is ended when none can tell the time since its last event. */
  private formFor(classIndex: number, hi: number, lo: number): number {
    const { encoder } = this;
    const ticks = (hi - this.clockHi) * 0x1_0000_0000 + (lo - this.clockLo);
    const form = encoder.formOf(classIndex, ticks);
    if (form >= 0) return form;
    encoder.checkId(encoder.ids[classIndex]!);
    if (this.eventCount === 0 || !this.splits || this.beginBits < 64) {
      throw new SpoorError(
        'ctf/not-expressible',
        `an event ${ticks} ticks after what was before it, which no event header of the stream can tell`,
      );
    }
    this.begin(hi, lo);
    return this.formFor(classIndex, hi, lo);
  }

  /** For an event that the packet has no room for. */
  private makeRoom(hi: number, lo: number): void {
    if (this.eventCount > 0 && this.splits) this.begin(hi, lo);
    else this.grow();
  }

  /** An event is written up to a bit. */
  private ended(after: number, hi: number, lo: number): void {
    this.bit = after;
    this.eventCount++;
    this.clockHi = hi;
    this.clockLo = lo;
    // The one event that was too large for a packet of its own.
    if (this.splits && after > this.packetSizeBytes * 8) this.end();
  }

  /**
   * Writes the header of an event whose contexts and payload the caller writes itself, into {@link packetView}: they are of
   * whole bytes. Nothing else may be called before {@link commit}.
   * @param mostBytes what they take at most.
   * @returns where they begin.
   */
  reserve(classIndex: number, hi: number, lo: number, mostBytes: number): number {
    const { encoder } = this;
    const id = encoder.ids[classIndex]!;
    if (!this.open) this.begin(hi, lo);
    for (;;) {
      const encodeHeader = encoder.headerEncoder(this.formFor(classIndex, hi, lo));
      const { bytes, view, bit, endBit } = this;
      const first = bit >>> 3;
      const held = bytes[first]!;
      const after = encodeHeader(bytes, view, bit, endBit, noEvents, noExternals, id, hi, lo);
      const at = (after + 7) >>> 3;
      if (after >= 0 && (at + mostBytes) * 8 <= endBit) {
        this.reservedHi = hi;
        this.reservedLo = lo;
        return at;
      }
      this.restore(first, held);
      this.makeRoom(hi, lo);
    }
  }

  /** The bytes of the packet; another view after each {@link reserve}, perhaps. */
  get packetView(): DataView {
    return this.view;
  }

  /** Ends the event that room was reserved for. @param endByte where what was written of it ends. */
  commit(endByte: number): void {
    this.ended(endByte * 8, this.reservedHi, this.reservedLo);
  }

  private encode(
    encode: EncodeEvent,
    classIndex: number,
    id: number,
    hi: number,
    lo: number,
    values: EventValues,
  ): number {
    const ext = (this.externals[classIndex] ??= this.encoder.externalsOf(
      classIndex,
      this.bytes,
      this.headEnd,
    ));
    const first = this.bit >>> 3;
    const held = this.bytes[first]!;
    let after = -1;
    try {
      after = encode(this.bytes, this.view, this.bit, this.endBit, values, ext, id, hi, lo);
    } finally {
      // What was begun and not ended is taken back, so that padding is zero.
      if (after < 0) this.restore(first, held);
    }
    return after;
  }

  private restore(first: number, held: number): void {
    this.bytes.fill(0, first);
    this.bytes[first] = held;
  }

  private copy(
    encodeHeader: EncodeEvent,
    id: number,
    hi: number,
    lo: number,
    source: Uint8Array,
    start: number,
    end: number,
    alignBits: number,
  ): number {
    const first = this.bit >>> 3;
    const held = this.bytes[first]!;
    const at = encodeHeader(this.bytes, this.view, this.bit, this.endBit, noEvents, noExternals, id, hi, lo);
    const after = at + end - start;
    if (at < 0 || after > this.endBit) {
      this.restore(first, held);
      return -1;
    }
    if ((at - start) % Math.max(8, alignBits) !== 0) {
      this.restore(first, held);
      return misaligned;
    }
    const from = start >>> 3;
    const to = at >>> 3;
    const shared = this.bytes[to]!;
    const length = ((end + 7) >>> 3) - from;
    if (length <= mostLoopedBytes) {
      const { bytes } = this;
      for (let index = 0; index < length; index++) bytes[to + index] = source[from + index]!;
    } else {
      this.bytes.set(source.subarray(from, from + length), to);
    }
    if ((at & 7) !== 0) this.joinFirst(to, shared, at & 7);
    if ((after & 7) !== 0) this.clearAfter(after);
    return after;
  }

  /** Puts the header's last bits back into a byte that header and body share. */
  private joinFirst(at: number, header: number, bits: number): void {
    const mask = this.encoder.countsFromLow ? (1 << bits) - 1 : 0xff & ~(0xff >>> bits);
    this.bytes[at] = (this.bytes[at]! & ~mask) | (header & mask);
  }

  private clearAfter(bit: number): void {
    const mask = this.encoder.countsFromLow ? (1 << (bit & 7)) - 1 : 0xff & ~(0xff >>> (bit & 7));
    this.bytes[bit >>> 3]! &= mask;
  }

  /** Ends the packet and hands it to the sink. */
  end(): void {
    if (!this.open) return;
    const contentBits = this.bit;
    if (contentBits % 8 !== 0 && !(this.saysTotal && this.saysContent)) {
      throw new SpoorError(
        'ctf/not-expressible',
        `a packet of ${contentBits} bits, in a stream whose packets do not say both sizes`,
      );
    }
    const sizeBytes = Math.ceil(contentBits / 8);
    const headEnd = this.writeHead(contentBits, sizeBytes * 8);
    if (headEnd !== this.headEnd) {
      throw new SpoorError('ctf/not-expressible', 'a packet context whose size depends on the packet');
    }
    this.sink.write(this.bytes, sizeBytes);
    if (this.index !== undefined) {
      const facts = {
        sizeBytes,
        contentBits,
        beginTicks: ticksOf(this.beginHi, this.beginLo),
        endTicks: this.facts.endTicks ?? this.clockTicks,
        discardedEvents: this.facts.discardedEvents ?? 0n,
        streamId: this.encoder.streamClass.id,
        streamInstanceId: this.streamId,
        sequenceNumber: this.facts.sequenceNumber ?? this.nextSequence,
      };
      const entry = packetIndexEntry(facts, this.writtenBytes);
      this.index.write(entry, entry.length);
    }
    this.writtenBytes += sizeBytes;
    this.packetCount += 1n;
    this.nextSequence = (this.facts.sequenceNumber ?? this.nextSequence) + 1n;
    this.open = false;
    if (this.bytes.length > this.packetSizeBytes + packetPaddingBytes) {
      this.bytes = new Uint8Array(this.packetSizeBytes + packetPaddingBytes);
      this.view = new DataView(this.bytes.buffer);
      this.endBit = this.packetSizeBytes * 8;
    } else {
      this.bytes.fill(0, 0, sizeBytes);
    }
  }

  /** Ends the last packet and closes the sinks. */
  close(): void {
    this.end();
    this.sink.close();
    this.index?.close();
  }
}

const misaligned = -2;
