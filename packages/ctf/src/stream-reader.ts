/**
 * Reads the packets of one stream, one after the other, into one buffer that is used again. Memory stays at the
 * size of a packet whatever the size of the stream. Trouble in a packet is reported and the rest of it left out;
 * the events before it are kept.
 */
import { packetPaddingBytes } from './bits.ts';
import { EnumValue, type FieldValue } from './field-value.ts';
import { timeNsAt } from './interpret-scan.ts';
import type { ByteSource } from './byte-source.ts';
import { beginBitsOf, startClock } from './packet-clock.ts';
import { LossTracker, ticks, type LossReport } from './loss-tracker.ts';
import { headerOverrunProblem, overrunProblem, PacketCursor, PacketProperties } from './packet-cursor.ts';
import { SourceChunk } from './source-chunk.ts';
import { DamageReports } from './damage-reports.ts';
import { findPacket } from './find-packet.ts';
import type { PacketHeaderDecoder, StreamDecoder } from './stream-decoder.ts';

/** Where to begin with a stream. */
export interface ReaderStart {
  /** Packets that end before this clock value are passed over unread. */
  readonly skipBeforeTicks: bigint;
  /** Index of the source and position of the packet to begin with; what was lost before it is not told. */
  readonly sourceIndex: number;
  readonly byte: number;
}

/** No packet may be larger: it is read as a whole. */
export const largestPacketBytes: number = 128 * 1024 * 1024;

/** Windows move by multiples of this, so that what is aligned in the packet is so in the window. */
const windowStepBytes = 4096;

/** Damaged packets inside of which others are looked for. */
const mostBackSearches = 100;

const magic = 0xc1fc1fc1;

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

/** Reads a stream made of one or more files, in order. */
export class StreamReader {
  readonly cursor: PacketCursor = new PacketCursor();
  /** Of the packet that the cursor is in. */
  readonly properties: PacketProperties = new PacketProperties();
  /** Where the packet's events start, in bits. */
  contextEndBit = 0;
  /** Where in the packet the cursor's bytes begin. */
  windowByte = 0;
  /** Whether {@link nextPacket} last went on in the same packet. */
  isContinued = false;
  /** Whether packets were passed over because they end before what is wanted. */
  hasPassedOver = false;
  /** Counts packets entered, so that what is derived from one can be kept until the next. */
  packetNumber = 0;
  /**
   * When the packet before ended or this one began, whichever is later, as time after the base; -Infinity if the trace
   * does not say. A merge that goes by packets as well as events does not hand out a packet's events before that.
   */
  boundaryNs: number = -Infinity;
  private readonly damages: DamageReports;
  private readonly sources: readonly ByteSource[];
  private readonly headerDecoder: PacketHeaderDecoder;
  private readonly decoder: StreamDecoder;
  private readonly listener: ReaderListener;
  /** Packets that end before this clock value are passed over unread. */
  private readonly skipBeforeTicks: bigint;
  private readonly losses: LossTracker;
  /** Of larger packets so many bytes are in memory at a time; 0 for whole packets. */
  private readonly windowBytes: number;
  private sourceIndex = 0;
  private packetStart = 0;
  private nextStart = 0;
  private readonly chunk: SourceChunk;
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

  /**
   * @param leastChunkBytes read at a time, if the source has them.
   * @param windowBytes of larger packets that are in memory at a time; 0 for whole packets. Positions in the cursor are
   * then after {@link windowByte} of the packet, and only `scan` and {@link head} may be used of what is before.
   */
  constructor(
    sources: readonly ByteSource[],
    headerDecoder: PacketHeaderDecoder,
    decoder: StreamDecoder,
    listener: ReaderListener,
    leastChunkBytes: number,
    start?: ReaderStart,
    windowBytes = 0,
  ) {
    this.sources = sources;
    this.headerDecoder = headerDecoder;
    this.decoder = decoder;
    this.listener = listener;
    this.damages = new DamageReports((message) => listener.damaged(message));
    this.chunk = new SourceChunk(leastChunkBytes);
    const mayStep = decoder.greatestAlignmentBits <= windowStepBytes * 8;
    this.windowBytes = mayStep && !sources.some(({ isRemote }) => isRemote) ? windowBytes : 0;
    this.skipBeforeTicks = start?.skipBeforeTicks ?? 0n;
    if (start !== undefined) {
      this.sourceIndex = start.sourceIndex;
      this.nextStart = start.byte;
      this.hasPassedOver = start.sourceIndex > 0 || start.byte > 0;
    }
    this.losses = new LossTracker(this.hasPassedOver);
    this.beginBits = beginBitsOf(decoder.streamClass);
  }

  private readonly tellLoss = (report: LossReport): void => this.listener.lost(report);

  /** Events that the trace says were lost, as far as read. */
  get discardedEvents(): bigint {
    return this.losses.discardedEvents;
  }

  /** Whether the stream is damaged: something was reported. */
  get damaged(): boolean {
    return this.damages.count > 0;
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
      this.chunk.forget();
    }
    this.sourceIndex = sourceNumber;
    this.packetStart = packetByte;
    if (!this.enter(source)) return false;
    this.load(source);
    return true;
  }

  /** Reports damage of the packet that the cursor is in. */
  reportDamage(problem: string): void {
    this.damages.report(this.sources[this.sourceNumber]!.name, this.packetStart, problem);
  }

  /**
   * Says why a scan of the packet stopped short: at damage, or because the file ends inside the packet. At the end of a
   * window nothing is said: {@link nextPacket} goes on in the packet.
   * @param problem the cursor's, when the scan's status was `broken`.
   */
  reportScanEnd(problem: string | undefined): void {
    const { cursor, decoder } = this;
    this.continues = this.endedByWindow(problem);
    if (this.continues) return;
    const windowBit = this.windowByte * 8;
    if (cursor.stepsBack > 0) {
      const times = cursor.stepsBack === 1 ? 'once' : `${cursor.stepsBack} times, first`;
      this.reportDamage(`time goes back in it ${times} at bit ${cursor.stepBackBit + windowBit}`);
      cursor.stepsBack = 0;
    }
    if (cursor.bit + windowBit > this.contextEndBit) {
      this.lastEventNs = timeNsAt(decoder.time, cursor, cursor.clockHi, cursor.clockLo);
    }
    this.brokenStart = problem === undefined ? -1 : this.packetStart;
    if (this.truncated) {
      this.reportDamage('the file ends inside the packet (truncated?)');
      this.truncated = false;
      // Or its size is wrong, and other packets follow in the file.
      if (problem !== undefined && this.mayGoBack()) this.searchFrom = this.packetStart + 1;
    } else if (problem !== undefined) {
      this.reportDamage(`${problem} (at bit ${cursor.bit + windowBit}); the rest of the packet is left out`);
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
   * Moves the cursor to the start of the next packet's events, or to those of the same packet that are in the next
   * window; {@link isContinued} tells which.
   * @returns false at the end of the stream, or when it cannot be followed further.
   * @throws BytesAwaited of a remote source; the next call then tries the same packet.
   */
  nextPacket(): boolean {
    this.isContinued = this.continues;
    if (this.continues) {
      this.slide(this.sources[this.sourceIndex]!);
      this.continues = false;
      return true;
    }
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
        this.chunk.forget();
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
      this.hasPassedOver = true;
    }
  }

  private enter(source: ByteSource): boolean {
    const { cursor, properties, decoder } = this;
    const rest = source.sizeBytes - this.packetStart;
    const { chunk } = this;
    this.windowByte = 0;
    let afterHeader = -1;
    let afterContext = -1;
    // Most headers are short; the second size is for those that are not.
    for (const size of [Math.max(this.lastFirstBytes, 512), 65_536, 1_048_576]) {
      chunk.ensure(source, this.packetStart, Math.min(rest, size));
      this.openWindow(Math.min(rest, chunk.heldFrom(this.packetStart)));
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
    const isWindowed =
      this.windowBytes > 0 && totalBytes > this.windowBytes && afterContext < windowStepBytes * 8;
    const firstBytes = isWindowed ? this.windowBytes : totalBytes;
    if (!this.isEarly()) chunk.ensure(source, this.packetStart, Math.min(firstBytes, rest));
    if (contentBits < afterContext) {
      this.reportDamage(
        `impossible sizes: content of ${contentBits} bits, of which the header takes ${afterContext}`,
      );
    }
    this.truncated = totalBytes > rest;
    this.firstBytes = firstBytes;
    this.continues = false;
    this.packetBytes = totalBytes;
    this.packetContentBits = contentBits;
    cursor.enterPacket(afterContext);
    this.contextEndBit = afterContext;
    this.nextStart = this.packetStart + totalBytes;
    startClock(cursor, properties, this.beginBits);
    this.noteBoundary();
    this.losses.enterPacket(this.properties, this.tellLoss);
    return true;
  }

  /** Whether the packet ends before what is wanted. A clock value of 0 stands for an end that was never written. */
  private isEarly(): boolean {
    const { hasEnd, endHi, endLo } = this.properties;
    return hasEnd && (endHi !== 0 || endLo !== 0) && ticks(endHi, endLo) < this.skipBeforeTicks;
  }

  /** Reads the packet whose header was entered, or its first window. */
  private load(source: ByteSource): void {
    const { cursor, decoder, chunk, packetStart } = this;
    const held = Math.min(this.packetBytes, source.sizeBytes - packetStart);
    const first = Math.min(held, this.firstBytes);
    this.lastFirstBytes = first;
    chunk.ensure(source, packetStart, first);
    this.openWindow(Math.min(first, chunk.heldFrom(packetStart)));
    this.endWindow(Math.min(this.packetContentBits, first < held ? held * 8 : cursor.endBit));
    if (cursor.isPartial) this.keptHead = cursor.bytes.slice(0, windowStepBytes + packetPaddingBytes);
    this.packetNumber += 1;
    if (decoder.externals.length > 0) this.loadExternals();
  }

  private packetBytes = 0;
  private packetContentBits = 0;
  /** What is read first of the present packet, and what was of the one before. */
  private firstBytes = 0;
  private lastFirstBytes = 0;
  /** Where the present packet's content ends, as far as the file has it. */
  private contentEndBit = 0;
  private keptHead: Uint8Array = new Uint8Array(packetPaddingBytes);
  /** Whether the scan came to the end of a window that is not the packet's last. */
  private continues = false;

  /** The bytes of the present packet from its start on, at least up to its first event. */
  get head(): Uint8Array {
    return this.cursor.isPartial || this.windowByte > 0 ? this.keptHead : this.cursor.bytes;
  }

  /** Points the cursor at the chunk's bytes from the window's start on. */
  private openWindow(length: number): void {
    const { cursor } = this;
    const bytes = this.chunk.view(this.packetStart + this.windowByte, length);
    cursor.bytes = bytes;
    cursor.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    cursor.endBit = length * 8;
  }

  /** Whether a scan that ended at the cursor, with this problem if any, ended because of the window's end. */
  private endedByWindow(problem: string | undefined): boolean {
    const { cursor } = this;
    if (!cursor.isPartial) return false;
    return (
      problem === undefined ||
      problem === overrunProblem ||
      problem === headerOverrunProblem ||
      cursor.bit >= windowStepBytes * 8
    );
  }

  /** Moves the window to the next event; where that is as far as it can go, the window becomes larger. */
  private slide(source: ByteSource): void {
    const { cursor, chunk } = this;
    const stepBytes = Math.floor(cursor.bit / (windowStepBytes * 8)) * windowStepBytes;
    const wanted = stepBytes === 0 ? (cursor.endBit / 8) * 2 : this.windowBytes;
    const from = this.packetStart + this.windowByte + stepBytes;
    const rest = this.contentEndBit - (this.windowByte + stepBytes) * 8;
    const length = Math.min(Math.ceil(rest / 8), wanted);
    chunk.ensure(source, from, length);
    this.windowByte += stepBytes;
    cursor.slide(stepBytes * 8);
    this.openWindow(Math.min(length, chunk.heldFrom(from)));
    // A file that became shorter meanwhile has no more than this.
    const isShorter = chunk.heldFrom(from) < length;
    this.endWindow(isShorter ? this.windowByte * 8 + cursor.endBit : this.contentEndBit);
  }

  /** Notes where the content ends, and ends the cursor's bytes there or earlier. */
  private endWindow(contentEndBit: number): void {
    const { cursor } = this;
    const restBits = contentEndBit - this.windowByte * 8;
    this.contentEndBit = contentEndBit;
    cursor.isPartial = restBits > cursor.endBit;
    // An event's time may be looked at before it is known whether the event ends inside: its header must be there.
    cursor.endBit = cursor.isPartial ? cursor.endBit - packetPaddingBytes * 8 : restBits;
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
    const { head, decoder } = this;
    return decoder.packetValues(head, head.length * 8)['packet-context'] ?? {};
  }
}
