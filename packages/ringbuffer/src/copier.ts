// The second way to reach a ring file, for platforms where it cannot be mapped: the producer writes into a ring of
// the same layout in a SharedArrayBuffer, and its thread copies each finished sub-buffer into the file, and now and
// then what the open one has got. The reader sees no difference; only what was not copied yet dies with the program.
import { closeSync, readSync, writeSync } from '@spoor/sys';
import {
  CONTROL,
  CONTROL_BYTES,
  PACKET,
  PACKET_HEADER_BYTES,
  releaseByte,
  type RingGeometry,
  type RingMode,
} from './layout.ts';

/** How long to leave a full ring file alone before asking it again. */
const RETRY_NS = 1_000_000;
/** How long the end of a thread waits for a reader that makes no progress. */
const PATIENCE_MS = 500;

/**
 * Closes the files of copiers that nothing can reach any more. Not before: an event that comes after the end of a session
 * must not be written to what the program has opened meanwhile.
 */
const unreachable = new FinalizationRegistry<number>((fd) => {
  try {
    closeSync(fd);
  } catch {
    // Closed by somebody else, who closes what is not his.
  }
});

/** Copies the finished sub-buffers of `memory` into the ring file `fd`, whose control page is already there, and owns it. */
export class RingCopier {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #geometry: RingGeometry;
  readonly #overwrite: boolean;
  readonly #fd: number;
  readonly #byte = new Uint8Array(1);
  readonly #word = new Uint8Array(4);
  readonly #wordView = new DataView(this.#word.buffer);
  /** Number of the packet that is copied next. */
  #next = 0;
  /** How much of that packet is in the file already, with its header; 0 before its slot was taken. */
  #copiedBytes = 0;
  #blockedAtLow = 0;
  #blocked = false;

  constructor(memory: SharedArrayBuffer, geometry: RingGeometry, mode: RingMode, fd: number) {
    this.#bytes = new Uint8Array(memory);
    this.#view = new DataView(memory);
    this.#geometry = geometry;
    this.#overwrite = mode === 'overwrite';
    this.#fd = fd;
    unreachable.register(this, fd, this);
  }

  /** Closes the file of a ring that did not come about. */
  abandon(): void {
    unreachable.unregister(this);
    closeSync(this.#fd);
  }

  /** Copies what is finished and fits. Never throws: what cannot be written stays in memory. */
  copy(): void {
    if (this.#blocked) {
      // Called for each lost event while the file is full: a system call for each would slow the program down.
      const waited = (this.#view.getUint32(CONTROL.clock, true) - this.#blockedAtLow) >>> 0;
      if (waited < RETRY_NS) return;
    }
    try {
      readSync(this.#fd, this.#bytes, CONTROL.stopped, 2, CONTROL.stopped);
      this.#copyFinished();
      this.#writeProgress();
    } catch {
      this.#block();
    }
  }

  /**
   * Copies what is new, the committed part of the open sub-buffer too. For the owner of the ring, between two events.
   * Never throws.
   */
  copyOpen(): void {
    this.#blocked = false;
    this.copy();
    if (this.#blocked) return;
    try {
      this.#copyPart();
    } catch {
      this.#block();
    }
  }

  /**
   * Copies all that is left, waiting a little for the reader to make room. What then does not fit is lost, and counted
   * as such in the file.
   */
  drain(): void {
    const pause = new Int32Array(new SharedArrayBuffer(4));
    let waitedMs = 0;
    for (;;) {
      const before = this.#next;
      this.#blocked = false;
      this.copy();
      if (!this.#isFinished(this.#next)) return;
      if (waitedMs >= PATIENCE_MS) break;
      waitedMs = this.#next === before ? waitedMs + 5 : 0;
      Atomics.wait(pause, 0, 0, 5);
    }
    try {
      const copied = this.#next === 0 ? 0 : this.#eventsAfter(this.#next - 1);
      const left = (this.#view.getUint32(CONTROL.committedEvents, true) - copied) >>> 0;
      this.#writeWord(CONTROL.lostEvents, this.#view.getUint32(CONTROL.lostEvents, true) + left);
      this.#writeWord(CONTROL.opened, this.#next);
    } catch {
      // The file is gone, and with it whoever would read the count.
    }
  }

  #isFinished(sequence: number): boolean {
    const slot = sequence % this.#geometry.subBufferCount;
    return this.#view.getUint32(CONTROL.slotMarks + 4 * slot, true) === 2 * sequence + 2;
  }

  #copyFinished(): void {
    while (this.#isFinished(this.#next)) {
      const sequence = this.#next;
      const slot = sequence % this.#geometry.subBufferCount;
      if (!this.#takeSlot()) return;
      this.#copyContent();
      this.#writeWord(CONTROL.committedEvents, this.#eventsAfter(sequence));
      this.#writeWord(CONTROL.slotMarks + 4 * slot, 2 * sequence + 2);
      this.#bytes[CONTROL.slotReleases + slot] = releaseByte(sequence, this.#geometry.subBufferCount);
      this.#next = sequence + 1;
      this.#copiedBytes = 0;
    }
    this.#blocked = false;
  }

  /** Copies what the open sub-buffer has more than the file. */
  #copyPart(): void {
    const sequence = this.#next;
    const slot = sequence % this.#geometry.subBufferCount;
    if (this.#view.getUint32(CONTROL.slotMarks + 4 * slot, true) !== 2 * sequence + 1) return;
    if (this.#contentBytes() === this.#copiedBytes || !this.#takeSlot()) return;
    // The time first: a reader ends the packet at it.
    this.#writeProgress();
    this.#copyContent();
    this.#writeWord(CONTROL.committedEvents, this.#view.getUint32(CONTROL.committedEvents, true));
  }

  /** Marks the slot of the next packet as being written; false while the reader is not done with it. */
  #takeSlot(): boolean {
    if (this.#copiedBytes > 0) return true;
    const { subBufferCount } = this.#geometry;
    const sequence = this.#next;
    const slot = sequence % subBufferCount;
    if (
      !this.#overwrite &&
      sequence >= subBufferCount &&
      !this.#isReleased(slot, sequence - subBufferCount)
    ) {
      this.#block();
      return false;
    }
    // The mark of the packet before goes first, and that of this one comes after the count: neither is ever seen
    // with the count of the other, wherever the program is killed.
    this.#writeWord(CONTROL.slotMarks + 4 * slot, 0);
    this.#writeWord(CONTROL.slotEvents + 4 * slot, this.#view.getUint32(CONTROL.slotEvents + 4 * slot, true));
    this.#writeWord(CONTROL.slotMarks + 4 * slot, 2 * sequence + 1);
    return true;
  }

  /** Copies what is new of the next packet: its events, then the header that tells of them. */
  #copyContent(): void {
    const base = this.#base();
    const sizeBytes = this.#contentBytes();
    let done = Math.max(this.#copiedBytes, PACKET_HEADER_BYTES);
    while (done < sizeBytes) {
      done += writeSync(this.#fd, this.#bytes, base + done, sizeBytes - done, base + done);
    }
    for (let at = 0; at < PACKET_HEADER_BYTES;) {
      at += writeSync(this.#fd, this.#bytes, base + at, PACKET_HEADER_BYTES - at, base + at);
    }
    this.#copiedBytes = sizeBytes;
  }

  /** Where the next packet lies. */
  #base(): number {
    const { subBufferCount, subBufferSizeBytes } = this.#geometry;
    return CONTROL_BYTES + (this.#next % subBufferCount) * subBufferSizeBytes;
  }

  #contentBytes(): number {
    return this.#view.getUint32(this.#base() + PACKET.contentSizeBits, true) / 8;
  }

  /** Time, opened packets, state and losses; the words after these are the reader's, or go with each packet. */
  #writeProgress(): void {
    writeSync(this.#fd, this.#bytes, CONTROL.clock, CONTROL.committedEvents - CONTROL.clock, CONTROL.clock);
  }

  #block(): void {
    this.#blocked = true;
    this.#blockedAtLow = this.#view.getUint32(CONTROL.clock, true);
  }

  #isReleased(slot: number, sequence: number): boolean {
    readSync(this.#fd, this.#byte, 0, 1, CONTROL.slotReleases + slot);
    return this.#byte[0] === releaseByte(sequence, this.#geometry.subBufferCount);
  }

  /** Events committed when packet `sequence` was finished, modulo 2^32. */
  #eventsAfter(sequence: number): number {
    const isLast = this.#view.getUint32(CONTROL.opened, true) === sequence + 1;
    const nextSlot = (sequence + 1) % this.#geometry.subBufferCount;
    return this.#view.getUint32(isLast ? CONTROL.committedEvents : CONTROL.slotEvents + 4 * nextSlot, true);
  }

  #writeWord(position: number, word: number): void {
    this.#wordView.setUint32(0, word, true);
    writeSync(this.#fd, this.#word, 0, 4, position);
  }
}
