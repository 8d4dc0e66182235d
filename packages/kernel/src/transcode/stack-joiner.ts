/**
 * Puts the records of call stacks before the events that they are of. The kernel writes an event, then its stacks; an
 * interrupt may come between with events and stacks of its own. Stacks belong to the last event of their task and level
 * (program, soft interrupt, interrupt, NMI) that has none yet. At the end of a page an event may still wait for its stack:
 * it is held back until the next page.
 */
import type { PageLayout } from '../formats/page-layout.ts';
import { PageCursor } from '../pages/page-cursor.ts';

/** Bits of `common_flags`: in a hard interrupt, in a soft one, in an NMI. */
const levelBits = 0x58;

/** Types of records that are stacks; -1 where the kernel has none of the kind. */
export interface StackTypes {
  readonly kernel: number;
  readonly user: number;
}

interface JoinedEvent {
  readonly timeNs: number;
  readonly level: number;
  readonly tid: number;
  /** Undefined for an event that the kernel gives no stack. */
  bytes: Uint8Array;
  kernel: Uint8Array | undefined;
  user: Uint8Array | undefined;
}

const twoTo32 = 0x1_0000_0000;
const twoTo27 = 0x800_0000;
/** Longest record whose length stands in its head. */
const mostShort = 28 * 4;

/** Rewrites the pages of one processor. */
export class StackJoiner {
  /** Pages whose records did not make sense up to their end. */
  damagedCount = 0;
  private readonly cursor: PageCursor;
  private readonly layout: PageLayout;
  private readonly types: StackTypes;
  private held: JoinedEvent[] = [];
  private origin: { readonly hi: number; readonly lo: number } | undefined;
  private output = new Uint8Array(1 << 17);
  private view = new DataView(this.output.buffer);
  private at = 0;

  constructor(layout: PageLayout, types: StackTypes) {
    this.layout = layout;
    this.types = types;
    this.cursor = new PageCursor(layout);
  }

  /**
   * Takes a page.
   * @param take gets what became of it: pages of the same form, to be read before the next one comes.
   */
  page(
    bytes: Uint8Array,
    at: number,
    lengthBytes: number,
    take: (bytes: Uint8Array, lengthBytes: number) => void,
  ): void {
    const { cursor, layout } = this;
    if (this.origin === undefined) {
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      if (lengthBytes < layout.dataOffsetBytes) {
        this.damagedCount += 1;
        return;
      }
      const lo = view.getUint32(at + layout.timestampOffsetBytes, true);
      const hi = view.getUint32(at + layout.timestampOffsetBytes + 4, true);
      this.origin = { hi, lo };
      cursor.setOrigin(hi, lo);
    }
    cursor.setBytes(bytes);
    if (!cursor.open(at, lengthBytes)) {
      this.damagedCount += 1;
      return;
    }
    const { lostEvents, beginNs } = cursor;
    // What was lost may have been the stacks of those that wait.
    if (lostEvents !== 0) this.flush(take);
    const events = this.held;
    this.held = [];
    while (cursor.next()) this.takeRecord(events);
    if (cursor.damage !== undefined) this.damagedCount += 1;
    const complete = this.holdBack(events);
    this.write(complete, events[0]?.timeNs ?? beginNs, lostEvents, take);
  }

  /** Hands out what waits, without the stacks that it waits for. */
  flush(take: (bytes: Uint8Array, lengthBytes: number) => void): void {
    const { held } = this;
    this.held = [];
    if (held.length > 0) this.write(held, held[0]!.timeNs, 0, take);
  }

  private takeRecord(events: JoinedEvent[]): void {
    const { cursor, types } = this;
    const { at, lengthBytes, timeNs, typeId, view } = cursor;
    if (lengthBytes < 8) return;
    const bytes = cursor.bytes.subarray(at, at + lengthBytes);
    const level = view.getUint8(at + 2) & levelBits;
    const tid = view.getInt32(at + 4, true);
    if (typeId !== types.kernel && typeId !== types.user) {
      events.push({ timeNs, level, tid, bytes, kernel: undefined, user: undefined });
      return;
    }
    const kind = typeId === types.kernel ? 'kernel' : 'user';
    for (let index = events.length - 1; index >= 0; index -= 1) {
      const event = events[index]!;
      if (event.tid !== tid || event.level !== level) continue;
      // Later events of the level have theirs; that one of this one is gone.
      event[kind] ??= bytes;
      return;
    }
  }

  /** Keeps back from the first event that may still get a stack; what is kept is copied, for the page's bytes change. */
  private holdBack(events: JoinedEvent[]): readonly JoinedEvent[] {
    const levels = new Set<string>();
    let first = events.length;
    for (let index = events.length - 1; index >= 0 && levels.size < 4; index -= 1) {
      const { level, tid, kernel, user } = events[index]!;
      const key = `${tid} ${level}`;
      if (levels.has(key)) continue;
      levels.add(key);
      const isComplete =
        (this.types.kernel < 0 || kernel !== undefined) && (this.types.user < 0 || user !== undefined);
      if (!isComplete) first = index;
      // Before an event of a program nothing waits: an interrupt is over when the program goes on.
      if (level === 0) break;
    }
    for (const event of events.slice(first)) {
      event.bytes = event.bytes.slice();
      event.kernel = event.kernel?.slice();
      event.user = event.user?.slice();
      this.held.push(event);
    }
    return events.slice(0, first);
  }

  private write(
    events: readonly JoinedEvent[],
    beginNs: number,
    lostEvents: number,
    take: (bytes: Uint8Array, lengthBytes: number) => void,
  ): void {
    if (events.length === 0 && lostEvents === 0) return;
    const { layout } = this;
    let size = layout.dataOffsetBytes + layout.longBytes;
    for (const { bytes, kernel, user } of events) {
      size += bytes.length + (kernel?.length ?? 0) + (user?.length ?? 0) + 3 * 20;
    }
    if (size > this.output.length) {
      this.output = new Uint8Array(size * 2);
      this.view = new DataView(this.output.buffer);
    }
    const { view } = this;
    const { hi, lo } = this.origin!;
    const low = lo + (((beginNs % twoTo32) + twoTo32) % twoTo32);
    const carry = Math.floor(beginNs / twoTo32) + (low >= twoTo32 ? 1 : 0);
    view.setUint32(layout.timestampOffsetBytes, low % twoTo32, true);
    view.setUint32(layout.timestampOffsetBytes + 4, (hi + carry) >>> 0, true);
    this.at = layout.dataOffsetBytes;
    let before = beginNs;
    for (const { timeNs, bytes, kernel, user } of events) {
      // Stacks have the time of their event.
      for (const record of [kernel, user, bytes]) {
        if (record === undefined) continue;
        this.record(timeNs - before, record);
        before = timeNs;
      }
    }
    let commit = this.at - layout.dataOffsetBytes;
    if (lostEvents !== 0) commit |= 0x8000_0000;
    if (lostEvents > 0) {
      commit |= 0x4000_0000;
      view.setBigUint64(this.at, BigInt(lostEvents), true);
    }
    view.setUint32(layout.commitOffsetBytes, commit >>> 0, true);
    take(this.output, this.at + layout.longBytes);
  }

  private record(deltaNs: number, bytes: Uint8Array): void {
    const { view } = this;
    let delta = deltaNs;
    if (delta >= twoTo27) {
      view.setUint32(this.at, ((delta % twoTo27) * 32 + 30) >>> 0, true);
      view.setUint32(this.at + 4, Math.floor(delta / twoTo27), true);
      this.at += 8;
      delta = 0;
    }
    const isLong = bytes.length > mostShort;
    view.setUint32(this.at, (delta * 32 + (isLong ? 0 : bytes.length / 4)) >>> 0, true);
    this.at += 4;
    if (isLong) {
      view.setUint32(this.at, bytes.length + 4, true);
      this.at += 4;
    }
    this.output.set(bytes, this.at);
    this.at += bytes.length;
  }
}
