// The reading end of a ring: takes finished sub-buffers out of the file and gives their slots back. It keeps no
// state of its own beside what the ring holds, so a reader that died is replaced by a new one on the same file.
import { SpoorError } from '@spoor/base';
import {
  PROGRESS_BYTES,
  type ReaderProgress,
  type RingPacket,
  decodeProgress,
  encodeProgress,
} from './reader-progress.ts';
import {
  CONTROL,
  CONTROL_BYTES,
  CTF_MAGIC,
  PACKET,
  PACKET_HEADER_BYTES,
  STATE_WORD,
  releaseByte,
  ringSizeBytes,
  type RingHeader,
} from './layout.ts';
import { readRingHeader } from './ring-header.ts';
import type { CutPacket, RingState } from './ring-state.ts';
import type { RingStore } from './ring-store.ts';

/** What the marks of the slots say. */
interface SlotMarks {
  /** As in {@link RingState}. */
  readonly finished: readonly number[];
  readonly open: number | undefined;
  /** Number of the last packet that was begun; -1 without one. */
  readonly newest: number;
}

/** How far a running producer was at one moment. */
interface OpenProgress {
  /** Whether no event came while the rest was read. */
  readonly isSettled: boolean;
  readonly contentBits: number;
  readonly committedEvents: number;
  readonly lostEvents: number;
  readonly lastTimeNs: bigint;
}

/** How often a size of the open packet of a running producer is looked for that agrees with its count: some 0.1 s. */
const openAttempts = 30_000;
/** The same for a cut, which can also be left to the producer: a few milliseconds. */
const cutAttempts = 1000;
/** How often packets are listed anew that were overwritten before a snapshot had copied them: some milliseconds. */
const snapshotAttempts = 64;

/** Memory for one packet at a time, shared by readers. */
export class PacketScratch {
  #bytes = new Uint8Array(0);

  /** Memory of at least this size; its content is nobody's. */
  take(sizeBytes: number): Uint8Array {
    if (this.#bytes.byteLength < sizeBytes) this.#bytes = new Uint8Array(sizeBytes);
    return this.#bytes;
  }
}

/** Reads one ring. Not for use by several at a time. */
export class RingReader {
  readonly header: RingHeader;
  readonly #store: RingStore;
  readonly #name: string;
  readonly #control = new Uint8Array(CONTROL_BYTES);
  readonly #view = new DataView(this.#control.buffer);
  readonly #word = new Uint8Array(4);
  readonly #wordView = new DataView(this.#word.buffer);
  /** The words of the control page from the clock to the count of events. */
  readonly #progress = new Uint8Array(CONTROL.committedEvents + 4 - CONTROL.clock);
  readonly #progressView = new DataView(this.#progress.buffer);
  readonly #note = new Uint8Array(PROGRESS_BYTES);
  readonly #beat = new Uint8Array(1);
  readonly #noteView = new DataView(this.#note.buffer);
  readonly #packet: Uint8Array;
  /** The open packet of the last look. */
  #seenOpen: number | undefined;
  /** The packets that the first copy of the control page showed at the last look, oldest first. */
  #shown: readonly number[] = [];
  readonly #packetView: DataView;

  /**
   * Opens the ring in `store`; `name` is for error messages. Readers that are not used at the same time may share a
   * `scratch`.
   * @throws SpoorError `ring/not-a-ring`, `ring/version` or `ring/geometry`.
   */
  constructor(store: RingStore, name: string, scratch?: PacketScratch) {
    this.#store = store;
    this.#name = name;
    const got = store.read(this.#control, 0);
    this.header = readRingHeader(this.#control.subarray(0, got), name);
    this.#packet = (scratch ?? new PacketScratch()).take(this.header.subBufferSizeBytes);
    this.#packetView = new DataView(this.#packet.buffer);
  }

  /** Size of the ring file. */
  get sizeBytes(): number {
    return ringSizeBytes(this.header);
  }

  /**
   * Reads the control page anew: one read of 4 KiB, two when there is something new. The producer goes on while the page
   * is copied, so a packet that was finished meanwhile may seem open, or not yet begun, beside one that came after it. The
   * second copy therefore counts up to the last packet that the first one shows: those before it were finished by then.
   */
  poll(): RingState {
    const last = this.#readMarks(Infinity);
    const isNew = last.finished.length > 0 || last.open !== this.#seenOpen;
    const { finished, open } = isNew ? this.#readMarks(last.newest) : last;
    this.#seenOpen = open;
    this.#shown = last.open === undefined ? last.finished : [...last.finished, last.open];
    const view = this.#view;
    return {
      closed: view.getUint32(CONTROL.state, true) === STATE_WORD.closed,
      openedPackets: view.getUint32(CONTROL.opened, true),
      lostEvents:
        view.getUint32(CONTROL.lostEvents, true) + view.getUint32(CONTROL.lostEvents + 4, true) * 2 ** 32,
      lostTooLarge: view.getUint32(CONTROL.lostTooLarge, true),
      committedEvents: view.getUint32(CONTROL.committedEvents, true),
      lastTimeNs: view.getBigUint64(CONTROL.clock, true),
      finished,
      open,
      recordedEvents: Number(view.getBigUint64(CONTROL.recordedEvents, true)),
      recordedPackets: view.getUint32(CONTROL.recordedPackets, true),
    };
  }

  /** Reads the control page, and in it the marks of packets up to number `newest`. */
  #readMarks(newest: number): SlotMarks {
    this.#store.read(this.#control, 0);
    const view = this.#view;
    const isOverwrite = this.header.mode === 'overwrite';
    const finished: number[] = [];
    let open: number | undefined;
    let seen = -1;
    for (let slot = 0; slot < this.header.subBufferCount; slot += 1) {
      const mark = view.getUint32(CONTROL.slotMarks + 4 * slot, true);
      // 2 s + 1 and 2 s + 2 are of packet s.
      const sequence = (mark - 1) >>> 1;
      if (mark === 0 || sequence > newest) continue;
      seen = Math.max(seen, sequence);
      if (mark % 2 === 1) {
        open = sequence;
        continue;
      }
      // Nothing is released in overwrite mode: the zeros there say nothing.
      const released = this.#control[CONTROL.slotReleases + slot];
      if (isOverwrite || released !== releaseByte(sequence, this.header.subBufferCount)) {
        finished.push(sequence);
      }
    }
    finished.sort((a, b) => a - b);
    return { finished, open, newest: seen };
  }

  /**
   * Reads finished packet `sequence`. In overwrite mode the producer may take the slot back at any time: then the
   * answer is undefined.
   * @throws SpoorError `ring/damaged` when the slot holds something else than its mark says.
   */
  read(sequence: number): RingPacket | undefined {
    const slot = sequence % this.header.subBufferCount;
    const mark = 2 * sequence + 2;
    if (this.#mark(slot) !== mark) return this.#missing(sequence);
    const sizeBytes = this.#readContent(slot, sequence);
    const eventsBefore = this.#readWord(CONTROL.slotEvents + 4 * slot);
    const eventCount = this.#countFinished(sequence, eventsBefore);
    if (this.#mark(slot) !== mark) return this.#missing(sequence);
    if (sizeBytes === undefined) {
      throw new SpoorError('ring/damaged', `cannot read packet ${sequence}: its header is not a packet's`, {
        where: this.#name,
      });
    }
    return { sequence, eventCount, eventsBefore, bytes: this.#packet.subarray(0, sizeBytes) };
  }

  /**
   * Bytes of all packets up to a look at the ring, and what the open one has by now: what was written so far, but for what
   * was left empty at the ends of packets.
   */
  producedBytes({ openedPackets, open }: RingState): number {
    const { subBufferCount, subBufferSizeBytes } = this.header;
    if (open === undefined) return openedPackets * subBufferSizeBytes;
    const slot = open % subBufferCount;
    const at = CONTROL_BYTES + slot * subBufferSizeBytes + PACKET.contentSizeBits;
    const contentBytes = Math.min(this.#readWord(at) / 8, subBufferSizeBytes);
    // Finished meanwhile, it counts as those before it.
    const openBytes = this.#mark(slot) === 2 * open + 1 ? contentBytes : subBufferSizeBytes;
    return (openedPackets - 1) * subBufferSizeBytes + openBytes;
  }

  /**
   * Notes that the events up to packet `sequence`, `recordedEvents` in all, are safe, for a reader that takes this
   * one's place.
   */
  note(sequence: number, recordedEvents: number): void {
    this.#noteView.setBigUint64(0, BigInt(recordedEvents), true);
    this.#noteView.setUint32(8, sequence + 1, true);
    this.#store.write(this.#note.subarray(0, 12), CONTROL.recordedEvents);
  }

  /** Notes how far this reader is, a cut included. */
  noteProgress(progress: ReaderProgress): void {
    encodeProgress(progress, this.#noteView);
    this.#store.write(this.#note, CONTROL.progress);
  }

  /** Notes what is about to be noted, before the stream has it; undefined takes that back. */
  intendProgress(progress: ReaderProgress | undefined): void {
    if (progress === undefined) this.#note.fill(0);
    else encodeProgress(progress, this.#noteView);
    this.#store.write(this.#note, CONTROL.intendedProgress);
  }

  /** What the reader before this one noted. */
  get progress(): ReaderProgress {
    this.#store.read(this.#note, CONTROL.progress);
    return decodeProgress(this.#noteView);
  }

  /** What it was about to note. */
  get intendedProgress(): ReaderProgress | undefined {
    this.#store.read(this.#note, CONTROL.intendedProgress);
    const progress = decodeProgress(this.#noteView);
    return progress.cutBytes === 0 && progress.recordedPackets === 0 ? undefined : progress;
  }

  /** Gives the slot of packet `sequence` back to the producer (discard mode). */
  release(sequence: number): void {
    const { subBufferCount } = this.header;
    const byte = Uint8Array.of(releaseByte(sequence, subBufferCount));
    this.#store.write(byte, CONTROL.slotReleases + (sequence % subBufferCount));
  }

  /** Shows a producer that waits for room that somebody is about to make some. */
  beat(): void {
    this.#beat.fill((this.#beat[0]! + 1) & 0xff);
    this.#store.write(this.#beat, CONTROL.heartbeat);
  }

  /**
   * Asks the producer to wake this reader at its next event (`ReaderWaker`). Events that came before are to be looked for
   * afterwards, by {@link committedEvents}: nobody is woken for them.
   */
  sleep(): void {
    this.#store.write(Uint8Array.of(0), CONTROL.woken);
  }

  /** Whether the producer wakes a sleeping reader as it finishes a sub-buffer (`SwitchWaker`), as of the last {@link poll}. */
  get isWaking(): boolean {
    return this.#control[CONTROL.wakes] === 1;
  }

  /** Whether the producer has yet to wake this reader, as of the last {@link poll}. */
  get isAsleep(): boolean {
    return this.#control[CONTROL.woken] === 0;
  }

  /** Events committed so far, modulo 2^32, by one read of four bytes. */
  get committedEvents(): number {
    return this.#readWord(CONTROL.committedEvents);
  }

  /** What the open packet holds by now, as a whole packet; undefined when that is nothing, or it was finished meanwhile. */
  readOpen(sequence: number): RingPacket | undefined {
    return this.#readOpen(sequence);
  }

  /**
   * The open packet up to between two events, to be cut there. `nothing` when it has no events, or was finished
   * meanwhile; `unsettled` when the producer emits so fast that the moment between two events cannot be caught.
   */
  readCut(sequence: number): CutPacket | 'nothing' | 'unsettled' {
    const slot = sequence % this.header.subBufferCount;
    const progress = this.#settledProgress(slot, 2 * sequence + 1, cutAttempts);
    if (progress === undefined) return 'nothing';
    if (!progress.isSettled) return 'unsettled';
    const packet = this.#completeOpen(sequence, progress);
    if (packet === undefined) return 'nothing';
    return { ...packet, timeNs: progress.lastTimeNs, committedEvents: progress.committedEvents };
  }

  /** Tells the producer that the recording is over: it opens no further sub-buffer. */
  stop(): void {
    this.#store.write(Uint8Array.of(1), CONTROL.stopped);
  }

  /**
   * All packets that lie in the ring now, oldest first, with what the open one holds; for the flight-recorder mode.
   * The producer goes on meanwhile: where it took packets back before they were copied, the newer ones that it has
   * written since are looked for, and what is left out shows as a gap in the sequence numbers. `take` gets each packet;
   * its bytes are only valid during the call.
   */
  snapshot(take: (packet: RingPacket) => void): void {
    let nextSequence = 0;
    for (let attempt = 0; attempt < snapshotAttempts; attempt += 1) {
      const { finished, open } = this.poll();
      // The later the attempt, the newer the packet that it begins with: the producer comes to the newest ones last.
      const wanted = this.#shown.slice(Math.floor((this.#shown.length * attempt) / snapshotAttempts));
      let isOvertaken = wanted.some((sequence) => sequence !== open && !finished.includes(sequence));
      for (const sequence of finished) {
        if (sequence < nextSequence || sequence < wanted[0]!) continue;
        const packet = this.read(sequence);
        isOvertaken ||= packet === undefined;
        if (packet === undefined) break;
        take(packet);
        nextSequence = sequence + 1;
      }
      if (isOvertaken) continue;
      if (open === undefined) return;
      const packet = this.#readOpen(open) ?? this.#readIfFinished(open);
      if (packet !== undefined) take(packet);
      else if (this.#mark(open % this.header.subBufferCount) > 2 * open + 2) continue;
      return;
    }
  }

  /**
   * What a dead producer left that is in no finished packet: the committed events of its open sub-buffer as a whole
   * packet, or a packet without events when only losses are left to tell of. Undefined if there is neither.
   * Only sound once the producing thread is gone; comes after all finished packets.
   */
  recover(): RingPacket | undefined {
    const state = this.poll();
    if (state.open !== undefined) {
      const packet = this.#readOpen(state.open);
      if (packet !== undefined) return packet;
    }
    return this.#lossPacket(state);
  }

  /** A packet without events that tells of the losses after the last finished packet. */
  #lossPacket(state: RingState): RingPacket | undefined {
    // An open sub-buffer that holds no sound packet was not begun: its number is still free.
    const sequence = state.open ?? state.openedPackets;
    const view = this.#packetView;
    let told = 0;
    if (sequence > 0) {
      const last = sequence - 1;
      if (this.#readContent(last % this.header.subBufferCount, last) !== undefined) {
        told = Number(view.getBigUint64(PACKET.eventsDiscarded, true));
      }
    }
    if (state.lostEvents <= told) return undefined;
    const bytes = this.#packet.subarray(0, PACKET_HEADER_BYTES);
    bytes.fill(0);
    view.setUint32(PACKET.magic, CTF_MAGIC, true);
    bytes.set(this.header.uuid, PACKET.uuid);
    view.setBigUint64(PACKET.timestampBegin, state.lastTimeNs, true);
    view.setBigUint64(PACKET.timestampEnd, state.lastTimeNs, true);
    view.setUint32(PACKET.contentSizeBits, PACKET_HEADER_BYTES * 8, true);
    view.setUint32(PACKET.packetSizeBits, PACKET_HEADER_BYTES * 8, true);
    view.setUint32(PACKET.sequenceNumber, sequence, true);
    view.setBigUint64(PACKET.eventsDiscarded, BigInt(state.lostEvents), true);
    view.setUint32(PACKET.streamClassId, this.header.streamClassId, true);
    view.setUint32(PACKET.vtid, this.header.tid, true);
    return { sequence, eventCount: 0, eventsBefore: state.committedEvents, bytes };
  }

  /** Events in finished packet `sequence`: the producer's count when it opened the next one, less that of this one. */
  #countFinished(sequence: number, before: number): number {
    const { subBufferCount } = this.header;
    const nextSlot = (sequence + 1) % subBufferCount;
    let after = this.#readWord(CONTROL.committedEvents);
    // Without a next packet nothing was committed since; the mark is looked at last for that to hold.
    if (this.#mark(nextSlot) >= 2 * sequence + 3) after = this.#readWord(CONTROL.slotEvents + 4 * nextSlot);
    return (after - before) >>> 0;
  }

  #readIfFinished(sequence: number): RingPacket | undefined {
    return this.#mark(sequence % this.header.subBufferCount) === 2 * sequence + 2
      ? this.read(sequence)
      : undefined;
  }

  /**
   * Copies the open packet and writes into the copy what the producer would have at its end. Undefined when there is
   * nothing in it, and when it was finished meanwhile.
   */
  #readOpen(sequence: number): RingPacket | undefined {
    const slot = sequence % this.header.subBufferCount;
    const progress = this.#settledProgress(slot, 2 * sequence + 1, openAttempts);
    return progress === undefined ? undefined : this.#completeOpen(sequence, progress);
  }

  #completeOpen(sequence: number, progress: OpenProgress): RingPacket | undefined {
    const slot = sequence % this.header.subBufferCount;
    const { contentBits, committedEvents, lostEvents, lastTimeNs } = progress;
    const sizeBytes = this.#readContent(slot, sequence, contentBits);
    if (sizeBytes === undefined) return undefined;
    const eventsBefore = this.#readWord(CONTROL.slotEvents + 4 * slot);
    if (this.#mark(slot) !== 2 * sequence + 1) return undefined;
    const view = this.#packetView;
    const discardedBefore = Number(view.getBigUint64(PACKET.eventsDiscarded, true));
    if (sizeBytes === PACKET_HEADER_BYTES && lostEvents === discardedBefore) return undefined;
    const beginNs = view.getBigUint64(PACKET.timestampBegin, true);
    view.setBigUint64(PACKET.timestampEnd, lastTimeNs < beginNs ? beginNs : lastTimeNs, true);
    view.setUint32(PACKET.contentSizeBits, sizeBytes * 8, true);
    view.setUint32(PACKET.packetSizeBits, sizeBytes * 8, true);
    view.setBigUint64(PACKET.eventsDiscarded, BigInt(lostEvents), true);
    const eventCount = (committedEvents - eventsBefore) >>> 0;
    return { sequence, eventCount, eventsBefore, bytes: this.#packet.subarray(0, sizeBytes) };
  }

  /**
   * A content size of the open packet, and what belongs to it: the counts and the time of that moment. They are words
   * apart, so they are read until no event came in between: a program emits seldom enough for that, or it soon finishes
   * the packet, which ends the search. (A thread that does not get on between its two stores has counted one event less.)
   */
  #settledProgress(slot: number, mark: number, attempts: number): OpenProgress | undefined {
    const base = CONTROL_BYTES + slot * this.header.subBufferSizeBytes;
    const contentAt = base + PACKET.contentSizeBits;
    // Its own number ends the header: until then its size is still that of the packet of the lap before.
    if (2 * this.#readWord(base + PACKET.sequenceNumber) + 1 !== mark) return undefined;
    let contentBits = this.#readWord(contentAt);
    let isSettled = false;
    for (let attempt = 0; ; attempt += 1) {
      this.#store.read(this.#progress, CONTROL.clock);
      const after = this.#readWord(contentAt);
      isSettled = after === contentBits;
      if (isSettled || attempt === attempts) break;
      contentBits = after;
      if (this.#mark(slot) !== mark) return undefined;
    }
    const view = this.#progressView;
    return {
      isSettled,
      contentBits,
      committedEvents: view.getUint32(CONTROL.committedEvents - CONTROL.clock, true),
      lostEvents: Number(view.getBigUint64(CONTROL.lostEvents - CONTROL.clock, true)),
      lastTimeNs: view.getBigUint64(0, true),
    };
  }

  /**
   * Copies the content of the packet in `slot`, as much as it says that there is unless told; undefined when it is not
   * packet `sequence`.
   */
  #readContent(slot: number, sequence: number, toldBits?: number): number | undefined {
    const base = CONTROL_BYTES + slot * this.header.subBufferSizeBytes;
    const head = this.#packet.subarray(0, PACKET_HEADER_BYTES);
    if (this.#store.read(head, base) < PACKET_HEADER_BYTES) return undefined;
    const view = this.#packetView;
    const contentBits = toldBits ?? view.getUint32(PACKET.contentSizeBits, true);
    const sizeBytes = contentBits / 8;
    if (
      view.getUint32(PACKET.magic, true) !== CTF_MAGIC ||
      view.getUint32(PACKET.sequenceNumber, true) !== sequence ||
      !Number.isInteger(sizeBytes) ||
      sizeBytes < PACKET_HEADER_BYTES ||
      sizeBytes > this.header.subBufferSizeBytes
    ) {
      return undefined;
    }
    const rest = this.#packet.subarray(PACKET_HEADER_BYTES, sizeBytes);
    if (this.#store.read(rest, base + PACKET_HEADER_BYTES) < rest.byteLength) return undefined;
    return sizeBytes;
  }

  #mark(slot: number): number {
    return this.#readWord(CONTROL.slotMarks + 4 * slot);
  }

  #readWord(position: number): number {
    this.#store.read(this.#word, position);
    return this.#wordView.getUint32(0, true);
  }

  #missing(sequence: number): undefined {
    if (this.header.mode === 'overwrite') return undefined;
    throw new SpoorError('ring/damaged', `cannot read packet ${sequence}: it is not in the ring`, {
      where: this.#name,
    });
  }
}
