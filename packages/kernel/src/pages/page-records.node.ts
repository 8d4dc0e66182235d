/** What is told of pages without making events of them. */
import type { PageLayout } from '../formats/page-layout.ts';
import { commitWord, usedPageBytes } from '../recording/stored-page.ts';
import type { PageCursor } from './page-cursor.ts';

/**
 * Counts the records of pages that lie one behind the other.
 * @param lengthBytes of the bytes, those that are pages; the last one may be there in part.
 * @param types of the records that count; all, where it is left out.
 */
export function countRecords(
  cursor: PageCursor,
  bytes: Uint8Array,
  lengthBytes: number,
  types?: ReadonlySet<number>,
): number {
  const { subBufferBytes } = cursor.layout;
  cursor.setBytes(bytes);
  let count = 0;
  for (let at = 0; at < lengthBytes; at += subBufferBytes) {
    cursor.open(at, Math.min(subBufferBytes, lengthBytes - at));
    while (cursor.next()) if (types === undefined || types.has(cursor.typeId)) count += 1;
  }
  return count;
}

/** A clock may be read a little before another one that follows it. */
const graceNs = 1e9;

/** The times at which pages of one ring begin, whose clock is CLOCK_MONOTONIC. */
export class PageTimes {
  private readonly layout: PageLayout;
  /** When the last page began. */
  private lastNs = 0;
  /** None begins later, as was found out last. */
  private latestNs = 0;

  constructor(layout: PageLayout) {
    this.layout = layout;
  }

  /** When the page at `at` begins, in nanoseconds of its ring's clock. */
  of({ buffer, byteOffset, byteLength }: Uint8Array, at: number): number {
    const { timestampOffsetBytes, littleEndian } = this.layout;
    const view = new DataView(buffer, byteOffset, byteLength);
    return Number(view.getBigUint64(at + timestampOffsetBytes, littleEndian));
  }

  /**
   * Whether a page can be the next one: it begins behind the one before, and not in the future. What does not was not written
   * by the kernel, and readers do not take a stream whose time goes back.
   */
  goesOn(bytes: Uint8Array, at: number): boolean {
    const { layout } = this;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    // One without events has no time.
    if (usedPageBytes(commitWord(view, at, layout), layout) <= layout.dataOffsetBytes) return true;
    const beganNs = this.of(bytes, at);
    if (beganNs > this.latestNs) this.latestNs = Number(process.hrtime.bigint()) + graceNs;
    if (beganNs < this.lastNs || beganNs > this.latestNs) return false;
    this.lastNs = beganNs;
    return true;
  }
}
