/** Takes one thread's ring over into its stream on disk. */
import { closeSync, constants, ftruncateSync, openSync, renameSync, writeFileSync } from 'node:fs';
import {
  PACKET_HEADER_BYTES,
  PacketScratch,
  type ReaderProgress,
  type RingPacket,
  RingReader,
  type RingState,
  fileStore,
  nextStreamNumber,
  numberPacket,
  restOfPacket,
  settleProgress,
} from '@spoor/ringbuffer';
import { type FileUser, asUser } from '@spoor/sys';
import type { RingTotals } from './ledger.ts';
import type { MetadataWriter } from './metadata-writer.ts';
import { describePacket } from './packet-description.ts';
import { streamPathOf } from './recorded-stream.ts';
import { DemandWatch } from './ring-advice.ts';
import { StreamFiles, type TraceFileLimits, UNLIMITED } from './stream-files.ts';

/** A packet is read and written before the next one of any ring. */
const scratch = new PacketScratch();

/** What a cut relies on: stores become visible in the order of the program, as on x86-64 (docs/design/formats.md). */
const isOrdered = process.arch === 'x64' || process.arch === 'ia32';

/** How streams are written. */
export interface RingOutput {
  /** The limits of a channel's trace files. */
  readonly limitsOf?: (channel: string) => TraceFileLimits;
  /** Whose rights they are written with; undefined for those of this process. */
  readonly writer?: FileUser | undefined;
}

/** One ring and the stream that it becomes. */
export class RingDrain implements Disposable {
  readonly reader: RingReader;
  readonly #number: number;
  readonly #ringPath: string;
  #streamPath: string;
  #metadata: MetadataWriter;
  readonly #fd: number;
  readonly #limitsOf: (channel: string) => TraceFileLimits;
  readonly #outputUser: FileUser | undefined;
  #writer: StreamFiles | undefined;
  /** What went to the streams of earlier trace chunks. */
  #earlier = { packetCount: 0, sizeBytes: 0 };
  #writtenBytes = 0;
  #done: ReaderProgress;
  #lastState!: RingState;
  /** Events that the producer committed, counted on where its own 32-bit count wraps. */
  #committedEvents = 0;
  /** The same at the end of the last packet that was written, modulo 2^32. */
  #committedThrough = 0;
  #demand: DemandWatch | undefined;
  /** Whether the producer has closed the ring since that was asked last. */
  #hasClosed = false;
  #wasClosed = false;
  /** Whether everything up to the end of the recording is written, while the producer may go on. */
  #isCutOff = false;

  /**
   * Opens ring `number` of its process, whose stream goes to `traceDir`; takes the stream up where an earlier consumer left it.
   * @param output the limits of a channel's trace files, and with whose rights they are written.
   * @throws SpoorError `ring/…` when the file is not a whole ring (yet), `record/output`.
   */
  constructor(
    number: number,
    ringPath: string,
    traceDir: string,
    metadata: MetadataWriter,
    { limitsOf = () => UNLIMITED, writer }: RingOutput = {},
  ) {
    this.#number = number;
    this.#limitsOf = limitsOf;
    this.#outputUser = writer;
    this.#ringPath = ringPath;
    this.#metadata = metadata;
    this.#fd = openSync(ringPath, constants.O_RDWR | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      this.reader = new RingReader(fileStore(this.#fd), ringPath, scratch);
      this.#streamPath = streamPathOf(traceDir, this.reader.header, number);
      this.#lastState = this.#observe();
      this.#takeUp();
      const last = this.#writer?.lastEntry?.packetSequenceNumber;
      const streamNumber = last === undefined ? undefined : Number(last) + 1;
      const noted = this.reader.progress;
      this.#done = settleProgress(noted, this.reader.intendedProgress, streamNumber);
      if (this.#done !== noted) this.reader.noteProgress(this.#done);
      this.reader.intendProgress(undefined);
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
    const taken = isOverwrite
      ? finished.filter((sequence) => sequence >= this.#done.recordedPackets)
      : finished;
    if (taken.length === 0) return 0;
    if (!this.#done.isHeld) this.#metadata.update();
    for (const sequence of taken) {
      const packet = this.reader.read(sequence);
      if (packet === undefined) continue;
      this.#take(packet);
      if (!isOverwrite) this.reader.release(sequence);
    }
    return taken.length;
  }

  /**
   * Writes out all that was committed before, in the middle of the open sub-buffer too; without the producer, which may
   * be busy or asleep. What comes later is in packets of its own.
   * @returns false when that cannot be done here: what the open sub-buffer holds is to be handed over by its thread.
   * @throws SpoorError `record/output`; the packets that could not be written stay in the ring.
   */
  cut(): boolean {
    this.drain();
    // A copied ring has its last events elsewhere.
    if (this.reader.header.tier === 'copied') return false;
    const { open } = this.#lastState;
    if (open === undefined) return true;
    if (!isOrdered) return this.reader.readOpen(open) === undefined;
    const found = this.reader.readCut(open);
    if (found === 'unsettled') return false;
    if (found === 'nothing') {
      // It may have been finished meanwhile: then its end is where the cut is.
      this.drain();
      return true;
    }
    this.#metadata.update();
    // Strings are told once a packet: those of its first part would be missing in the second.
    if (this.#metadata.hasInternedStrings) return false;
    const packet = restOfPacket(found, this.#done);
    if (packet === undefined || packet.bytes.length <= PACKET_HEADER_BYTES) return true;
    const number = nextStreamNumber(this.#done) + packet.sequence - this.#done.recordedPackets;
    const cut: ReaderProgress = {
      ...this.#done,
      recordedPackets: packet.sequence,
      cutBytes:
        found === packet
          ? packet.bytes.length
          : this.#done.cutBytes + packet.bytes.length - PACKET_HEADER_BYTES,
      cutTimeNs: found.timeNs,
      cutEvents: found.committedEvents,
    };
    this.#committedThrough = found.committedEvents;
    if (this.#done.isHeld) {
      this.#done = {
        ...cut,
        streamShift: nextStreamNumber(this.#done) - packet.sequence,
        droppedEvents: this.#done.droppedEvents + packet.eventCount,
      };
      this.reader.noteProgress(this.#done);
      return true;
    }
    const done = {
      ...cut,
      recordedEvents: this.#done.recordedEvents + packet.eventCount,
      streamShift: number + 1 - packet.sequence,
    };
    numberPacket(packet, number);
    this.#appendPart(packet, done);
    this.#done = done;
    this.reader.noteProgress(done);
    return true;
  }

  /**
   * Begins or ends dropping what comes: what came before is written, or what came meanwhile dropped.
   * @returns false when it cannot be done (yet), see {@link cut}.
   * @throws SpoorError `record/output`.
   */
  hold(isHeld: boolean): boolean {
    if (this.#done.isHeld === isHeld) return true;
    const isCut = this.cut();
    if (!isCut && isHeld) return false;
    this.#done = { ...this.#done, isHeld };
    this.reader.noteProgress(this.#done);
    return isCut;
  }

  /** Drops what is in the ring already: it came while nothing was to be recorded. */
  holdFromBegin(): void {
    this.#done = { ...this.#done, isHeld: true };
    this.reader.noteProgress(this.#done);
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
      this.#take(packet, alive);
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
    const { committedEvents, lostEvents, lostTooLarge, openedPackets } = this.#lastState;
    const { mode, tid, threadStartTicks, channelName, subBufferSizeBytes, subBufferCount } =
      this.reader.header;
    const mostLostCount = this.#demand?.mostLostCount ?? 0;
    const overwrite = mode === 'overwrite';
    // The producer's count wraps at 2^32, and so do the differences. What a program that lives on commits after the
    // end of the recording is neither lost nor overwritten.
    const { recordedEvents, recordedPackets, droppedEvents } = this.#done;
    // So it is where an earlier consumer ended the recording, and was killed over it.
    const isAllTaken = openedPackets <= recordedPackets;
    const unrecorded = isAllTaken ? 0 : (committedEvents - recordedEvents - droppedEvents) >>> 0;
    const afterLastPacket = (committedEvents - this.#committedThrough) >>> 0;
    const unwrittenCount = this.#isCutOff ? 0 : overwrite ? afterLastPacket : unrecorded;
    const overwritten = this.#committedEvents - afterLastPacket - recordedEvents - droppedEvents;
    return {
      ring,
      channel: channelName,
      ...(threadStartTicks === 0n ? {} : { thread: `${tid}-${threadStartTicks}` }),
      stream: this.#writer?.path ?? this.#streamPath,
      eventCount: recordedEvents,
      lostCount: lostEvents + unwrittenCount,
      tooLargeCount: lostTooLarge,
      ...(unwrittenCount === 0 ? {} : { unwrittenCount }),
      overwrittenCount: overwrite ? overwritten : 0,
      packetCount: this.#earlier.packetCount + (this.#writer?.packetCount ?? 0),
      sizeBytes: this.#earlier.sizeBytes + (this.#writer?.sizeBytes ?? 0),
      ...(mostLostCount === 0
        ? {}
        : { demand: { channel: channelName, subBufferSizeBytes, subBufferCount, mostLostCount } }),
    };
  }

  /** The same while the ring is in use: what waits in it is not lost. */
  openTotals(ring: string): RingTotals {
    return { ...this.totals(ring), lostCount: this.#lastState.lostEvents, unwrittenCount: 0 };
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
    this.#takeUp();
  }

  /** Whether somebody has removed the file that its stream is being written to. */
  get isRemoved(): boolean {
    return this.#writer?.isRemoved === true;
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
   * lives, though nothing looks at it any more: its ring is cut, which frees the memory at once. Never that of a process which
   * seems over: nobody maps it then, and a program that only cannot be seen from here would be killed by it (SIGBUS).
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
    // What is too large for any sub-buffer wants no larger ring.
    const lostCount = state.lostEvents - state.lostTooLarge;
    // Whoever took packets before knows what was lost then.
    this.#demand ??= new DemandWatch(this.reader.progress.recordedPackets === 0 ? 0 : lostCount);
    this.#demand.look(state.finished.length, lostCount);
    if (state.closed && !this.#wasClosed) this.#hasClosed = true;
    this.#wasClosed = state.closed;
    this.#committedEvents += (state.committedEvents - this.#committedEvents) >>> 0;
    this.#lastState = state;
    return state;
  }

  /** Whether its thread has closed the ring since this was asked last, as of the last look. */
  takeClosed(): boolean {
    const hasClosed = this.#hasClosed;
    this.#hasClosed = false;
    return hasClosed;
  }

  /** Goes on with a stream that is there. */
  #takeUp(): void {
    const isThere = asUser(this.#outputUser, () => StreamFiles.exists(this.#streamPath, this.#limits));
    if (isThere) this.#writer = this.#openFiles();
  }

  #openFiles(): StreamFiles {
    const user = this.#outputUser;
    return asUser(user, () => new StreamFiles(this.#streamPath, this.#number, this.#limits, user));
  }

  /** Those of now: a new trace chunk has new ones. */
  get #limits(): TraceFileLimits {
    return this.#limitsOf(this.reader.header.channelName);
  }

  /**
   * Appends what is new of a packet unless an earlier consumer did, and counts it once; or drops it.
   * @param isPart whether its thread may go on with it.
   */
  #take(whole: RingPacket, isPart: boolean = false): void {
    this.#committedThrough = (whole.eventsBefore + whole.eventCount) >>> 0;
    const packet = restOfPacket(whole, this.#done);
    if (packet === undefined) return;
    const { sequence, eventCount } = packet;
    const done = { ...this.#done, recordedPackets: sequence + 1, cutBytes: 0 };
    const next = nextStreamNumber(this.#done);
    if (done.isHeld) {
      done.droppedEvents += eventCount;
      done.streamShift = next - done.recordedPackets;
    } else {
      done.recordedEvents += eventCount;
      // The thread finished a sub-buffer that had nothing after the cut.
      const isEmpty =
        packet !== whole && packet.bytes.length === PACKET_HEADER_BYTES && !this.#tellsLosses(packet);
      if (isEmpty) {
        done.streamShift -= 1;
      } else {
        if (done.streamShift !== 0) numberPacket(packet, sequence + done.streamShift);
        if (isPart) this.#appendPart(packet, done);
        else this.#append(packet);
      }
    }
    this.#done = done;
    this.reader.noteProgress(done);
  }

  #tellsLosses(packet: RingPacket): boolean {
    const { eventsDiscarded } = describePacket(packet.bytes, this.#number);
    const last = this.#writer?.lastEntry;
    return last !== undefined && last.eventsDiscarded !== eventsDiscarded;
  }

  /**
   * The same of a packet that holds more by the time a successor looks at it: that learns by the stream whether this was
   * written, and by what is intended here how much it was.
   */
  #appendPart(packet: RingPacket, done: ReaderProgress): void {
    this.reader.intendProgress(done);
    try {
      this.#append(packet);
    } catch (error) {
      this.reader.intendProgress(undefined);
      throw error;
    }
  }

  /** Writes a packet that has its number in the stream, unless that is there. */
  #append(packet: RingPacket): void {
    this.#writer ??= this.#openFiles();
    const last = this.#writer.lastEntry;
    const { packetSequenceNumber } = describePacket(packet.bytes, this.#number);
    if (last !== undefined && last.packetSequenceNumber >= packetSequenceNumber) return;
    this.#writer.append(packet.bytes);
    this.#writtenBytes += packet.bytes.length;
  }
}
