/** Reads one ring that a dead program left, or a copy of it. Nothing is written into the ring. */
import { closeSync, constants, fstatSync, openSync } from 'node:fs';
import { SpoorError, describeError } from '@spoor/base';
import {
  PACKET,
  PacketScratch,
  type RingPacket,
  RingReader,
  fileStore,
  nextStreamNumber,
  restOfPacket,
  settleProgress,
  type ReaderProgress,
  type RingHeader,
} from '@spoor/ringbuffer';
import { isProcessAlive } from './process-identity.ts';

/** What came of one ring. */
export interface CrashedRing {
  /** Events in the packets that were taken. */
  readonly eventCount: number;
  /** Events that the program found no room for, from the start of the ring. */
  readonly lostCount: number;
  /** Events that the consumer had written into the recording's own trace before. */
  readonly recordedCount: number;
  readonly packetCount: number;
  /** One line each: what could not be read. */
  readonly errors: readonly string[];
}

const scratch = new PacketScratch();

const nothingDone: ReaderProgress = {
  recordedEvents: 0,
  recordedPackets: 0,
  cutBytes: 0,
  cutTimeNs: 0n,
  cutEvents: 0,
  streamShift: 0,
  droppedEvents: 0,
  isHeld: false,
};

/**
 * Hands the packets of a ring to `take`, oldest first, the open one included: those that the recording's own trace does
 * not have, neither by the consumer's note in the ring nor by `recordedThrough`, the number after the last one there. Of a
 * packet of which it has a part, the rest.
 * `take` says by an answer why it cannot use a packet. A packet that is damaged is left out. The ring of a program that
 * still runs is read while it is written.
 * @throws SpoorError `ring/…` when the file is no whole ring, `record/output` what `take` throws.
 */
export function readCrashedRing(
  path: string,
  recordedThrough: (header: RingHeader) => number,
  take: (packet: RingPacket, header: RingHeader) => string | undefined,
): CrashedRing {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    if (!fstatSync(fd).isFile()) {
      throw new SpoorError('ring/not-a-ring', 'cannot read the ring buffer: it is not a file', {
        where: path,
      });
    }
    const reader = new RingReader(fileStore(fd), path, scratch);
    return new CrashedRingReading(reader, path, take).read(recordedThrough(reader.header));
  } finally {
    closeSync(fd);
  }
}

class CrashedRingReading {
  readonly #reader: RingReader;
  readonly #path: string;
  readonly #take: (packet: RingPacket, header: RingHeader) => string | undefined;
  readonly #errors: string[] = [];
  #eventCount = 0;
  #packetCount = 0;
  #lastSequence = -1;
  /** The program's count of events after the last packet that was taken, modulo 2^32. */
  #through: number | undefined;
  /** What the consumer noted; what lies before is in {@link #recordedCount}. */
  #noted!: ReaderProgress;
  /** Number after that of the last packet that is whole in the recording's own trace. */
  #firstNew = 0;
  #recordedCount = 0;

  constructor(
    reader: RingReader,
    path: string,
    take: (packet: RingPacket, header: RingHeader) => string | undefined,
  ) {
    this.#reader = reader;
    this.#path = path;
    this.#take = take;
  }

  read(recordedThrough: number): CrashedRing {
    const reader = this.#reader;
    const state = reader.poll();
    // The note of a damaged control page must not hide everything.
    const isNoteSound = state.recordedPackets <= state.openedPackets + 1;
    const intended = reader.intendedProgress;
    this.#noted = isNoteSound ? settleProgress(reader.progress, intended, recordedThrough) : nothingDone;
    this.#recordedCount = this.#noted.recordedEvents;
    this.#firstNew = recordedThrough - nextStreamNumber(this.#noted) + this.#noted.recordedPackets;
    const { pid, processStartTicks } = reader.header;
    if (isProcessAlive({ pid, startTicks: String(processStartTicks) })) this.#readWhileWritten();
    else this.#readAtRest(state.finished, state.committedEvents);
    return {
      eventCount: this.#eventCount,
      lostCount: state.lostEvents,
      recordedCount: this.#recordedCount,
      packetCount: this.#packetCount,
      errors: this.#errors,
    };
  }

  #readAtRest(finished: readonly number[], committedEvents: number): void {
    for (const sequence of finished) {
      if (sequence < this.#noted.recordedPackets) continue;
      try {
        const packet = this.#reader.read(sequence);
        if (packet === undefined) this.#say(`packet ${sequence} is not in the ring`);
        else this.#accept(packet);
      } catch (error) {
        this.#sayError(error);
      }
    }
    const last = this.#reader.recover();
    if (last !== undefined) this.#accept(last);
    // A program that dies between an event and its count leaves one event more than it counted.
    const unread = this.#through === undefined ? 0 : (committedEvents - this.#through) | 0;
    if (unread > 0) this.#say(`its last ${unread} events cannot be read`);
  }

  #readWhileWritten(): void {
    try {
      this.#reader.snapshot((packet) => this.#accept(packet));
    } catch (error) {
      this.#sayError(error);
    }
  }

  #accept(whole: RingPacket): void {
    const packet = restOfPacket(whole, this.#noted);
    if (packet === undefined || packet.sequence <= this.#lastSequence) return;
    const { sequence, bytes, eventCount, eventsBefore } = packet;
    if (sequence < this.#firstNew) {
      // In the trace, though the consumer was killed before it could say so.
      this.#lastSequence = sequence;
      this.#through = (eventsBefore + eventCount) >>> 0;
      this.#recordedCount += eventCount;
      return;
    }
    const reason = this.#foreign(bytes) ?? this.#take(packet, this.#reader.header);
    if (reason !== undefined) {
      this.#say(`packet ${sequence} ${reason}`);
      return;
    }
    this.#lastSequence = sequence;
    this.#through = (eventsBefore + eventCount) >>> 0;
    this.#eventCount += eventCount;
    this.#packetCount += 1;
  }

  /** Why these cannot be the bytes of one of this ring's packets. */
  #foreign(bytes: Uint8Array): string | undefined {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const { uuid, streamClassId } = this.#reader.header;
    const isOwn =
      uuid.every((byte, index) => bytes[PACKET.uuid + index] === byte) &&
      view.getUint32(PACKET.streamClassId, true) === streamClassId &&
      view.getBigUint64(PACKET.timestampBegin, true) <= view.getBigUint64(PACKET.timestampEnd, true);
    return isOwn ? undefined : 'is damaged: its header is not one of this ring';
  }

  #say(what: string): void {
    this.#errors.push(`${this.#path}: ${what}`);
  }

  #sayError(error: unknown): void {
    if (error instanceof SpoorError && error.code === 'record/output') throw error;
    this.#errors.push(describeError(error));
  }
}
