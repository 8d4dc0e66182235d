/**
 * How far the reader of a ring is, as it notes that in the ring for a reader in its place. It may be in the middle of a
 * packet that is still being written: the reader **cuts** it there, and what came before and after become packets of
 * their own in the stream. The producer takes no part in that: events are byte-packed, and a packet that begins between
 * two events at the time of the cut is a packet like any other.
 */
import { CONTROL, PACKET, PACKET_HEADER_BYTES } from './layout.ts';

/** What a reader has done. */
export interface ReaderProgress {
  /** Events that are safe. */
  readonly recordedEvents: number;
  /** Number after that of the last packet that is done with, whole; 0 before the first. */
  readonly recordedPackets: number;
  /** How many bytes of packet `recordedPackets` are done with, its header included; 0 without a cut. */
  readonly cutBytes: number;
  /** Time of the cut in ns of the trace clock: not before the last event that it took, not after the next. */
  readonly cutTimeNs: bigint;
  /** The producer's count of events at the cut, modulo 2^32. */
  readonly cutEvents: number;
  /** What to add to a packet's number for its number in the stream: there are more by cuts, and fewer by drops. */
  readonly streamShift: number;
  /** Events that came while nothing was to be recorded: neither safe nor lost. */
  readonly droppedEvents: number;
  /** Whether what comes is dropped. */
  readonly isHeld: boolean;
}

/** A packet out of a ring: exactly the bytes that belong into the stream file. */
export interface RingPacket {
  readonly sequence: number;
  /** Events in it. */
  readonly eventCount: number;
  /** Events in all packets before it, modulo 2^32, also in those that are not in the ring any more. */
  readonly eventsBefore: number;
  /** Whole packet; `packet_size` in its context equals this length. Valid until the next read with the same memory. */
  readonly bytes: Uint8Array;
}

/** Bytes of {@link CONTROL.progress}. */
export const PROGRESS_BYTES: number = CONTROL.progressEnd - CONTROL.progress;
const at = (position: number): number => position - CONTROL.progress;
const HELD_FLAG = 1;

/** Writes a progress as it lies in the control page. */
export function encodeProgress(progress: ReaderProgress, view: DataView): void {
  view.setBigUint64(at(CONTROL.recordedEvents), BigInt(progress.recordedEvents), true);
  view.setUint32(at(CONTROL.recordedPackets), progress.recordedPackets, true);
  view.setUint32(at(CONTROL.cutBytes), progress.cutBytes, true);
  view.setBigUint64(at(CONTROL.cutTime), progress.cutTimeNs, true);
  view.setUint32(at(CONTROL.cutEvents), progress.cutEvents, true);
  view.setInt32(at(CONTROL.streamShift), progress.streamShift, true);
  view.setBigUint64(at(CONTROL.droppedEvents), BigInt(progress.droppedEvents), true);
  view.setUint32(at(CONTROL.readerFlags), progress.isHeld ? HELD_FLAG : 0, true);
}

/** Reads what {@link encodeProgress} wrote. */
export function decodeProgress(view: DataView): ReaderProgress {
  return {
    recordedEvents: Number(view.getBigUint64(at(CONTROL.recordedEvents), true)),
    recordedPackets: view.getUint32(at(CONTROL.recordedPackets), true),
    cutBytes: view.getUint32(at(CONTROL.cutBytes), true),
    cutTimeNs: view.getBigUint64(at(CONTROL.cutTime), true),
    cutEvents: view.getUint32(at(CONTROL.cutEvents), true),
    streamShift: view.getInt32(at(CONTROL.streamShift), true),
    droppedEvents: Number(view.getBigUint64(at(CONTROL.droppedEvents), true)),
    isHeld: (view.getUint32(at(CONTROL.readerFlags), true) & HELD_FLAG) !== 0,
  };
}

/** Number that the next packet gets in the stream, unless packets were overwritten meanwhile. */
export function nextStreamNumber({ recordedPackets, streamShift }: ReaderProgress): number {
  return recordedPackets + streamShift;
}

/**
 * Where a reader goes on whose predecessor may have been killed between writing a cut packet and noting it.
 * @param noted the progress in the ring.
 * @param intended what the predecessor was about to note, if anything.
 * @param streamNumber number after that of the last packet of the stream; undefined when it has none.
 */
export function settleProgress(
  noted: ReaderProgress,
  intended: ReaderProgress | undefined,
  streamNumber: number | undefined,
): ReaderProgress {
  if (intended === undefined || streamNumber === undefined) return noted;
  const number = nextStreamNumber(intended);
  return number > nextStreamNumber(noted) && streamNumber >= number ? intended : noted;
}

/**
 * The part of a packet that is not done with: all of it, what follows the cut as a packet of its own (in the same
 * memory), or undefined.
 */
export function restOfPacket(packet: RingPacket, progress: ReaderProgress): RingPacket | undefined {
  const { sequence, bytes, eventCount, eventsBefore } = packet;
  const { recordedPackets, cutBytes, cutEvents, cutTimeNs } = progress;
  if (sequence < recordedPackets) return undefined;
  if (sequence > recordedPackets || cutBytes === 0) return packet;
  // A note that fits no packet is that of a damaged control page.
  if (cutBytes < PACKET_HEADER_BYTES || cutBytes > bytes.length) return packet;
  const begin = cutBytes - PACKET_HEADER_BYTES;
  bytes.copyWithin(begin, 0, PACKET_HEADER_BYTES);
  const rest = bytes.subarray(begin);
  const view = new DataView(rest.buffer, rest.byteOffset, PACKET_HEADER_BYTES);
  view.setBigUint64(PACKET.timestampBegin, cutTimeNs, true);
  view.setBigUint64(PACKET.contentSizeBits, BigInt(rest.length) * 8n, true);
  view.setBigUint64(PACKET.packetSizeBits, BigInt(rest.length) * 8n, true);
  return {
    sequence,
    eventCount: (eventsBefore + eventCount - cutEvents) >>> 0,
    eventsBefore: cutEvents,
    bytes: rest,
  };
}

/** Gives a packet the number that it has in its stream. */
export function numberPacket({ bytes }: RingPacket, number: number): void {
  new DataView(bytes.buffer, bytes.byteOffset, PACKET_HEADER_BYTES).setBigUint64(
    PACKET.sequenceNumber,
    BigInt(number),
    true,
  );
}
