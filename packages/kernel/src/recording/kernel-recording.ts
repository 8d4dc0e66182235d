/** A recording of the kernel's rings, wherever it comes from. */
import type { ByteSource } from '@spoor/ctf';
import type { KernelFormats } from '../formats/kernel-formats.ts';
import type { PageLayout } from '../formats/page-layout.ts';
import type { KernelIdentity } from '../transcode/kernel-trace-class.ts';
import { PageCursor } from '../pages/page-cursor.ts';
import { storedPageAt } from './page-walk.ts';

/** `stored`: each page as far as it is used; `whole`: each takes all of its sub-buffer. */
export type PageForm = 'stored' | 'whole';

/** The pages of one processor's ring. */
export interface RecordedRing {
  readonly cpu: number;
  readonly source: ByteSource;
  readonly form: PageForm;
  /** Events that the kernel lost, all together; undefined where it is not known. */
  readonly lostCount: number | undefined;
  /** Events that were in the ring and not lost there; undefined where it is not known. What of them is not in the source is lost. */
  readonly handedCount?: number | undefined;
}

/** What was recorded. */
export interface KernelRecording {
  /** For messages and as the name of the trace. */
  readonly name: string;
  readonly formats: KernelFormats;
  readonly identity: KernelIdentity;
  /** Of the boot or the recording: 32 hexadecimal digits with dashes. */
  readonly uuid: string;
  /** Name of the clock, as in `trace_clock`. */
  readonly clock: string;
  /** From the clock's zero to 1970; 0 where it is not known. */
  readonly clockOffsetNs: bigint;
  readonly rings: readonly RecordedRing[];
  /** The files `saved_cmdlines`, `kallsyms` and `printk_formats`, and constants of enumerations, as text; may be empty. */
  readonly commands: string;
  readonly symbols: () => string;
  readonly printkFormats: string;
  readonly constants: ReadonlyMap<string, bigint>;
  /** False where its recorder goes on, or was killed. */
  readonly hasEnded?: boolean;
}

const usualBufferBytes = 262_144;

/** Reads the pages of a ring, one after the other. */
export class RingPages {
  /** What pages lie in; the same for all of a ring. */
  readonly bytes: Uint8Array;
  /** Where the present page begins. */
  at = 0;
  /** What there is of it. */
  lengthBytes = 0;
  /** Bytes at the end of the ring that are no page: a recorder was cut off. */
  restBytes = 0;
  private readonly ring: RecordedRing;
  private readonly layout: PageLayout;
  private readonly view: DataView;
  /**
   * Of the source: what the buffer begins with, and where the next page begins. Sources may be larger than small integers
   * tell: that these are doubles from the beginning spares V8 to make its code anew, and leaves `at` an integer.
   */
  private bufferStart = -0;
  private nextByte = -0;
  private filledBytes = 0;

  /** @param bufferBytes as many are read at once, or a page where that is more. */
  constructor(ring: RecordedRing, layout: PageLayout, bufferBytes: number = usualBufferBytes) {
    this.ring = ring;
    this.layout = layout;
    const { subBufferBytes } = layout;
    this.bytes = new Uint8Array(Math.max(1, Math.floor(bufferBytes / subBufferBytes)) * subBufferBytes);
    this.view = new DataView(this.bytes.buffer);
  }

  /** Time stamp of the present page, in halves. */
  get beginHi(): number {
    const { view, at, layout } = this;
    return view.getUint32(
      at + layout.timestampOffsetBytes + (layout.littleEndian ? 4 : 0),
      layout.littleEndian,
    );
  }

  get beginLo(): number {
    const { view, at, layout } = this;
    return view.getUint32(
      at + layout.timestampOffsetBytes + (layout.littleEndian ? 0 : 4),
      layout.littleEndian,
    );
  }

  /** Where the present page begins in the ring's source. */
  get byte(): number {
    return this.bufferStart + this.at;
  }

  /**
   * Goes to where a page begins: the next one is that.
   * @param wantedBytes as many are read at first; of all that fit into the buffer by default.
   */
  seek(byte: number, wantedBytes: number = this.bytes.length): void {
    const isThere = byte >= this.bufferStart && byte + wantedBytes <= this.bufferStart + this.filledBytes;
    this.nextByte = byte;
    if (isThere) return;
    this.bufferStart = byte;
    this.filledBytes = 0;
    this.readUpTo(Math.min(wantedBytes, this.bytes.length));
  }

  /** Moves to the next page. @returns false at the end. */
  next(): boolean {
    if (this.find()) return true;
    this.fill();
    if (this.find()) return true;
    this.restBytes = this.ring.source.sizeBytes - this.nextByte;
    return false;
  }

  /** The next page, if all of it is in the buffer. */
  private find(): boolean {
    const { layout, ring } = this;
    const ahead = this.nextByte - this.bufferStart;
    if (ahead > this.filledBytes) return false;
    const start = ahead | 0;
    const page = storedPageAt(this.view, start, this.filledBytes, layout);
    if (page === undefined) return false;
    const endByte = ring.form === 'whole' ? start + layout.subBufferBytes : page.endByte;
    // The last page of a file may be cut off behind what is used of it.
    if (endByte > this.filledBytes && this.bufferStart + this.filledBytes < ring.source.sizeBytes)
      return false;
    this.at = start;
    this.lengthBytes = page.usedBytes;
    this.nextByte = this.bufferStart + Math.min(endByte, this.filledBytes);
    return true;
  }

  private fill(): void {
    this.bufferStart = this.nextByte;
    this.filledBytes = 0;
    this.readUpTo(this.bytes.length);
  }

  private readUpTo(limit: number): void {
    const { source } = this.ring;
    while (this.filledBytes < limit) {
      const into = this.bytes.subarray(this.filledBytes, limit);
      const count = source.read(into, into.length, this.bufferStart + this.filledBytes);
      if (count === 0) break;
      this.filledBytes += count;
    }
  }
}

/** What a first reading of a ring tells. */
export interface RingContent {
  readonly eventCount: number;
  /** 1 for each number of an event that there is. */
  readonly types: Uint8Array;
  /** Pages whose records did not make sense up to their end. */
  readonly damagedCount: number;
  readonly restBytes: number;
}

const largestType = 65_536;

/** Looks which events a ring has. */
export function scanRing(ring: RecordedRing, layout: PageLayout): RingContent {
  const pages = new RingPages(ring, layout);
  const cursor = new PageCursor(layout);
  cursor.setBytes(pages.bytes);
  const types = new Uint8Array(largestType);
  let eventCount = 0;
  let damagedCount = 0;
  while (pages.next()) {
    cursor.open(pages.at, pages.lengthBytes);
    while (cursor.next()) {
      types[cursor.typeId] = 1;
      eventCount += 1;
    }
    if (cursor.damage !== undefined) damagedCount += 1;
  }
  return { eventCount, damagedCount, types, restBytes: pages.restBytes };
}
