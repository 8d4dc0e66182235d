/** Takes one thread's ring over into its stream on disk. */
import {
  closeSync,
  constants,
  existsSync,
  ftruncateSync,
  openSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import { PacketScratch, type RingPacket, RingReader, type RingState, fileStore } from '@spoor/ringbuffer';
import type { MetadataWriter } from './metadata-writer.ts';
import { describePacket } from './packet-description.ts';
import { streamPathOf } from './recorded-stream.ts';
import { StreamWriter } from './stream-writer.ts';
import type { RingTotals } from './ledger.ts';

/** A packet is read and written before the next one of any ring. */
const scratch = new PacketScratch();

/** One ring and the stream that it becomes. */
export class RingDrain implements Disposable {
  readonly reader: RingReader;
  readonly #number: number;
  readonly #ringPath: string;
  #streamPath: string;
  #metadata: MetadataWriter;
  readonly #fd: number;
  #writer: StreamWriter | undefined;
  /** What went to the streams of earlier trace chunks. */
  #earlier = { packetCount: 0, sizeBytes: 0 };
  #writtenBytes = 0;
  #recordedEvents: number;
  #recordedPackets: number;
  #lastState!: RingState;
  /** Events that the producer committed, counted on where its own 32-bit count wraps. */
  #committedEvents = 0;
  /** The same at the end of the last packet that was written, modulo 2^32. */
  #committedThrough = 0;
  /** Whether everything up to the end of the recording is written, while the producer may go on. */
  #isCutOff = false;

  /**
   * Opens ring `number` of its process, whose stream goes to `traceDir`; takes the stream up where an earlier consumer left it.
   * @throws SpoorError `ring/…` when the file is not a whole ring (yet), `record/output`.
   */
  constructor(number: number, ringPath: string, traceDir: string, metadata: MetadataWriter) {
    this.#number = number;
    this.#ringPath = ringPath;
    this.#metadata = metadata;
    this.#fd = openSync(ringPath, constants.O_RDWR);
    try {
      this.reader = new RingReader(fileStore(this.#fd), ringPath, scratch);
      this.#streamPath = streamPathOf(traceDir, this.reader.header, number);
      this.#lastState = this.#observe();
      this.#recordedEvents = this.#lastState.recordedEvents;
      this.#recordedPackets = this.#lastState.recordedPackets;
      if (existsSync(this.#streamPath)) this.#writer = new StreamWriter(this.#streamPath);
    } catch (error) {
      closeSync(this.#fd);
      throw error;
    }
  }

  /** Bytes that events of this ring may take before it is full. */
  get capacityBytes(): number {
    return this.reader.header.subBufferSizeBytes * this.reader.header.subBufferCount;
  }

  /** One line when events were lost that no sub-buffer of this ring has room for; as of the last look. */
  get tooLargeReason(): string | undefined {
    if (this.#lastState.lostTooLarge === 0) return undefined;
    const { channelName, subBufferSizeBytes } = this.reader.header;
    return `channel ${channelName}: events that are larger than a sub-buffer (${subBufferSizeBytes} bytes) are lost; --subbuf-size gives them room`;
  }

  /**
   * Writes out the finished packets, each given back to the producer as soon as it is written.
   * @returns how many there were.
   * @throws SpoorError `record/output`; the packets that could not be written stay in the ring.
   */
  drain(): number {
    const { finished } = this.#observe();
    const isOverwrite = this.reader.header.mode === 'overwrite';
    // Nothing is given back in overwrite mode: what was written already lies there until it is replaced.
    const taken = isOverwrite ? finished.filter((sequence) => sequence >= this.#recordedPackets) : finished;
    if (taken.length === 0) return 0;
    this.#metadata.update();
    for (const sequence of taken) {
      const packet = this.reader.read(sequence);
      if (packet === undefined) continue;
      this.#record(packet);
      if (!isOverwrite) this.reader.release(sequence);
    }
    return taken.length;
  }

  /** Looks how far the producer is; to be called now and then in overwrite mode. */
  observe(): void {
    this.#observe();
  }

  /** Tells the producer that no further sub-buffer is wanted. */
  stop(): void {
    this.reader.stop();
  }

  /**
   * Writes out everything that is left, with the sub-buffer that the producer was writing.
   * @param alive whether the producing thread may still run.
   * @throws SpoorError `record/output`; call it again when there is room.
   */
  finish(alive: boolean): void {
    const { mode } = this.reader.header;
    if (mode === 'discard') this.drain();
    const take = (packet: RingPacket) => {
      // Only now: a program that lives may have declared the class of the last event a moment ago.
      this.#metadata.update();
      this.#record(packet);
    };
    try {
      if (alive || mode === 'overwrite') this.reader.snapshot(take);
      // The open packet of a dead producer, or losses that no packet tells of yet.
      const last = this.reader.recover();
      if (last !== undefined) take(last);
      this.#isCutOff = alive;
    } finally {
      // The totals compare what was written with what there was, also when it could not all be written.
      this.#observe();
    }
  }

  /** What came of the ring up to now. */
  totals(ring: string): RingTotals {
    const { committedEvents, lostEvents, lostTooLarge } = this.#lastState;
    const { mode, tid, threadStartTicks } = this.reader.header;
    const overwrite = mode === 'overwrite';
    // The producer's count wraps at 2^32, and so do the differences. What a program that lives on commits after the
    // end of the recording is neither lost nor overwritten.
    const unrecorded = (committedEvents - this.#recordedEvents) >>> 0;
    const afterLastPacket = (committedEvents - this.#committedThrough) >>> 0;
    const unwritten = overwrite ? afterLastPacket : unrecorded;
    const overwritten = this.#committedEvents - afterLastPacket - this.#recordedEvents;
    return {
      ring,
      ...(threadStartTicks === 0n ? {} : { thread: `${tid}-${threadStartTicks}` }),
      stream: this.#streamPath,
      eventCount: this.#recordedEvents,
      lostCount: lostEvents + (this.#isCutOff ? 0 : unwritten),
      tooLargeCount: lostTooLarge,
      overwrittenCount: overwrite ? overwritten : 0,
      packetCount: this.#earlier.packetCount + (this.#writer?.packetCount ?? 0),
      sizeBytes: this.#earlier.sizeBytes + (this.#writer?.sizeBytes ?? 0),
    };
  }

  /** The same while the ring is in use: what waits in it is not lost. */
  openTotals(ring: string): RingTotals {
    return { ...this.totals(ring), lostCount: this.#lastState.lostEvents };
  }

  /** Closes the stream: the next packets go to that of another trace chunk, which {@link enter} names. */
  leave(): void {
    this.#earlier = {
      packetCount: this.#earlier.packetCount + (this.#writer?.packetCount ?? 0),
      sizeBytes: this.#earlier.sizeBytes + (this.#writer?.sizeBytes ?? 0),
    };
    this.#writer?.close();
    this.#writer = undefined;
  }

  /** Goes on in a new trace chunk. */
  enter(traceDir: string, metadata: MetadataWriter): void {
    this.#metadata = metadata;
    this.#streamPath = streamPathOf(traceDir, this.reader.header, this.#number);
    if (existsSync(this.#streamPath)) this.#writer = new StreamWriter(this.#streamPath);
  }

  /** Bytes that were written since this was asked last. */
  takeWrittenBytes(): number {
    const bytes = this.#writtenBytes;
    this.#writtenBytes = 0;
    return bytes;
  }

  /** How the ring stands, as of the last look. */
  get state(): RingState {
    return this.#lastState;
  }

  /**
   * Frees the ring's memory as far as no program maps it any more. An empty file takes its place: the number stays
   * taken, and a mapping keeps the bytes that it has. A thread that is over keeps its mapping as long as its process
   * lives, though nothing looks at it any more: its ring is cut, which frees the memory at once.
   */
  remove(isOver: boolean): void {
    try {
      if (isOver) ftruncateSync(this.#fd, 0);
    } catch {
      // Then it is freed with the process.
    }
    this.close();
    const empty = `${this.#ringPath}.taken`;
    try {
      writeFileSync(empty, '', { mode: 0o600 });
      renameSync(empty, this.#ringPath);
    } catch {
      // No room even for an empty file: the memory is freed with the whole directory.
    }
  }

  close(): void {
    this.#writer?.close();
    closeSync(this.#fd);
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** Reads the control page; in overwrite mode often enough not to miss a wrap of the producer's count. */
  #observe(): RingState {
    const state = this.reader.poll();
    this.#committedEvents += (state.committedEvents - this.#committedEvents) >>> 0;
    this.#lastState = state;
    return state;
  }

  /** Appends a packet unless an earlier consumer did, and counts it once. */
  #record(packet: RingPacket): void {
    this.#committedThrough = (packet.eventsBefore + packet.eventCount) >>> 0;
    // Perhaps in the stream of an earlier trace chunk: a ring in overwrite mode still has what was written then.
    if (packet.sequence < this.#recordedPackets) return;
    this.#writer ??= new StreamWriter(this.#streamPath);
    const last = this.#writer.lastEntry;
    if (last === undefined || last.packetSequenceNumber < BigInt(packet.sequence)) {
      this.#writer.append(packet.bytes, describePacket(packet.bytes, this.#number));
      this.#writtenBytes += packet.bytes.length;
    }
    this.#recordedEvents += packet.eventCount;
    this.#recordedPackets = packet.sequence + 1;
    this.reader.note(packet.sequence, this.#recordedEvents);
  }
}
