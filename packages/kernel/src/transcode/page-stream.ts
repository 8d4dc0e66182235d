/** The stream of one processor: takes its pages, gives packets. */
import { SpoorError } from '@spoor/base';
import { stateWord, type PageWalk } from './emit-transcoder.ts';
import { PacketBuffer, packetHeadBytes, type PacketOutput } from './packet-buffer.ts';
import type { RecordKnowledge } from './record-knowledge.ts';
import { StackJoiner, type StackTypes } from './stack-joiner.ts';
import type { TranscodePlan } from './transcode-plan.ts';
import { noRecordIsLeft, outputIsFull, pageIsLeft } from './wasm/assemble-walk.ts';
import type { WalkMemory, WasmWalk } from './wasm/wasm-walk.ts';

/** Of which processor, and where its packets go. */
export interface PageStreamOptions {
  readonly cpu: number;
  readonly output: PacketOutput;
  /** A packet is ended once it is larger; 512 KiB by default. */
  readonly packetBytes?: number;
  /** `stream_instance_id` of its packets; the processor's number by default. */
  readonly instance?: number;
  /** Size of {@link PageStream.input}; that of a page by default. */
  readonly inputBytes?: number;
  /** Events lost of the ring that were told before this stream: pages may tell of them again; 0 by default. */
  readonly toldLost?: number;
  /** Whether it is told what was lost before the first page; not in snapshots, which begin with what is left. */
  readonly tellsFirstLoss?: boolean;
}

/** Smaller ones cost a write and an entry of the index more often, larger ones do not stay in the cache of a processor. */
const defaultPacketBytes = 524_288;

/** Where one event of so many is left to the generated JavaScript, that does all of so many pages. */
const leftShare = 8;
const pagesByScript = 16;

/** No page is as short as its header. */
const leastPageBytes = 64;

/** Bits of a page's commit word. */
const lengthMask = 0x3fff_ffff;
const lostCountFollows = 0x4000_0000;

/** What a stream has done so far. */
export interface PageStreamStatistics {
  readonly pageCount: number;
  readonly eventCount: number;
  /** Events that would be, had their packets been taken: they are counted as lost in those that follow. */
  readonly unwrittenCount: number;
  /** Records of events that the formats do not have, or that are not wanted. */
  readonly unknownCount: number;
  /** Events that the kernel says it lost; where it could not count them, one for each time. */
  readonly lostCount: number;
  readonly packetCount: number;
  /** Texts of system calls that no probe read. */
  readonly missingTextCount: number;
  /** Pages whose records did not make sense up to their end. */
  readonly damagedCount: number;
}

/** One stream. Pages are given in their order; losses between them are told by the pages. */
export class PageStream {
  /** 1 for each class of which an event was written, by its id. */
  readonly used: Uint8Array;
  /** Pages that are read into this memory are not copied; undefined where it does not matter. */
  readonly input: Uint8Array<ArrayBuffer> | undefined;
  private readonly plan: TranscodePlan;
  private readonly known: RecordKnowledge;
  private readonly joiner: StackJoiner | undefined;
  private readonly walk: PageWalk;
  private readonly packet: PacketBuffer;
  private readonly limit: number;
  private readonly cpu: number;
  private readonly state: Int32Array;
  private readonly memory: WalkMemory | undefined;
  /** Where {@link WalkMemory.page} stops. */
  private readonly outLimit: number;
  /** Pages that the memory's walk leaves out, for it could do too little of those before. */
  private pagesToLeave = 0;
  private isOpen = false;
  /** Losses that the last packet counted. */
  private toldDiscarded = 0n;
  private hasUncounted = false;
  /** Losses that were told by the counters of the ring, and that pages may tell of, too. */
  private toldEarly: number;
  private readonly tellsFirstLoss: boolean;
  private pageCount = 0;
  private eventCount = 0;
  /** Events of the packets that have ended. */
  private packedCount = 0;
  private unwrittenCount = 0;
  private isGivenUp = false;
  /** Events of the packet that was handed out last. */
  packetEvents = 0;
  private unknownCount = 0;
  private packetCount = 0;
  private damagedCount = 0;
  private missingTextCount = 0;
  /** The buffer that pages are in, as it was last, and views over it. */
  private buffer: ArrayBufferLike | undefined;
  private words: Int32Array = new Int32Array(0);
  private bytes: Uint8Array = new Uint8Array(0);
  private view: DataView = new DataView(new ArrayBuffer(0));

  constructor(
    plan: TranscodePlan,
    walk: PageWalk,
    wasm: WasmWalk | undefined,
    trace: { readonly uuid: string; readonly streamClass: number },
    slackBytes: number,
    classCount: number,
    known: RecordKnowledge,
    stackTypes: StackTypes,
    options: PageStreamOptions,
  ) {
    const { cpu, output, packetBytes = defaultPacketBytes, instance = cpu } = options;
    this.plan = plan;
    this.known = known;
    this.joiner =
      stackTypes.kernel < 0 && stackTypes.user < 0 ? undefined : new StackJoiner(plan.layout, stackTypes);
    this.walk = walk;
    this.cpu = cpu;
    this.limit = Math.max(packetBytes, packetHeadBytes);
    const packetRoom = this.limit + slackBytes;
    this.memory = wasm?.memory(packetRoom, options.inputBytes ?? plan.layout.subBufferBytes);
    this.outLimit = this.memory?.outLimit(this.limit) ?? 0;
    this.input = this.memory?.input;
    this.packet = new PacketBuffer(
      this.memory?.out ?? new Uint8Array(packetRoom),
      { ...trace, cpu, instance },
      output,
    );
    this.state = this.memory?.state ?? new Int32Array(stateWord.size);
    this.used = this.memory?.used ?? new Uint8Array(classCount);
    this.toldEarly = options.toldLost ?? 0;
    this.tellsFirstLoss = options.tellsFirstLoss ?? true;
  }

  get statistics(): PageStreamStatistics {
    const { state, pageCount, unwrittenCount, packetCount, missingTextCount } = this;
    const unknownCount = this.unknownCount + state[stateWord.unknownCount]!;
    const damagedCount = this.damagedCount + state[stateWord.damaged]!;
    return {
      pageCount,
      eventCount: this.eventsSoFar - unwrittenCount,
      unwrittenCount,
      unknownCount,
      lostCount: this.lostCount,
      packetCount,
      damagedCount: damagedCount + (this.joiner?.damagedCount ?? 0),
      missingTextCount,
    };
  }

  private get lostCount(): number {
    return Number(this.packet.discardedCount) - this.unwrittenCount;
  }

  /**
   * Takes a sub-buffer.
   * @param bytes the buffer that it lies in; `at` is where it begins there, a multiple of 4 from the buffer's beginning.
   * @param lengthBytes bytes that there are of it: what the page says is behind them is not read.
   */
  page(bytes: Uint8Array, at: number, lengthBytes: number): void {
    const { memory } = this;
    const start = bytes.byteOffset + at;
    if (
      memory === undefined ||
      bytes.buffer !== memory.buffer ||
      !this.isOpen ||
      lengthBytes < leastPageBytes ||
      (start & 3) !== 0 ||
      this.pagesToLeave > 0 ||
      this.joiner !== undefined
    ) {
      this.pageByParts(bytes, at, lengthBytes);
      return;
    }
    // What nearly all pages need is one call: between two of them the caches see some hundred kilobytes.
    const left = memory.page(start, lengthBytes, this.outLimit);
    if (left === pageIsLeft) {
      this.pageByParts(bytes, at, lengthBytes);
      return;
    }
    this.pageCount += 1;
    if (left !== noRecordIsLeft) this.goOn(bytes, start, left);
  }

  /** The page of which {@link WalkMemory.page} has left something, for the packet is full or a record needs more. */
  private goOn(bytes: Uint8Array, start: number, left: number): void {
    const { layout } = this.plan;
    this.open(bytes);
    const from = start + layout.dataOffsetBytes;
    const end = (from + this.words[(start + layout.commitOffsetBytes) >> 2]!) >> 2;
    const missingBefore = this.known.texts.missingCount;
    if (left !== outputIsFull) this.walkByScript(left >> 2);
    this.walkRecords(end);
    this.missingTextCount += this.known.texts.missingCount - missingBefore;
  }

  private pageByParts(bytes: Uint8Array, at: number, lengthBytes: number): void {
    if (this.joiner !== undefined) {
      this.joiner.page(bytes, at, lengthBytes, this.takeJoined);
      return;
    }
    const { input } = this;
    if (input === undefined || bytes.buffer === input.buffer || lengthBytes > input.length) {
      this.takePage(bytes, at, lengthBytes);
    } else {
      input.set(bytes.subarray(at, at + lengthBytes));
      this.page(input, 0, lengthBytes);
    }
  }

  /** A page in which stacks stand before their events. */
  private readonly takeJoined = (bytes: Uint8Array, lengthBytes: number): void => {
    this.known.stacks.clear();
    this.takePage(bytes, 0, lengthBytes);
  };

  private takePage(bytes: Uint8Array, at: number, lengthBytes: number): void {
    const { layout } = this.plan;
    this.open(bytes);
    const start = bytes.byteOffset + at;
    if (start % 4 !== 0)
      throw new SpoorError('kernel/page', `a page lies at byte ${start}, not at a multiple of 4`);
    this.pageCount += 1;
    if (lengthBytes < layout.dataOffsetBytes) {
      this.damagedCount += 1;
      return;
    }
    const { words } = this;
    const lo = words[(start + layout.timestampOffsetBytes) >> 2]!;
    const hi = words[(start + layout.timestampOffsetBytes + 4) >> 2]!;
    const commit = words[(start + layout.commitOffsetBytes) >> 2]!;
    const room = lengthBytes - layout.dataOffsetBytes;
    const said = commit & lengthMask;
    const length = Math.min(said, room) & ~3;
    if (length !== said) this.damagedCount += 1;
    const from = start + layout.dataOffsetBytes;
    // Bit 31: events were lost before this page.
    if (commit < 0 && (this.tellsFirstLoss || this.pageCount > 1))
      this.loseBefore(commit, from + length, start + lengthBytes);
    // The time is that of a page's first event: one without events has none, and packets must not end at it.
    if (length === 0) return;
    this.setTime(hi, lo);
    const missingBefore = this.known.texts.missingCount;
    this.state[stateWord.next] = from >> 2;
    if (this.pagesToLeave > 0) this.pagesToLeave -= 1;
    this.walkRecords((from + length) >> 2);
    this.missingTextCount += this.known.texts.missingCount - missingBefore;
  }

  /** Whether the packet that is open has events of tasks that another ring may tell of. */
  get isWaiting(): boolean {
    return this.isOpen && this.known.late.isIn(this.packet.view);
  }

  /** Ends the packet that is open, if it has events. */
  flush(): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    this.count();
    const discarded = this.packet.discardedCount;
    // A page may have had records of the task table alone.
    if (this.state[stateWord.pos] === packetHeadBytes && discarded === this.toldDiscarded) return;
    this.endPacket(discarded);
  }

  /** Called while a packet is handed out: nobody takes it. Packets that follow count its events as lost. */
  giveUp(): void {
    this.isGivenUp = true;
  }

  /** Packets that had been taken came to nothing, the last ones: those that follow count their events as lost. */
  loseLast(packets: readonly { readonly events: number }[]): void {
    this.flush();
    for (const { events } of packets) {
      this.unwrittenCount += events;
      this.packet.giveUpLast(events);
    }
  }

  /** Events that are in no page, for whoever read them had no room for it: they are as those of packets that nobody takes. */
  miss(count: number): void {
    this.discard(count);
    this.eventCount += count;
    this.packedCount += count;
    this.unwrittenCount += count;
  }

  /** The time of packets without events, before there is any. @param hi and `lo` are halves of the kernel's trace clock. */
  beginAt(hi: number, lo: number): void {
    this.setTime(hi, lo);
  }

  /** Losses that no page tells of: the next packet counts them. */
  discard(count: number): void {
    this.flush();
    this.packet.discard(count);
  }

  /** Whether a page told of losses and had no room for their number, since {@link reckonLosses} the last time. */
  get hasUncountedLosses(): boolean {
    return this.hasUncounted;
  }

  /**
   * Has the next packet count what is lost by the counters of the ring. They may know more than the pages until now: what pages
   * tell of later is not counted twice.
   * @param lostCount events of this stream in all.
   */
  reckonLosses(lostCount: number): void {
    this.hasUncounted = false;
    const missing = lostCount - this.lostCount;
    if (missing <= 0) return;
    this.toldEarly += missing;
    this.discard(missing);
  }

  /** Losses that no packet has counted are told by one without events. */
  tellLosses(): void {
    this.flush();
    if (this.packet.discardedCount === this.toldDiscarded) return;
    const { state } = this;
    this.beginPacket(state[stateWord.hi]!, state[stateWord.lo]!);
    this.flush();
  }

  /** Ends the stream, and tells of its losses. */
  close(): void {
    this.joiner?.flush(this.takeJoined);
    this.tellLosses();
  }

  private open(bytes: Uint8Array): void {
    if (this.buffer === bytes.buffer) return;
    const { buffer } = bytes;
    this.buffer = buffer;
    this.words = new Int32Array(buffer, 0, buffer.byteLength >> 2);
    this.bytes = new Uint8Array(buffer);
    this.view = new DataView(buffer);
  }

  private loseBefore(commit: number, after: number, end: number): void {
    this.flush();
    const counted = (commit & lostCountFollows) !== 0 && after + this.plan.layout.longBytes <= end;
    const count = counted ? this.view.getUint32(after, true) : 1;
    if (!counted) this.hasUncounted = true;
    const early = Math.min(count, this.toldEarly);
    this.toldEarly -= early;
    this.packet.discard(count - early);
    this.known.texts.clear();
    this.known.running.forget(this.cpu);
  }

  /** A page's time: that of its first event, so there may be any gap between the last event and it. */
  private setTime(hi: number, lo: number): void {
    const { state } = this;
    if (this.isOpen && state[stateWord.check] === 0) {
      state[stateWord.check] = 1;
      state[stateWord.writtenHi] = state[stateWord.hi]!;
      state[stateWord.writtenLo] = state[stateWord.lo]!;
    }
    state[stateWord.hi] = hi;
    state[stateWord.lo] = lo;
  }

  /** Walks from the next record up to a word. */
  private walkRecords(end: number): void {
    const { state } = this;
    for (;;) {
      if (!this.isOpen) this.beginPacket(state[stateWord.hi]!, state[stateWord.lo]!, state[stateWord.next]!);
      this.walkOn(end);
      if (state[stateWord.pos]! <= this.limit) break;
      this.flush();
      if (state[stateWord.next]! >= end) break;
    }
  }

  /** Walks up to a word or until the packet is full. */
  private walkOn(end: number): void {
    const { state, memory } = this;
    if (memory === undefined || this.buffer !== memory.buffer || this.pagesToLeave > 0) {
      this.walkByScript(end);
      return;
    }
    const eventsBefore = state[stateWord.eventCount]!;
    let left = 0;
    for (;;) {
      const behind = memory.walk(state[stateWord.next]!, end, this.limit);
      if (behind === noRecordIsLeft) break;
      left += 1;
      this.walkByScript(behind);
    }
    if (left * leftShare > state[stateWord.eventCount]! - eventsBefore) this.pagesToLeave = pagesByScript;
  }

  private walkByScript(end: number): void {
    this.walk(
      this.words,
      this.bytes,
      this.view,
      this.state[stateWord.next]!,
      end,
      this.packet.view,
      this.packet.bytes,
      this.limit,
      this.state,
      this.used,
      this.cpu,
    );
  }

  /** @param record the word at which its first record is; none for one that only tells of losses. */
  private beginPacket(hi: number, lo: number, record?: number): void {
    const { state } = this;
    this.isOpen = true;
    this.packet.begin(hi, lo, record !== undefined && isLater(this.words[record]!));
    state[stateWord.hi] = hi;
    state[stateWord.lo] = lo;
    state[stateWord.pos] = packetHeadBytes;
    state[stateWord.check] = 1;
    state[stateWord.writtenHi] = hi;
    state[stateWord.writtenLo] = lo;
  }

  /** Takes what was counted since the last time out of the state, whose words are of 32 bits. */
  private count(): void {
    const { state } = this;
    this.eventCount += state[stateWord.eventCount]!;
    this.unknownCount += state[stateWord.unknownCount]!;
    this.damagedCount += state[stateWord.damaged]!;
    state[stateWord.eventCount] = 0;
    state[stateWord.unknownCount] = 0;
    state[stateWord.damaged] = 0;
  }

  /** Events of all pages until now, with those that are not counted yet. */
  private get eventsSoFar(): number {
    return this.eventCount + this.state[stateWord.eventCount]!;
  }

  private endPacket(discarded: bigint): void {
    const { state, packet } = this;
    const events = this.eventsSoFar - this.packedCount;
    this.packedCount += events;
    this.packetEvents = events;
    this.known.late.write(packet.view);
    packet.end(state[stateWord.pos]!, state[stateWord.hi]!, state[stateWord.lo]!);
    if (this.isGivenUp) {
      this.isGivenUp = false;
      this.unwrittenCount += events;
      packet.giveUpLast(events);
    } else {
      this.packetCount += 1;
      this.toldDiscarded = discarded;
    }
  }
}

/** Whether the head of a record says that its event came after the one before, not at the same time. */
function isLater(head: number): boolean {
  const kind = head & 31;
  return (kind <= 28 || kind === 30) && head >>> 5 !== 0;
}
