/**
 * Goes through the records of a sub-buffer of the kernel's ring buffer.
 *
 * A sub-buffer begins with a time stamp of 64 bits and a word that tells how many bytes of events follow. Each event
 * begins with a word of 32 bits: 5 bits that are a length, or say what else it is, and 27 bits of time since the event
 * before. Nothing of it is trusted: whatever the bytes are, the cursor stays within them and comes to an end.
 *
 * No object and no BigInt is made, neither per event nor per page.
 */
import { eventTypes, type PageLayout } from '../formats/page-layout.ts';

const { padding, timeExtend, timeStamp } = eventTypes;

/** Bits of the commit word: what stands for lost events, and the length. */
const missedEvents = 0x8000_0000;
const missedStored = 0x4000_0000;
const lengthMask = 0x3fff_ffff;

const twoTo27 = 0x800_0000;
const twoTo32 = 0x1_0000_0000;
/** A stamp in an event has 59 bits; the five above are those of the page. */
const upperStampBits = 0xf800_0000;

/** One cursor serves any number of pages; its properties are for reading alone. */
export class PageCursor {
  readonly layout: PageLayout;
  bytes: Uint8Array = new Uint8Array(0);
  /** Over the same bytes, with their offsets. */
  view: DataView = new DataView(this.bytes.buffer);
  /** Time stamp of the page: nanoseconds, or ticks, of the instance's clock. No number before there is one, which for V8 is
   * a double from the beginning: a small integer that becomes one has all code made anew that reads it. */
  beginHi = 0;
  beginLo: number = Number.NaN;
  /** The same, since the origin. */
  beginNs: number = Number.NaN;
  /** Events lost before the page: -1 where it is not told how many. */
  lostEvents = 0;
  /** Where the events of the page end. */
  endByte = 0;
  /** When the present record was made, since the origin: exact while that is less than 2^53 away. */
  timeNs: number = Number.NaN;
  /** First byte of the present record, that of `common_type`. */
  at = 0;
  /** Bytes of the record; up to three more than it has fields for. */
  lengthBytes = 0;
  /** Its `common_type`: the number of its event. */
  typeId = 0;
  /** Where the next record's head is. */
  nextByte = 0;
  /** What is wrong with the page, which then ends before it. */
  damage: string | undefined = undefined;
  private originHi = 0;
  private originLo = 0;
  private readonly littleEndian: boolean;

  constructor(layout: PageLayout) {
    this.layout = layout;
    this.littleEndian = layout.littleEndian;
  }

  /** Sets what times are counted from: halves of an unsigned number of 64 bits. */
  setOrigin(hi: number, lo: number): void {
    this.originHi = hi;
    this.originLo = lo;
  }

  /** Takes the bytes that pages will be opened in; they are not copied. */
  setBytes(bytes: Uint8Array): void {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /**
   * Moves before the first record of a page.
   * @param lengthBytes what there is of the page: it may have been read in part.
   * @returns false when its head is damaged; it has no records then.
   */
  open(startByte: number, lengthBytes: number): boolean {
    const { layout, view, littleEndian } = this;
    this.damage = undefined;
    this.lostEvents = 0;
    this.nextByte = this.endByte = startByte;
    const limit = Math.min(startByte + lengthBytes, view.byteLength);
    const dataStart = startByte + layout.dataOffsetBytes;
    if (dataStart > limit) return this.fail('a page without its head', startByte);
    const stampAt = startByte + layout.timestampOffsetBytes;
    const first = view.getUint32(stampAt, littleEndian);
    const second = view.getUint32(stampAt + 4, littleEndian);
    this.beginHi = littleEndian ? second : first;
    this.beginLo = littleEndian ? first : second;
    this.beginNs = (this.beginHi - this.originHi) * twoTo32 + (this.beginLo - this.originLo);
    this.timeNs = this.beginNs;
    // The word is as wide as `long`, but all that it tells is in its lower half.
    const lower = layout.commitOffsetBytes + (littleEndian || layout.longBytes === 4 ? 0 : 4);
    const commit = view.getUint32(startByte + lower, littleEndian);
    const end = dataStart + (commit & lengthMask);
    if ((commit & missedEvents) !== 0) {
      this.lostEvents = -1;
      if ((commit & missedStored) !== 0 && end + layout.longBytes <= limit) {
        this.lostEvents = this.storedCount(end);
      }
    }
    if (end > limit)
      return this.fail(`a page of ${end - startByte} bytes in ${limit - startByte}`, startByte);
    this.nextByte = dataStart;
    this.endByte = end;
    return true;
  }

  /** Moves to the next record. @returns false at the end of the page, or where it is damaged. */
  next(): boolean {
    const { view, littleEndian, endByte } = this;
    let at = this.nextByte;
    let timeNs = this.timeNs;
    while (at + 4 <= endByte) {
      const head = view.getUint32(at, littleEndian);
      const kind = littleEndian ? head & 31 : head >>> 27;
      const delta = littleEndian ? head >>> 5 : head & (twoTo27 - 1);
      if (kind > 0 && kind < padding) {
        const lengthBytes = kind << 2;
        return this.found(at + 4, lengthBytes, timeNs + delta);
      }
      // A page that ends in padding may have no room for more than the word.
      if (kind === padding && delta === 0) break;
      if (at + 8 > endByte) return this.fail('an event beyond the end of its page', at);
      const word = view.getUint32(at + 4, littleEndian);
      if (kind === 0) {
        if (word < 4) return this.fail(`an event of ${word} bytes`, at);
        return this.found(at + 8, word - 4, timeNs + delta);
      }
      if (kind === timeExtend) {
        timeNs += word * twoTo27 + delta;
        at += 8;
      } else if (kind === timeStamp) {
        timeNs = this.stampNs(word, delta);
        at += 8;
      } else {
        // An event that was discarded after its place had been given; those behind count from its time.
        timeNs += delta;
        at += 4 + word;
      }
    }
    this.timeNs = timeNs;
    this.nextByte = endByte;
    return at > endByte ? this.fail('padding beyond the end of its page', at) : false;
  }

  /** Moves to a record of the present page that was found without the cursor, `nextByte` with it. */
  place(at: number, lengthBytes: number, nextByte: number, timeNs: number): void {
    this.at = at;
    this.lengthBytes = lengthBytes;
    this.nextByte = nextByte;
    this.typeId = this.view.getUint16(at, this.littleEndian);
    this.timeNs = timeNs;
  }

  private found(at: number, lengthBytes: number, timeNs: number): boolean {
    const next = at + lengthBytes;
    if (lengthBytes < 4 || next > this.endByte) return this.fail('an event beyond the end of its page', at);
    this.nextByte = at + ((lengthBytes + 3) & ~3);
    this.at = at;
    this.lengthBytes = lengthBytes;
    this.typeId = this.view.getUint16(at, this.littleEndian);
    this.timeNs = timeNs;
    return true;
  }

  private stampNs(word: number, delta: number): number {
    const hi = ((this.beginHi & upperStampBits) | (word >>> 5)) >>> 0;
    const lo = ((word << 27) | delta) >>> 0;
    return (hi - this.originHi) * twoTo32 + (lo - this.originLo);
  }

  private storedCount(at: number): number {
    const { view, littleEndian, layout } = this;
    if (layout.longBytes === 4) return view.getUint32(at, littleEndian);
    const first = view.getUint32(at, littleEndian);
    const second = view.getUint32(at + 4, littleEndian);
    return littleEndian ? second * twoTo32 + first : first * twoTo32 + second;
  }

  private fail(what: string, at: number): false {
    this.damage = `${what}, at byte ${at}`;
    this.nextByte = this.endByte;
    return false;
  }
}
