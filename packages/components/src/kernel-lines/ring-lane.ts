/** One processor's ring of a recording, from any time on. */
import { PageCursor, RingPages, type KernelRecording, type RecordedRing } from '@spoor/kernel';
import type { ThreadHead } from './line-head.ts';
import type { LineBuffer } from './line-buffer.ts';
import type { RecordingLines } from './recording-lines.ts';

const twoTo32 = 0x1_0000_0000;
const encoder = new TextEncoder();

/** Nanoseconds of a whole second, so that seconds of the clock stay whole when times are counted from one. */
export const secondNs = 1e9;

/** Reads a ring in order. Times are counted from `originSeconds`. */
export class RingLane {
  readonly lines: RecordingLines;
  readonly cpu: number;
  readonly ring: RecordedRing;
  readonly cursor: PageCursor;
  /** Pages whose records did not make sense up to their end, of those that were read. */
  damagedCount = 0;
  private readonly head: ThreadHead;
  private readonly pages: RingPages;
  private readonly sizeOfPage: number;
  private readonly originSeconds: number;
  /** Events that were lost before the present record, -1 where it is not told how many. */
  private lostBefore = 0;
  /** Whether the cursor is in a page. */
  private isInPage = false;
  /** Where its pages begin, and their times: of rings whose pages are not all of one size. */
  private places: { readonly bytes: Float64Array; readonly timesNs: Float64Array } | undefined;

  constructor(recording: KernelRecording, ring: RecordedRing, lines: RecordingLines, originSeconds: number) {
    const { layout } = recording.formats;
    this.lines = lines;
    this.cpu = ring.cpu;
    this.ring = ring;
    this.originSeconds = originSeconds;
    this.head = lines.headOf(ring.cpu);
    this.pages = new RingPages(ring, layout);
    this.sizeOfPage = layout.subBufferBytes;
    this.cursor = new PageCursor(layout);
    const originNs = BigInt(originSeconds) * BigInt(secondNs);
    this.cursor.setOrigin(Number(originNs >> 32n), Number(originNs & 0xffff_ffffn));
    this.cursor.setBytes(this.pages.bytes);
  }

  /** Time of the present record. */
  get timeNs(): number {
    return this.cursor.timeNs;
  }

  get pageCount(): number {
    if (this.ring.form === 'whole') return Math.ceil(this.ring.source.sizeBytes / this.sizeOfPage);
    return this.placesOfPages().bytes.length;
  }

  private pageByte(index: number): number {
    return this.ring.form === 'whole' ? index * this.sizeOfPage : this.placesOfPages().bytes[index]!;
  }

  /** When a page begins; Infinity where it is cut off. */
  pageTimeNs(index: number): number {
    if (this.ring.form !== 'whole') return this.placesOfPages().timesNs[index]!;
    this.pages.seek(index * this.sizeOfPage, this.sizeOfPage);
    return this.pages.next() ? this.presentPageNs() : Infinity;
  }

  private presentPageNs(): number {
    const { beginHi, beginLo } = this.pages;
    const originNs = BigInt(this.originSeconds) * BigInt(secondNs);
    return (beginHi - Number(originNs >> 32n)) * twoTo32 + (beginLo - Number(originNs & 0xffff_ffffn));
  }

  private placesOfPages(): { readonly bytes: Float64Array; readonly timesNs: Float64Array } {
    if (this.places === undefined) {
      const bytes: number[] = [];
      const timesNs: number[] = [];
      this.pages.seek(0);
      while (this.pages.next()) {
        bytes.push(this.pages.byte);
        timesNs.push(this.presentPageNs());
      }
      this.places = { bytes: Float64Array.from(bytes), timesNs: Float64Array.from(timesNs) };
    }
    return this.places;
  }

  /** The last page that begins before a time, in which or behind which the first record of that time is. */
  pageBefore(timeNs: number): number {
    let low = 0;
    let high = this.pageCount;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.pageTimeNs(middle) < timeNs) low = middle + 1;
      else high = middle;
    }
    return Math.max(0, low - 1);
  }

  /** Goes to the first record of a time, or behind it. @returns false where there is none. */
  seek(page: number, timeNs: number): boolean {
    this.pages.seek(page < this.pageCount ? this.pageByte(page) : this.ring.source.sizeBytes);
    this.isInPage = false;
    while (this.next()) if (this.cursor.timeNs >= timeNs) return true;
    return false;
  }

  /** Moves to the next record. @returns false at the end. */
  next(): boolean {
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

  /** Writes the present record's line, and before it what was lost. */
  write(output: LineBuffer): void {
    if (this.lostBefore !== 0) {
      const count = this.lostBefore < 0 ? '' : ` ${this.lostBefore}`;
      output.append(encoder.encode(`CPU:${this.cpu} [LOST${count} EVENTS]\n`));
      this.lostBefore = 0;
    }
    this.lines.write(this.cursor, this.head, output);
  }
}
