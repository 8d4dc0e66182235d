/**
 * Reads the packets of one stream, one after the other, into one buffer that is used again. Memory stays at the
 * size of a packet whatever the size of the stream. Trouble in a packet is reported and the rest of it left out;
 * the events before it are kept.
 */
import { SpoorError } from '@spoor/base';
import { packetPaddingBytes } from './bits.ts';
import { EnumValue, type FieldValue } from './field-value.ts';
import { timeNsAt } from './interpret-scan.ts';
import { PacketCursor, PacketProperties } from './packet-cursor.ts';
import { findPacket } from './find-packet.ts';
import type { PacketHeaderDecoder, StreamDecoder } from './stream-decoder.ts';

/** Bytes that can be read at any place: a file, a response, an array. */
export interface ByteSource {
  /** For messages. */
  readonly name: string;
  readonly sizeBytes: number;
  /** Whether bytes may have to be fetched first: `read` then throws {@link BytesAwaited}. */
  readonly isRemote?: boolean;
  /** Reads up to `length` bytes at `position` into `into` from index 0 on; returns how many, 0 only at the end. */
  read(into: Uint8Array, length: number, position: number): number;
  /** The bytes of LTTng's index of its packets, if there is one. */
  packetIndex?(): Uint8Array | undefined;
}

/** Where to begin with a stream. */
export interface ReaderStart {
  /** Packets that end before this clock value are passed over unread. */
  readonly skipBeforeTicks: bigint;
  /** Index of the source and position of the packet to begin with; what was lost before it is not told. */
  readonly sourceIndex: number;
  readonly byte: number;
}

/**
 * Thrown by `read` when the bytes are not at hand yet. What was asked for has changed nothing that matters: once
 * `arrival` is fulfilled, the same call is made again.
 */
export class BytesAwaited extends Error {
  /** Rejects when the bytes cannot be had. */
  readonly arrival: Promise<void>;

  constructor(name: string, arrival: Promise<void>) {
    super(`${name}: its bytes have yet to come; read it with \`for await\``);
    this.name = 'BytesAwaited';
    this.arrival = arrival;
  }
}

/**
 * Makes an attempt until all bytes that it needs have come.
 * @param attempt must be such that it may be made again after it threw {@link BytesAwaited}.
 */
export async function whenArrived<Result>(attempt: () => Result): Promise<Result> {
  for (;;) {
    try {
      return attempt();
    } catch (error) {
      if (!(error instanceof BytesAwaited)) throw error;
      await error.arrival;
    }
  }
}

/** No packet may be larger: it is read as a whole. */
export const largestPacketBytes: number = 128 * 1024 * 1024;

/** Damaged packets of a stream that are told one by one. */
const mostReports = 20;

/** Damaged packets inside of which others are looked for. */
const mostBackSearches = 100;

const magic = 0xc1fc1fc1;

/** What a stream tells of losses between two packets (or before the first). */
export interface LossReport {
  readonly kind: 'events' | 'packets';
  /** How many, if the trace says. */
  readonly count?: bigint;
  /** Clock values, in ticks, between which it happened. */
  readonly beginTicks?: bigint;
  readonly endTicks?: bigint;
}

/** Bytes of a packet, as far as its file has them. */
export interface PacketPlace {
  readonly source: ByteSource;
  readonly startByte: number;
  readonly sizeBytes: number;
}

/** Who hears of what a reader meets. */
export interface ReaderListener {
  /** The stream is damaged; `message` is one line that names the file. */
  damaged(message: string): void;
  lost(report: LossReport): void;
}

function ticks(hi: number, lo: number): bigint {
  return (BigInt(hi) << 32n) | BigInt(lo);
}

/** Reads a stream made of one or more files, in order. */
export class StreamReader {
  readonly cursor: PacketCursor = new PacketCursor();
  /** Of the packet that the cursor is in. */
  readonly properties: PacketProperties = new PacketProperties();
  /** Where the packet's events start, in bits. */
  contextEndBit = 0;
  /** Counts packets entered, so that what is derived from one can be kept until the next. */
  packetNumber = 0;
  /**
   * When the packet before ended or this one began, whichever is later, as time after the base; -Infinity if the trace
   * does not say. A merge that goes by packets as well as events does not hand out a packet's events before that.
   */
  boundaryNs: number = -Infinity;
  /** Whether the stream is damaged: something was reported. */
  damaged = false;
  private reports = 0;
  /** Events that the trace says were lost, as far as read. */
  discardedEvents = 0n;
  private readonly sources: readonly ByteSource[];
  private readonly headerDecoder: PacketHeaderDecoder;
  private readonly decoder: StreamDecoder;
  private readonly listener: ReaderListener;
  private readonly leastChunkBytes: number;
  /** Packets that end before this clock value are passed over unread. */
  private readonly skipBeforeTicks: bigint;
  /** Whether the first packet that is entered is not the stream's first. */
  private readonly beginsInside: boolean = false;
  private sourceIndex = 0;
  private packetStart = 0;
  private nextStart = 0;
  /** The bytes from `chunkStart` on of the present source, `chunkLength` of them. */
  private chunk = new Uint8Array(packetPaddingBytes);
  private chunkStart = 0;
  private chunkLength = 0;
  private truncated = false;
  /** Where the present packet begins, if something was wrong inside it; -1 otherwise. */
  private brokenStart = -1;
  /** From where on the next packet is to be looked for; -1 where its place is known. */
  private searchFrom = -1;
  private backSearches = 0;
  /** Time of the last event, as time after the base. */
  private lastEventNs = -Infinity;
  /** When the present packet ends, as time after the base. */
  private endNs = -Infinity;
  private readonly beginBits: number;
  private previous:
    { readonly discarded?: bigint; readonly sequence?: number; readonly end?: bigint } | undefined;

  constructor(
    sources: readonly ByteSource[],
    headerDecoder: PacketHeaderDecoder,
    decoder: StreamDecoder,
    listener: ReaderListener,
    leastChunkBytes: number,
    start?: ReaderStart,
  ) {
    this.sources = sources;
    this.headerDecoder = headerDecoder;
    this.decoder = decoder;
    this.listener = listener;
    this.leastChunkBytes = leastChunkBytes;
    this.skipBeforeTicks = start?.skipBeforeTicks ?? 0n;
    if (start !== undefined) {
      this.sourceIndex = start.sourceIndex;
      this.nextStart = start.byte;
      this.beginsInside = start.sourceIndex > 0 || start.byte > 0;
    }
    let beginBits = 64;
    for (const { fieldClass } of decoder.streamClass.packetContext?.members ?? []) {
      if (fieldClass.kind === 'integer' && fieldClass.roles.includes('default-clock-timestamp')) {
        beginBits = fieldClass.lengthBits;
      }
    }
    this.beginBits = beginBits;
  }

  /** All that there is to read. */
  get sizeBytes(): number {
    return this.sources.reduce((sum, source) => sum + source.sizeBytes, 0);
  }

  /** Where the packet that the cursor is in lies, so that it can be read again. */
  get packetPlace(): PacketPlace {
    const source = this.sources[Math.min(this.sourceIndex, this.sources.length - 1)]!;
    const sizeBytes = Math.min(this.nextStart, source.sizeBytes) - this.packetStart;
    return { source, startByte: this.packetStart, sizeBytes };
  }

  /** Number of the source that the present packet lies in. */
  get sourceNumber(): number {
    return Math.min(this.sourceIndex, this.sources.length - 1);
  }

  /** Where in its source the present packet begins. */
  get packetByte(): number {
    return this.packetStart;
  }

  /**
   * Moves the cursor to a packet that this or another reader of the stream was in.
   * @returns false where it is not there any more.
   */
  returnTo(sourceNumber: number, packetByte: number): boolean {
    const source = this.sources[sourceNumber];
    if (source === undefined) return false;
    if (sourceNumber !== this.sourceIndex) {
      this.chunkLength = 0;
      this.chunkStart = 0;
    }
    this.sourceIndex = sourceNumber;
    this.packetStart = packetByte;
    if (!this.enter(source)) return false;
    this.load(source);
    return true;
  }

  /** Reports damage of the packet that the cursor is in. */
  reportDamage(problem: string): void {
    const source = this.sources[Math.min(this.sourceIndex, this.sources.length - 1)]!;
    this.damaged = true;
    this.reports += 1;
    if (this.reports > mostReports + 1) return;
    this.listener.damaged(
      this.reports > mostReports
        ? `${source.name}: more of its packets are damaged, which is not told one by one`
        : `${source.name}: packet at byte ${this.packetStart}: ${problem}`,
    );
  }

  /**
   * Says why a scan of the packet stopped short: at damage, or because the file ends inside the packet.
   * @param problem the cursor's, when the scan's status was `broken`.
   */
  reportScanEnd(problem: string | undefined): void {
    const { cursor, decoder } = this;
    if (cursor.stepsBack > 0) {
      const times = cursor.stepsBack === 1 ? 'once' : `${cursor.stepsBack} times, first`;
      this.reportDamage(`time goes back in it ${times} at bit ${cursor.stepBackBit}`);
      cursor.stepsBack = 0;
    }
    if (cursor.bit > this.contextEndBit) {
      this.lastEventNs = timeNsAt(decoder.time, cursor, cursor.clockHi, cursor.clockLo);
    }
    this.brokenStart = problem === undefined ? -1 : this.packetStart;
    if (this.truncated) {
      this.reportDamage('the file ends inside the packet (truncated?)');
      this.truncated = false;
      // Or its size is wrong, and other packets follow in the file.
      if (problem !== undefined && this.mayGoBack()) this.searchFrom = this.packetStart + 1;
    } else if (problem !== undefined) {
      this.reportDamage(`${problem} (at bit ${cursor.bit}); the rest of the packet is left out`);
    }
  }

  /** Whether bytes that were read may be read again: not so often that a file made for it takes for ever. */
  private mayGoBack(): boolean {
    this.backSearches += 1;
    return this.backSearches <= mostBackSearches;
  }

  /** Takes notice of the time of the packet's first event, which may be before that of the last event. */
  noteFirstEvent(timeNs: number): void {
    if (timeNs >= this.lastEventNs) return;
    this.reportDamage(
      `time goes back by ${this.lastEventNs - timeNs} ns from the packet before to its first event, at bit ${this.contextEndBit}`,
    );
  }

  /**
   * Moves the cursor to the start of the next packet's events.
   * @returns false at the end of the stream, or when it cannot be followed further.
   * @throws BytesAwaited of a remote source; the next call then tries the same packet.
   */
  nextPacket(): boolean {
    for (;;) {
      const source = this.sources[this.sourceIndex];
      if (source === undefined) return false;
      if (this.searchFrom >= 0) {
        // Again from here, if its bytes have to be awaited.
        this.nextStart = findPacket(source, this.headerDecoder, this.searchFrom) ?? source.sizeBytes;
        this.searchFrom = -1;
        continue;
      }
      if (this.nextStart >= source.sizeBytes) {
        this.sourceIndex += 1;
        this.nextStart = 0;
        this.brokenStart = -1;
        this.chunkLength = 0;
        this.chunkStart = 0;
        continue;
      }
      this.packetStart = this.nextStart;
      const entered = this.enter(source);
      if (!entered) {
        // A header that is wrong does not say where the next packet is. If the packet before was damaged, its size may
        // have been, too.
        this.searchFrom =
          (this.brokenStart >= 0 && this.mayGoBack() ? this.brokenStart : this.packetStart) + 1;
        this.brokenStart = -1;
        continue;
      }
      this.brokenStart = -1;
      if (!this.isEarly()) {
        this.load(source);
        return true;
      }
    }
  }

  private fill(source: ByteSource, start: number, wanted: number): void {
    if (this.chunk.length < wanted + packetPaddingBytes) {
      this.chunk = new Uint8Array(wanted + packetPaddingBytes);
    }
    let length = 0;
    // Until all has come, the chunk holds nothing.
    this.chunkLength = 0;
    while (length < wanted) {
      const part = length === 0 ? this.chunk : this.chunk.subarray(length);
      const count = source.read(part, wanted - length, start + length);
      if (count === 0) break;
      length += count;
    }
    this.chunk.fill(0, length, length + packetPaddingBytes);
    this.chunkStart = start;
    this.chunkLength = length;
  }

  /** Makes the chunk hold at least `wanted` bytes from the packet's start on, if the file has them. */
  private ensure(source: ByteSource, wanted: number): void {
    const held = this.chunkStart + this.chunkLength - this.packetStart;
    if (this.packetStart >= this.chunkStart && held >= wanted) return;
    const rest = source.sizeBytes - this.packetStart;
    this.fill(source, this.packetStart, Math.min(rest, Math.max(wanted, this.leastChunkBytes)));
  }

  private enter(source: ByteSource): boolean {
    const { cursor, properties, decoder } = this;
    const rest = source.sizeBytes - this.packetStart;
    let afterHeader = -1;
    let afterContext = -1;
    // Most headers are short; the second size is for those that are not.
    for (const size of [Math.max(this.lastPacketBytes, 512), 65_536, 1_048_576]) {
      this.ensure(source, Math.min(rest, size));
      this.openWindow(Math.min(rest, this.chunkStart + this.chunkLength - this.packetStart));
      properties.clear();
      const end = cursor.endBit;
      afterHeader = this.headerDecoder.decode(cursor.bytes, cursor.view, end, properties);
      afterContext =
        afterHeader < 0 ? -1 : decoder.decodeContext(cursor.bytes, cursor.view, afterHeader, end, properties);
      if (afterContext >= 0 || size >= rest) break;
    }
    if (afterContext < 0 || afterContext > cursor.endBit) {
      this.reportDamage('the file ends inside the packet header (truncated?)');
      return false;
    }
    if (this.headerDecoder.hasMagic && properties.magic !== magic) {
      this.reportDamage(`it does not start with the magic number of CTF packets`);
      return false;
    }
    if (properties.streamClassId >= 0 && BigInt(properties.streamClassId) !== decoder.streamClass.id) {
      this.reportDamage(
        `it is of stream ${properties.streamClassId}, but the file began with stream ${decoder.streamClass.id}`,
      );
      return false;
    }
    let { totalBits, contentBits } = properties;
    if (totalBits < 0) totalBits = contentBits < 0 ? rest * 8 : contentBits;
    if (contentBits < 0) contentBits = totalBits;
    if (contentBits > totalBits || totalBits < afterContext || totalBits % 8 !== 0) {
      this.reportDamage(`impossible sizes: content of ${contentBits} bits in a packet of ${totalBits}`);
      return false;
    }
    const totalBytes = totalBits / 8;
    if (totalBytes > largestPacketBytes) {
      this.reportDamage(`a packet of ${totalBytes} bytes is larger than the greatest, ${largestPacketBytes}`);
      return false;
    }
    // Whole before anything is noted of it: bytes that have yet to come make the caller begin with it again.
    if (!this.isEarly()) this.ensure(source, Math.min(totalBytes, rest));
    if (contentBits < afterContext) {
      this.reportDamage(
        `impossible sizes: content of ${contentBits} bits, of which the header takes ${afterContext}`,
      );
    }
    this.truncated = totalBytes > rest;
    this.packetBytes = totalBytes;
    this.packetContentBits = contentBits;
    cursor.enterPacket(afterContext);
    this.contextEndBit = afterContext;
    this.nextStart = this.packetStart + totalBytes;
    this.startClock();
    this.noteBoundary();
    this.reportLosses();
    return true;
  }

  /** Whether the packet ends before what is wanted. A clock value of 0 stands for an end that was never written. */
  private isEarly(): boolean {
    const { hasEnd, endHi, endLo } = this.properties;
    return hasEnd && (endHi !== 0 || endLo !== 0) && ticks(endHi, endLo) < this.skipBeforeTicks;
  }

  /** Reads the whole packet whose header was entered. */
  private load(source: ByteSource): void {
    const { cursor, decoder } = this;
    const held = Math.min(this.packetBytes, source.sizeBytes - this.packetStart);
    this.lastPacketBytes = this.packetBytes;
    this.ensure(source, held);
    this.openWindow(Math.min(held, this.chunkStart + this.chunkLength - this.packetStart));
    cursor.endBit = Math.min(this.packetContentBits, cursor.endBit);
    this.packetNumber += 1;
    if (decoder.externals.length > 0) this.loadExternals();
  }

  private packetBytes = 0;
  private packetContentBits = 0;
  private lastPacketBytes = 0;

  /** Points the cursor at the chunk's bytes from the packet's start on. */
  private openWindow(length: number): void {
    const { cursor } = this;
    const from = this.packetStart - this.chunkStart;
    const bytes = this.chunk.subarray(from, this.chunkLength + packetPaddingBytes);
    if (bytes.length < length + packetPaddingBytes) {
      throw new SpoorError('ctf/internal', `packet window of ${length} bytes is not loaded`);
    }
    cursor.bytes = bytes;
    cursor.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    cursor.endBit = length * 8;
  }

  private startClock(): void {
    const { cursor, properties } = this;
    if (!properties.hasBegin) return;
    if (this.beginBits === 64) {
      cursor.clockHi = properties.beginHi;
      cursor.clockLo = properties.beginLo;
      return;
    }
    const span = 1n << BigInt(this.beginBits);
    const clock = ticks(cursor.clockHi, cursor.clockLo);
    const value = ticks(properties.beginHi, properties.beginLo);
    const low = clock % span;
    const now = clock - low + value + (value < low ? span : 0n);
    cursor.clockHi = Number(now >> 32n);
    cursor.clockLo = Number(now & 0xffff_ffffn);
  }

  private noteBoundary(): void {
    const { cursor, decoder, properties } = this;
    const begin = properties.hasBegin
      ? timeNsAt(decoder.time, cursor, cursor.clockHi, cursor.clockLo)
      : -Infinity;
    this.boundaryNs = Math.max(begin, this.endNs);
    this.endNs = properties.hasEnd
      ? timeNsAt(decoder.time, cursor, properties.endHi, properties.endLo)
      : -Infinity;
  }

  private loadExternals(): void {
    const { cursor, decoder } = this;
    const scopes = decoder.packetValues(cursor.bytes, cursor.bit);
    cursor.externals = Float64Array.from(decoder.externals, ({ location }) => {
      let value: FieldValue | undefined = scopes[location.scope];
      for (const name of location.path) {
        value = (value as { readonly [member: string]: FieldValue } | undefined)?.[name];
      }
      return Number(value instanceof EnumValue ? value.value : value);
    });
  }

  /** The packet's context (all members) as values. */
  contextValues(): { readonly [member: string]: FieldValue } {
    const { cursor, decoder } = this;
    return decoder.packetValues(cursor.bytes, cursor.bytes.length * 8)['packet-context'] ?? {};
  }

  private reportLosses(): void {
    const { properties, previous } = this;
    const begin = properties.hasBegin ? ticks(properties.beginHi, properties.beginLo) : undefined;
    const end = properties.hasEnd ? ticks(properties.endHi, properties.endLo) : undefined;
    const sequence = properties.sequenceNumber;
    // Events first: babeltrace2 tells of a gap's events before its packets.
    let discarded: bigint | undefined;
    if (properties.hasDiscarded) {
      discarded = ticks(properties.discardedHi, properties.discardedLo);
      const before = previous?.discarded ?? (this.beginsInside && previous === undefined ? discarded : 0n);
      if (discarded > before) {
        const from = previous === undefined ? begin : previous.end;
        this.discardedEvents += discarded - before;
        // Before the first packet events may have been lost of a part of the stream that is not here: no count.
        this.listener.lost({
          kind: 'events',
          ...(previous === undefined ? {} : { count: discarded - before }),
          ...(from === undefined ? {} : { beginTicks: from }),
          ...(end === undefined ? {} : { endTicks: end }),
        });
      }
    }
    if (previous?.sequence !== undefined && sequence > previous.sequence + 1) {
      this.listener.lost({
        kind: 'packets',
        count: BigInt(sequence - previous.sequence - 1),
        ...(previous.end === undefined ? {} : { beginTicks: previous.end }),
        ...(begin === undefined ? {} : { endTicks: begin }),
      });
    }
    this.previous = {
      ...(discarded === undefined ? {} : { discarded }),
      ...(sequence < 0 ? {} : { sequence }),
      ...(end === undefined ? {} : { end }),
    };
  }
}
