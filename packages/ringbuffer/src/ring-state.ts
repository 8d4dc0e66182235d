// What a reader says of a ring.
import type { RingPacket } from './reader-progress.ts';

/** What the producer tells about its progress. */
export interface RingState {
  /** Whether the producer finished its last sub-buffer. It may still open another. */
  readonly closed: boolean;
  readonly openedPackets: number;
  /** Events lost so far, all causes. */
  readonly lostEvents: number;
  /** Those of them that were larger than a sub-buffer. */
  readonly lostTooLarge: number;
  /** Events in all packets so far, modulo 2^32. */
  readonly committedEvents: number;
  /** The last time that the producer read, in ns of the trace clock. */
  readonly lastTimeNs: bigint;
  /** Finished packets that were not released yet, oldest first. */
  readonly finished: readonly number[];
  /** Number of the packet that is being written, if there is one. */
  readonly open: number | undefined;
  /** Events in the packets before {@link recordedPackets}, as the reader noted them. */
  readonly recordedEvents: number;
  /** Number after that of the last packet that was noted; 0 before the first. */
  readonly recordedPackets: number;
}

/** A part of a packet that is being written, up to between two events. */
export interface CutPacket extends RingPacket {
  /** Time between the last event of it and the next. */
  readonly timeNs: bigint;
  /** The producer's count of events there, modulo 2^32. */
  readonly committedEvents: number;
}
