// One ring of the watch session: what came into it since it was read last, the open sub-buffer included.
import { closeSync, constants, openSync } from 'node:fs';
import { SpoorError } from '@spoor/base';
import {
  PACKET,
  RingReader,
  fileStore,
  type PacketScratch,
  type RingHeader,
  type RingPacket,
} from '@spoor/ringbuffer';

/** Twice the largest that a trigger asks for. */
const MOST_RING_BYTES = 1024 * 1024;

/** Takes `count` new events that end the packet; its bytes are only valid during the call. */
export type TakePacket = (bytes: Uint8Array, count: number) => void;

/** Reads a ring whose producer is woken for it. */
export class NoticeRing {
  readonly path: string;
  readonly #fd: number;
  readonly #reader: RingReader;
  #lostBefore: number;
  /** As it was seen last: nothing has come while it is the same. */
  #committed = -1;
  #isAsleep = false;

  /** @throws SpoorError `ring/…` when it is none, or one that no trigger asked for; what the file system throws. */
  constructor(path: string, scratch: PacketScratch) {
    this.path = path;
    this.#fd = openSync(path, constants.O_RDWR | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      this.#reader = new RingReader(fileStore(this.#fd), path, scratch);
      const { subBufferSizeBytes, subBufferCount } = this.#reader.header;
      if (subBufferSizeBytes * subBufferCount > MOST_RING_BYTES) {
        throw new SpoorError('ring/damaged', 'no trigger asks for a ring of this size', { where: path });
      }
      const { lostEvents, recordedEvents } = this.#reader.poll();
      // What was lost before an earlier daemon looked last, that has told.
      this.#lostBefore = recordedEvents === 0 ? 0 : lostEvents;
    } catch (error) {
      closeSync(this.#fd);
      throw error;
    }
  }

  get header(): RingHeader {
    return this.#reader.header;
  }

  /**
   * Hands out what is new, oldest first, and notes it as handled. A reader that is killed before the note hands the last
   * packet out again: none is forgotten.
   * @returns whether there was anything.
   * @throws SpoorError `ring/damaged`; what `take` throws.
   */
  drain(take: TakePacket): boolean {
    const reader = this.#reader;
    if (reader.committedEvents === this.#committed) return false;
    this.#isAsleep = false;
    const state = reader.poll();
    let handled = state.recordedEvents;
    const hand = (packet: RingPacket | undefined): void => {
      if (packet === undefined) return;
      // Counts of events are modulo 2^32; what is new fits a ring.
      const count = (packet.eventsBefore + packet.eventCount - handled) | 0;
      if (count <= 0) return;
      take(packet.bytes, Math.min(count, packet.eventCount));
      handled += count;
      reader.note(packet.sequence, handled);
    };
    for (const sequence of state.finished) {
      hand(reader.read(sequence));
      reader.release(sequence);
    }
    if (state.open !== undefined) hand(reader.readOpen(state.open));
    this.#committed = handled % 2 ** 32;
    return true;
  }

  /**
   * Asks to be woken by the next event.
   * @returns whether none came in between: then it may sleep.
   */
  sleep(): boolean {
    if (!this.#isAsleep) this.#reader.sleep();
    this.#isAsleep = this.#reader.committedEvents === this.#committed;
    return this.#isAsleep;
  }

  /** Events that were lost since this was called last. */
  takeLost(): number {
    const { lostEvents } = this.#reader.poll();
    const lost = lostEvents - this.#lostBefore;
    this.#lostBefore = lostEvents;
    return lost;
  }

  close(): void {
    closeSync(this.#fd);
  }
}

/** Number of the thread that wrote a packet. */
export function threadOf(packet: Uint8Array): number {
  return new DataView(packet.buffer, packet.byteOffset).getUint32(PACKET.vtid, true);
}
