// The writing end of a ring. One thread owns it, and between two sub-buffers it uses plain stores only: an event
// is reserved by comparing two numbers and committed by storing the packet's content size (bench/emit.ts guards
// the cost). Atomics appear only where a sub-buffer begins or ends.
import { SpoorError } from '@spoor/base';
import { exchange, load, now, store, wait } from './built-ins.ts';
import {
  CHANNEL_NAME_BYTES,
  COMPACT_HEADER_BYTES,
  COMPACT_ID_MAX,
  CONTROL,
  CONTROL_BYTES,
  CTF_MAGIC,
  EXTENDED_HEADER_BYTES,
  MODE_WORD,
  PACKET,
  PACKET_HEADER_BYTES,
  RING_MAGIC,
  RING_VERSION,
  STATE_WORD,
  TIER_WORD,
  isValidGeometry,
  releaseByte,
  ringSizeBytes,
  type RingGeometry,
  type RingIdentity,
} from './layout.ts';

/** How long a waiting event sleeps between two looks. */
const WAIT_STEP_MS = 1;

/** The clock is read once for so many lost events, less one: a power of two. */
const LOST_A_LOOK_MASK = 255;

/** What a ring needs from outside, beside its memory. */
export interface ProducerOptions extends RingIdentity, RingGeometry {
  /** Number of the CPU that the calling thread runs on; asked for once a sub-buffer. */
  readonly cpuId: () => number;
  /** Called when a sub-buffer was finished, and when an event finds the ring full (which it may mend). */
  readonly onFinished?: () => void;
  /** Called when a sub-buffer was finished, in the middle of an event: must not touch the ring. */
  readonly onSwitch?: (() => void) | undefined;
  /** Reads the clock that events are timed by, where events are lost; that of the system by default. */
  readonly readClock?: () => bigint;
  /** Microseconds that an event which finds the ring full waits for room; 0 by default, -1 without limit. */
  readonly blockingTimeoutUs?: number;
  /** Whether nobody empties the ring any more, so that waiting is of no use; asked while an event waits. */
  readonly isReaderGone?: (heartbeat: number, nowMs: number) => boolean;
}

/**
 * Writer of one thread's events. A generated serialiser uses the public fields directly: it stores the time into
 * `clock`, reserves from `pos` to `end` (or asks `begin`), writes through `view` and `bytes`, and calls `commit`
 * or does the same in place.
 */
export class RingProducer {
  readonly view: DataView;
  /**
   * The memory as words, for what a reader, or whoever comes after a kill, may see at any moment: code that V8 has not
   * optimised stores a number byte by byte through a DataView, into a typed array as a whole.
   */
  readonly words: Int32Array;
  readonly bytes: Buffer;
  /** The last time read, in the control page so that recovery finds it. */
  readonly clock: BigUint64Array;
  /** The two halves of `clock`: low, high. */
  readonly clockHalves: Uint32Array;
  /** The bits of `clock` as a number, to copy them as a whole and without a bigint: of no time they are a NaN. */
  readonly clockBits: Float64Array;
  /** One word: events committed, modulo 2^32. */
  readonly committed: Uint32Array;
  /** Where the next event header goes, in bytes from the start of the memory. */
  pos = 0;
  /** First byte after the open sub-buffer; 0 when none is open. */
  end = 0;
  /** Where in {@link words} the content size of the open packet is stored. */
  contentWord: number = (CONTROL_BYTES + PACKET.contentSizeBits) >> 2;
  /** First byte of the open sub-buffer. */
  base: number = CONTROL_BYTES;
  /** Whether the next event will probably be lost: then {@link losesEvent} tells, before anything is done for it. */
  isFull = false;
  /** Bits 27 and up of the time of the last event: the compact header serves while they stay. */
  tick = -1;

  readonly #marks: Uint32Array;
  readonly #releases: Uint8Array;
  readonly #stopped: Uint8Array;
  readonly #slotEvents: Uint32Array;
  readonly #options: ProducerOptions;
  readonly #overwrite: boolean;
  readonly #readClock: () => bigint;
  /** While the ring is full: the slot that must come free, and the release byte that says so. */
  #awaitedSlot = -1;
  #awaitedByte = 0;
  /** What a waiting event sleeps on: nobody wakes it. */
  #pause: Int32Array | undefined;
  #isReaderGone = false;
  #sequence = 0;
  #lost = 0;
  #lostTooLarge = 0;
  #lostInPackets = 0;
  #closed = false;

  /** Lays a fresh ring out in `memory`, which must be zeroed and of exactly {@link ringSizeBytes}. */
  constructor(memory: ArrayBuffer | SharedArrayBuffer, options: ProducerOptions) {
    if (!isValidGeometry(options) || memory.byteLength !== ringSizeBytes(options)) {
      throw new SpoorError(
        'ring/geometry',
        `cannot lay out a ring of ${options.subBufferCount} sub-buffers of ${options.subBufferSizeBytes} bytes in ${memory.byteLength} bytes`,
      );
    }
    this.#options = options;
    this.#readClock = options.readClock ?? now;
    this.#overwrite = options.mode === 'overwrite';
    this.view = new DataView(memory);
    this.words = new Int32Array(memory);
    this.bytes = Buffer.from(memory as ArrayBuffer);
    this.clock = new BigUint64Array(memory, CONTROL.clock, 1);
    this.clockHalves = new Uint32Array(memory, CONTROL.clock, 2);
    this.clockBits = new Float64Array(memory, CONTROL.clock, 1);
    this.committed = new Uint32Array(memory, CONTROL.committedEvents, 1);
    this.#marks = new Uint32Array(memory, CONTROL.slotMarks, options.subBufferCount);
    this.#releases = new Uint8Array(memory, CONTROL.slotReleases, options.subBufferCount);
    this.#stopped = new Uint8Array(memory, CONTROL.stopped, 1);
    this.#slotEvents = new Uint32Array(memory, CONTROL.slotEvents, options.subBufferCount);
    this.#layOut();
  }

  /** Events lost so far, for want of space or because they were larger than a sub-buffer. */
  get lostEvents(): number {
    return this.#lost;
  }

  /** Whether the reader ended the recording: no further sub-buffer is opened. */
  get isStopped(): boolean {
    return load(this.#stopped, 0) !== 0;
  }

  /** Sequence number of the next packet. */
  get openedPackets(): number {
    return this.#sequence;
  }

  /**
   * The slow way to begin an event, for whenever the inline one does not serve: opens the next sub-buffer if the
   * event does not fit, and writes the event header, extended if it must be. `payloadBytes` is what follows the
   * header at most. Returns where the payload goes, or -1 when the event is lost (and counted).
   * The event's time must already lie in `clock`.
   */
  begin(eventId: number, payloadBytes: number): number {
    if (this.#awaitedSlot >= 0 && this.#isStillFull()) return -1;
    const mostBytes = EXTENDED_HEADER_BYTES + payloadBytes;
    if (this.pos + mostBytes > this.end && !this.#openFor(mostBytes)) return -1;
    // Read now: an event that waited for room has the time at which it got it.
    const low = this.clockHalves[0]!;
    const high = this.clockHalves[1]!;
    const tick = (low >>> 27) | (high << 5);
    const at = this.pos;
    if (eventId <= COMPACT_ID_MAX && tick === this.tick) {
      this.view.setUint32(at, (low << 5) | eventId, true);
      return at + COMPACT_HEADER_BYTES;
    }
    this.view.setUint8(at, 31);
    this.view.setUint32(at + 1, eventId, true);
    this.view.setUint32(at + 5, low, true);
    this.view.setUint32(at + 9, high, true);
    this.tick = tick;
    return at + EXTENDED_HEADER_BYTES;
  }

  /**
   * Whether the event that is about to be recorded is lost (and counted): the quick way out of a full ring, before
   * arguments are looked at and the clock is read. An event that may wait for room does so here.
   */
  losesEvent(): boolean {
    return this.#awaitedSlot >= 0 && this.#isStillFull();
  }

  /** Makes everything before `pos` part of the packet: the event that ends there is recorded. */
  commit(pos: number): void {
    this.pos = pos;
    this.words[this.contentWord] = (pos - this.base) << 3;
    this.committed[0] = this.committed[0]! + 1;
  }

  /** Counts an event that could not be recorded. */
  countLost(): void {
    const lost = this.#lost + 1;
    this.#lost = lost;
    // Whoever reads the ring learns until when events were lost: nobody else does so while it is full.
    if ((lost & LOST_A_LOOK_MASK) === 0) this.clock[0] = this.#readClock();
    const low = lost | 0;
    this.words[CONTROL.lostEvents >> 2] = low;
    if (low === 0) this.words[(CONTROL.lostEvents >> 2) + 1] = lost / 0x1_0000_0000;
  }

  /** Counts an event that no sub-buffer has room for. */
  countTooLarge(): void {
    this.#lostTooLarge += 1;
    this.words[CONTROL.lostTooLarge >> 2] = this.#lostTooLarge;
    this.countLost();
  }

  /** Finishes the open sub-buffer, if it has events, so that a reader gets it now. */
  flush(): void {
    if (this.end !== 0 && this.pos > this.base + PACKET_HEADER_BYTES) this.#finish();
  }

  /**
   * Finishes the last sub-buffer and marks the ring closed. Losses that no packet tells of yet are put into a packet
   * without events, if there is room. A later event opens the ring again.
   */
  close(): void {
    // Until now nothing more was recorded.
    if (this.#lost > this.#lostInPackets) this.clock[0] = this.#readClock();
    this.flush();
    if (this.end === 0 && this.#lost > this.#lostInPackets && this.#open()) this.#finish();
    else if (this.end !== 0) this.#finish();
    this.#closed = true;
    store(this.#stateWord(), 0, STATE_WORD.closed);
    this.#options.onFinished?.();
  }

  #stateWord(): Uint32Array {
    return new Uint32Array(this.view.buffer, CONTROL.state, 1);
  }

  /** Opens a sub-buffer in which `mostBytes` fit; false when the event is lost. */
  #openFor(mostBytes: number): boolean {
    if (PACKET_HEADER_BYTES + mostBytes > this.#options.subBufferSizeBytes) {
      this.countTooLarge();
      return false;
    }
    if (this.end !== 0) this.#finish();
    if (!this.#open()) {
      // After the end of the recording an event is neither recorded nor lost.
      if (!this.isStopped) this.countLost();
      return false;
    }
    this.tick = (this.clockHalves[0]! >>> 27) | (this.clockHalves[1]! << 5);
    return true;
  }

  /**
   * The quick answer for event after event that finds the ring full: plain loads, since calls of Atomics are dearer
   * than recording an event. When the bytes have changed, `#open` looks again in earnest.
   */
  #isStillFull(): boolean {
    const { onFinished } = this.#options;
    if (onFinished !== undefined) onFinished();
    if (this.#stopped[0] !== 0) return true;
    if (this.#releases[this.#awaitedSlot] === this.#awaitedByte || this.#waitForRoom()) {
      this.#awaitedSlot = -1;
      this.isFull = false;
      this.#isReaderGone = false;
      return false;
    }
    this.countLost();
    return true;
  }

  /** Holds the program up until the awaited slot is free, as long as it may; whether it is. */
  #waitForRoom(): boolean {
    const { blockingTimeoutUs = 0, isReaderGone, onFinished } = this.#options;
    if (blockingTimeoutUs === 0 || this.#isReaderGone) return false;
    this.#pause ??= new Int32Array(new SharedArrayBuffer(4));
    const beganNs = now();
    for (;;) {
      const nowNs = now();
      this.clock[0] = nowNs;
      onFinished?.();
      if (this.isStopped) return false;
      if (load(this.#releases, this.#awaitedSlot) === this.#awaitedByte) return true;
      const leftUs = blockingTimeoutUs - Number(nowNs - beganNs) / 1000;
      if (blockingTimeoutUs > 0 && leftUs <= 0) return false;
      if (isReaderGone?.(this.view.getUint8(CONTROL.heartbeat), Number(nowNs) / 1e6) === true) {
        this.#isReaderGone = true;
        return false;
      }
      wait(this.#pause, 0, 0, blockingTimeoutUs > 0 ? Math.min(WAIT_STEP_MS, leftUs / 1000) : WAIT_STEP_MS);
    }
  }

  /** Whether the reader is done with the slot that the next packet goes to. */
  #isFree(slot: number): boolean {
    const count = this.#options.subBufferCount;
    if (this.#overwrite || this.#sequence < count) return true;
    const expected = releaseByte(this.#sequence - count, count);
    if (load(this.#releases, slot) === expected) return true;
    this.#awaitedSlot = slot;
    this.#awaitedByte = expected;
    // A copied ring looks at its file from time to time, by the time of the events: they go the slow way.
    this.isFull = this.#options.onFinished === undefined;
    return false;
  }

  /** Begins packet `#sequence` at the time in `clock`; false when its slot is still taken. */
  #open(): boolean {
    const { subBufferCount, subBufferSizeBytes, streamClassId, uuid, cpuId, tid } = this.#options;
    const sequence = this.#sequence;
    const slot = sequence % subBufferCount;
    if (this.isStopped) {
      this.#awaitedSlot = slot;
      return false;
    }
    if (!this.#isFree(slot)) {
      this.#options.onFinished?.();
      if (!this.#isFree(slot) && !this.#waitForRoom()) return false;
    }
    this.#awaitedSlot = -1;
    this.isFull = false;
    const { view } = this;
    // The packet of the lap before goes first: a reader must not see it with the count of this one.
    exchange(this.#marks, slot, 0);
    this.#slotEvents[slot] = this.committed[0]!;
    // An exchange, not a store: nothing of the new packet may become visible before its slot is marked open.
    exchange(this.#marks, slot, 2 * sequence + 1);
    const base = CONTROL_BYTES + slot * subBufferSizeBytes;
    // A dead producer's packet counts only if its sequence number is this slot's: it is written last.
    const sequenceWord = (base + PACKET.sequenceNumber) >> 2;
    this.words[sequenceWord] = -1;
    view.setUint32(base + PACKET.contentSizeBits, PACKET_HEADER_BYTES * 8, true);
    view.setUint32(base + PACKET.contentSizeBits + 4, 0, true);
    view.setUint32(base + PACKET.magic, CTF_MAGIC, true);
    this.bytes.set(uuid, base + PACKET.uuid);
    view.setUint32(base + PACKET.streamClassId, streamClassId, true);
    this.#setTime(base + PACKET.timestampBegin);
    this.#setTime(base + PACKET.timestampEnd);
    view.setUint32(base + PACKET.packetSizeBits, PACKET_HEADER_BYTES * 8, true);
    view.setUint32(base + PACKET.packetSizeBits + 4, 0, true);
    view.setUint32(base + PACKET.sequenceNumber + 4, 0, true);
    this.#setLost(base);
    view.setUint32(base + PACKET.cpuId, cpuId(), true);
    view.setUint32(base + PACKET.vtid, tid, true);
    this.words[sequenceWord] = sequence;
    this.base = base;
    this.contentWord = (base + PACKET.contentSizeBits) >> 2;
    this.pos = base + PACKET_HEADER_BYTES;
    this.end = base + subBufferSizeBytes;
    this.#sequence = sequence + 1;
    this.words[CONTROL.opened >> 2] = this.#sequence;
    if (this.#closed) {
      this.#closed = false;
      store(this.#stateWord(), 0, STATE_WORD.active);
    }
    return true;
  }

  /** Ends the open packet at the time in `clock` and hands it to the reader. */
  #finish(): void {
    const { view, base, pos } = this;
    const contentBits = (pos - base) << 3;
    // A clock that went back must not make a packet end before it began: readers would refuse it.
    if (!this.#isBefore(base + PACKET.timestampBegin)) this.#setTime(base + PACKET.timestampEnd);
    view.setUint32(base + PACKET.contentSizeBits, contentBits, true);
    view.setUint32(base + PACKET.packetSizeBits, contentBits, true);
    this.#setLost(base);
    this.#lostInPackets = this.#lost;
    const sequence = this.#sequence - 1;
    store(this.#marks, sequence % this.#options.subBufferCount, 2 * sequence + 2);
    this.pos = 0;
    this.end = 0;
    this.#options.onFinished?.();
    this.#options.onSwitch?.();
  }

  /** Whether the time in `clock` is before the one that lies at `at`. */
  #isBefore(at: number): boolean {
    const high = this.view.getUint32(at + 4, true);
    if (this.clockHalves[1]! !== high) return this.clockHalves[1]! < high;
    return this.clockHalves[0]! < this.view.getUint32(at, true);
  }

  #setTime(at: number): void {
    this.view.setUint32(at, this.clockHalves[0]!, true);
    this.view.setUint32(at + 4, this.clockHalves[1]!, true);
  }

  #setLost(base: number): void {
    this.view.setUint32(base + PACKET.eventsDiscarded, this.#lost >>> 0, true);
    this.view.setUint32(base + PACKET.eventsDiscarded + 4, Math.floor(this.#lost / 0x1_0000_0000), true);
  }

  #layOut(): void {
    const { view } = this;
    const options = this.#options;
    view.setUint32(CONTROL.version, RING_VERSION, true);
    view.setUint32(CONTROL.mode, MODE_WORD[options.mode], true);
    view.setUint32(CONTROL.subBufferCount, options.subBufferCount, true);
    view.setUint32(CONTROL.subBufferSizeBytes, options.subBufferSizeBytes, true);
    view.setUint32(CONTROL.pid, options.pid, true);
    view.setUint32(CONTROL.tid, options.tid, true);
    view.setUint32(CONTROL.ringNumber, options.ringNumber, true);
    view.setBigUint64(CONTROL.processStartTicks, options.processStartTicks, true);
    view.setBigUint64(CONTROL.threadStartTicks, options.threadStartTicks, true);
    this.bytes.set(options.uuid, CONTROL.uuid);
    view.setUint32(CONTROL.tier, TIER_WORD[options.tier], true);
    view.setUint32(CONTROL.streamClassId, options.streamClassId, true);
    this.bytes.write(options.channelName, CONTROL.channelName, CHANNEL_NAME_BYTES - 1, 'latin1');
    view.setUint32(CONTROL.state, STATE_WORD.active, true);
    view.setUint32(CONTROL.magic, RING_MAGIC, true);
  }
}
