/** The position of one stream inside its packet: what a scan reads and writes. */
import { packetPaddingBytes } from './bits.ts';

/** No value: no such field in the packet. */
export const absent = -1;

/**
 * What a packet's header and context say, by role. Sizes are in bits; 64-bit counters and times are two halves,
 * for a double would lose their low bits. A fresh object has all of them absent.
 */
export class PacketProperties {
  magic: number = absent;
  /** Byte offset of the trace's UUID in the packet, if it has one. */
  uuidByte: number = absent;
  streamClassId: number = absent;
  streamId: number = absent;
  totalBits: number = absent;
  contentBits: number = absent;
  hasBegin = false;
  beginHi = 0;
  beginLo = 0;
  hasEnd = false;
  endHi = 0;
  endLo = 0;
  hasDiscarded = false;
  discardedHi = 0;
  discardedLo = 0;
  sequenceNumber: number = absent;

  /** Forgets all. */
  clear(): void {
    this.magic = absent;
    this.uuidByte = absent;
    this.streamClassId = absent;
    this.streamId = absent;
    this.totalBits = absent;
    this.contentBits = absent;
    this.hasBegin = false;
    this.beginHi = 0;
    this.beginLo = 0;
    this.hasEnd = false;
    this.endHi = 0;
    this.endLo = 0;
    this.hasDiscarded = false;
    this.discardedHi = 0;
    this.discardedLo = 0;
    this.sequenceNumber = absent;
  }
}

/** A position in a packet, the clock there, and the constants that turn the clock into time. */
export class PacketCursor {
  bytes: Uint8Array = new Uint8Array(packetPaddingBytes);
  view: DataView = new DataView(this.bytes.buffer);
  /** Position of the next event. */
  bit = 0;
  /** End of the packet's content. */
  endBit = 0;
  /** Whether the bytes end before the packet does: an event beyond their end is no damage. */
  isPartial = false;
  /** Clock value of the last event, in ticks. */
  clockHi = 0;
  clockLo = 0;
  /** Ticks (or nanoseconds, for clocks that do not tick in them) to subtract to get time after the base. */
  originHi = 0;
  originLo = 0;
  /** Values of packet header and context that events refer to. */
  externals: Float64Array = new Float64Array(0);
  /** Index of the stream in its trace set, and of its first event class. */
  streamIndex = 0;
  classBase = 0;
  /** Time of the event at `bit`, known after a scan that stopped at its limit. */
  nextTimeNs = 0;
  /** Why the last scan stopped at an error. */
  problem = '';
  /** Position of the packet's first event. */
  firstBit = 0;
  /** How often the clock of an event of this packet is before that of the event before it, and where first. */
  stepsBack = 0;
  stepBackBit = 0;
  private lastStepBackBit = -1;

  /** Begins with a packet whose events start at `bit`. */
  enterPacket(bit: number): void {
    this.bit = bit;
    this.firstBit = bit;
    this.stepsBack = 0;
    this.lastStepBackBit = -1;
  }

  /** Makes positions count from so many bits later on: the bytes begin there now. */
  slide(bits: number): void {
    this.bit -= bits;
    this.firstBit -= bits;
    this.lastStepBackBit -= bits;
    this.stepBackBit -= bits;
  }

  /**
   * Notes that the clock at an event is before that of the event before it. Some tracers write a packet's first event
   * slightly before the packet's begin, which is no such step.
   */
  noteStepBack(bit: number): void {
    if (bit === this.firstBit || bit === this.lastStepBackBit) return;
    this.lastStepBackBit = bit;
    if (this.stepsBack === 0) this.stepBackBit = bit;
    this.stepsBack += 1;
  }
}

/** What a scan says of an event that it cannot step over; the decoder then looks for the reason. */
export const overrunProblem = "an event goes beyond the packet's content";

/** What a scan says of an event whose header it cannot step over. */
export const headerOverrunProblem = "an event header goes beyond the packet's content";

/** Why a scan returned. */
export const scanStatus = {
  /** The next event is later than the limit; `nextTimeNs` is its time. */
  limit: 0,
  /** The packet has no more events. */
  packetEnd: 1,
  /** The batch is full. */
  batchFull: 2,
  /** The content is wrong at `bit`; `problem` says how. */
  broken: 3,
} as const;
