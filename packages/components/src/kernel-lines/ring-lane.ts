/** One processor's ring of a recording, from any time on. */
import { PageCursor, RingPages, type KernelRecording, type RecordedRing } from '@spoor/kernel';
import type { LineBuffer } from './line-buffer.ts';
import type { LineHead } from './line-head.ts';
import { usualLineBytes, type RecordingLines } from './recording-lines.ts';
import { secondNs } from './second.ts';

const twoTo32 = 0x1_0000_0000;
const encoder = new TextEncoder();

/** A record's length, of those that stand in the first word of it, in words; what that word has besides is time. */
const kindBits = 31;
const mostWords = 28;

/** As much of a ring is read at once: what a slice begins and ends with is read for nothing. */
const bufferBytes = 65_536;

/** Where pages of a ring begin, and their times, both rising: so close that what lies between is soon searched. */
export interface RingSamples {
  readonly bytes: readonly number[];
  readonly timesNs: readonly number[];
}

/** What the lanes of a report share, so that numbers that are no small integers need no objects. */
export class LaneTimes {
  /** Of each lane's present record. */
  readonly presentNs: Float64Array;
  /** Lanes write what is before it. */
  readonly limitNs: Float64Array = new Float64Array(1);

  constructor(lanes: number) {
    this.presentNs = new Float64Array(lanes);
  }
}

/** Reads a ring in order. Times are counted from `originSeconds`. Guarded by bench/kernel-text.ts. */
export class RingLane {
  readonly lines: RecordingLines;
  readonly cpu: number;
  readonly ring: RecordedRing;
  readonly cursor: PageCursor;
  /** Pages whose records did not make sense up to their end, of those that were read. */
  damagedCount = 0;
  private readonly head: LineHead;
  private readonly times: LaneTimes;
  /** Its place among them. */
  private readonly index: number;
  /** Whether records have their common fields where they usually are: others are written one by one. */
  private readonly isUsual: boolean;
  /** The present record and the next one's head, as the cursor has them. */
  private at = 0;
  private lengthBytes = 0;
  private nextByte = 0;
  private readonly pages: RingPages;
  private readonly sizeOfPage: number;
  private readonly originSeconds: number;
  /** Events that were lost before the present record, -1 where it is not told how many. */
  private lostBefore = 0;
  /** Whether the cursor is in a page. */
  private isInPage = false;

  constructor(
    recording: KernelRecording,
    ring: RecordedRing,
    options: {
      readonly lines: RecordingLines;
      readonly originSeconds: number;
      readonly times: LaneTimes;
      readonly index: number;
    },
  ) {
    const { layout } = recording.formats;
    const { lines, originSeconds } = options;
    const { common } = lines;
    this.times = options.times;
    this.index = options.index;
    this.isUsual = layout.littleEndian && common.flags === 2 && common.preemptCount === 3 && common.tid === 4;
    this.lines = lines;
    this.cpu = ring.cpu;
    this.ring = ring;
    this.originSeconds = originSeconds;
    this.head = lines.headOf(ring.cpu);
    this.pages = new RingPages(ring, layout, bufferBytes);
    this.sizeOfPage = layout.subBufferBytes;
    this.cursor = new PageCursor(layout);
    const originNs = BigInt(originSeconds) * BigInt(secondNs);
    this.cursor.setOrigin(Number(originNs >> 32n), Number(originNs & 0xffff_ffffn));
    this.cursor.setBytes(this.pages.bytes);
  }

  private presentPageNs(): number {
    const { beginHi, beginLo } = this.pages;
    const originNs = BigInt(this.originSeconds) * BigInt(secondNs);
    return (beginHi - Number(originNs >> 32n)) * twoTo32 + (beginLo - Number(originNs & 0xffff_ffffn));
  }

  /** Looks at a page in each `everyBytes` of the ring, but for the first. */
  samples(everyBytes: number): RingSamples {
    const { pages, ring, sizeOfPage } = this;
    const bytes: number[] = [];
    const timesNs: number[] = [];
    const take = (): void => {
      const timeNs = this.presentPageNs();
      // A damaged page may have any time.
      if (!(timeNs > (timesNs.at(-1) ?? 0) && timeNs < Infinity)) return;
      bytes.push(pages.byte);
      timesNs.push(timeNs);
    };
    if (ring.form === 'whole') {
      const step = Math.max(1, Math.floor(everyBytes / sizeOfPage)) * sizeOfPage;
      for (let byte = step; byte < ring.source.sizeBytes; byte += step) {
        pages.seek(byte, sizeOfPage);
        if (pages.next()) take();
      }
      return { bytes, timesNs };
    }
    // Pages are of different sizes, and each tells where the next one is.
    pages.seek(0);
    let nextByte = everyBytes;
    while (pages.next()) {
      if (pages.byte < nextByte) continue;
      take();
      nextByte = pages.byte + everyBytes;
    }
    return { bytes, timesNs };
  }

  /**
   * Goes to the first record of a time, or behind it.
   * @param startByte of a page that begins before that time, or of the first one. @returns false where there is none.
   */
  seek(startByte: number, timeNs: number): boolean {
    const { pages } = this;
    pages.seek(startByte);
    // The record is in the last page that begins before the time, or behind it.
    let byte = startByte;
    while (pages.next() && this.presentPageNs() < timeNs) ({ byte } = pages);
    pages.seek(byte, this.sizeOfPage);
    this.isInPage = false;
    while (this.next()) if (this.cursor.timeNs >= timeNs) return this.take();
    return false;
  }

  /** Moves the cursor to the next record. @returns false at the end. */
  private next(): boolean {
    const { cursor, pages } = this;
    this.lostBefore = 0;
    for (;;) {
      if (this.isInPage) {
        if (cursor.next()) return true;
        if (cursor.damage !== undefined) this.damagedCount += 1;
      }
      this.isInPage = pages.next();
      if (!this.isInPage) return false;
      cursor.open(pages.at, pages.lengthBytes);
      if (cursor.lostEvents !== 0) this.lostBefore = cursor.lostEvents;
    }
  }

  /** Goes on with the record that the cursor is at. */
  private take(): true {
    this.at = this.cursor.at;
    this.lengthBytes = this.cursor.lengthBytes;
    this.nextByte = this.cursor.nextByte;
    this.times.presentNs[this.index] = this.cursor.timeNs;
    return true;
  }

  /** Moves from a record to the next one by the cursor. @returns false at the end. */
  private step(at: number, lengthBytes: number, nextByte: number): boolean {
    this.cursor.place(at, lengthBytes, nextByte, this.times.presentNs[this.index]!);
    return this.next() && this.take();
  }

  private writeLoss(output: LineBuffer): void {
    const count = this.lostBefore < 0 ? '' : ` ${this.lostBefore}`;
    output.append(encoder.encode(`CPU:${this.cpu} [LOST${count} EVENTS]\n`));
    this.lostBefore = 0;
  }

  /** Writes a record's line, whatever it needs. */
  private writeAny(output: LineBuffer, at: number, lengthBytes: number, nextByte: number): void {
    this.cursor.place(at, lengthBytes, nextByte, this.times.presentNs[this.index]!);
    this.lines.write(this.cursor, this.head, output);
  }

  /**
   * Writes the line of the present record, and of those behind it that are before the limit; before them, what was lost.
   * Most records follow each other in a page and have a line that code was made for: these are dealt with here, with
   * nothing that is stored or called beside that code.
   * @returns whether there is another record, which is present then.
   */
  run(output: LineBuffer): boolean {
    if (this.lostBefore !== 0) this.writeLoss(output);
    const { cursor, head, index, isUsual } = this;
    const { lines } = this.lines;
    const { presentNs } = this.times;
    const limitNs = this.times.limitNs[0]!;
    const { view, bytes } = cursor;
    let { at, lengthBytes, nextByte } = this;
    let { endByte } = cursor;
    let timeNs = presentNs[index]!;
    let { bytes: out, view: outView, length: pos } = output;
    for (;;) {
      const line = lines[view.getUint16(at, true)];
      let end = -1;
      if (
        isUsual &&
        line?.body !== undefined &&
        lengthBytes >= line.leastBytes &&
        pos + usualLineBytes <= out.length
      ) {
        let sinceNs = timeNs - head.beginNs;
        if (!(sinceNs >= 0 && sinceNs < secondNs)) sinceNs = head.enter(timeNs);
        try {
          const tid = view.getInt32(at + 4, true);
          const to = head.put(outView, pos, tid, view.getUint16(at + 2, true), sinceNs | 0);
          end = line.body(view, bytes, at, lengthBytes, outView, out, to);
        } catch {
          // It has more than the usual room, or is not for this code: the other way finds that out.
          end = -1;
        }
      }
      if (end >= 0 && end <= out.length) {
        pos = end;
      } else {
        output.length = pos;
        presentNs[index] = timeNs;
        this.writeAny(output, at, lengthBytes, nextByte);
        ({ bytes: out, view: outView, length: pos } = output);
      }
      if (nextByte + 4 <= endByte) {
        const word = view.getInt32(nextByte, true);
        const words = isUsual ? word & kindBits : 0;
        const after = nextByte + 4 + words * 4;
        if (words > 0 && words <= mostWords && after <= endByte) {
          timeNs += word >>> 5;
          at = nextByte + 4;
          lengthBytes = words * 4;
          nextByte = after;
          if (timeNs < limitNs) continue;
          break;
        }
      }
      presentNs[index] = timeNs;
      output.length = pos;
      if (!this.step(at, lengthBytes, nextByte)) return false;
      ({ at, lengthBytes, nextByte } = this);
      ({ endByte } = cursor);
      timeNs = presentNs[index];
      if (timeNs >= limitNs || this.lostBefore !== 0) return true;
    }
    presentNs[index] = timeNs;
    this.at = at;
    this.lengthBytes = lengthBytes;
    this.nextByte = nextByte;
    output.length = pos;
    return true;
  }
}
