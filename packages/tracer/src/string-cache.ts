// Strings that come again and again. A field declared `cached-string` keeps the bytes of those it saw last, so that
// one that comes again is copied and not encoded: quicker from about ten characters on, at any content.
import { makeTextWriter, textBytes } from './text.ts';

const SLOT_COUNT = 64;
/** Longest string that is kept, in bytes with its NUL; longer ones are encoded each time. */
const SLOT_BYTES = 128;
const SLOT_SHIFT = 7;
/** Strings of up to so many bytes are copied as two words. */
const WORDS_BYTES = 16;
/** Of the empty string, which has no characters to choose a slot by. */
const EMPTY_SLOT = SLOT_COUNT;

/**
 * Where a string that is not empty is looked for among `mask + 1` slots: by its length and three of its characters,
 * which costs a third of what a Map does.
 */
export function slotOf(text: string, mask: number): number {
  const { length } = text;
  return (
    (length ^
      (text.charCodeAt(0) << 1) ^
      (text.charCodeAt(length >> 1) << 2) ^
      (text.charCodeAt(length - 1) << 3)) &
    mask
  );
}

/** Shorter strings never share the characters of a longer one. */
const LEAST_SLICE_LENGTH = 13;
const names: Record<string, true> = Object.create(null) as Record<string, true>;

/**
 * The string, to be kept. V8 makes a part of a long string a view of the whole, which it would keep alive: a kilobyte of
 * kept headers may be the rest of megabytes. Used as the name of a property it gets characters of its own.
 */
export function detached(text: string): string {
  if (text.length >= LEAST_SLICE_LENGTH) {
    names[text] = true;
    delete names[text];
  }
  return text;
}

/** Copies `sizeBytes` of UTF-8 (nothing else) from one memory to another; returns the position after them. */
export function copyUtf8(
  from: DataView,
  fromAt: number,
  sizeBytes: number,
  to: DataView,
  at: number,
): number {
  let source = fromAt;
  let pos = at;
  let left = sizeBytes;
  // Eight bytes as a double: V8 makes an object of a 64-bit integer here, and of no double. All doubles keep their
  // bits but signalling NaNs, which are no UTF-8: their last byte is 7F or FF, and the one before it from F0 on.
  for (; left >= 8; left -= 8) {
    to.setFloat64(pos, from.getFloat64(source, true), true);
    source += 8;
    pos += 8;
  }
  if (left >= 4) {
    to.setInt32(pos, from.getInt32(source, true), true);
    source += 4;
    pos += 4;
    left -= 4;
  }
  for (; left > 0; left -= 1) {
    to.setInt8(pos, from.getInt8(source));
    source += 1;
    pos += 1;
  }
  return pos;
}

/** The bytes of the strings that one field saw last. */
export class StringCache {
  /**
   * The two strings that were looked for last, and their slots: a serialiser compares with these before it calls
   * {@link find}. Many fields have hardly more, and to look for others takes a kilobyte of machine code, which amid a
   * program's own work is not in the processor's caches.
   */
  text0 = '';
  slot0: number = EMPTY_SLOT;
  text1 = '';
  slot1: number = EMPTY_SLOT;
  /** By slot: size in bytes, with the NUL. */
  readonly sizes: Int32Array = new Int32Array(SLOT_COUNT + 1);
  readonly #texts: string[] = Array.from({ length: SLOT_COUNT }, () => '');
  readonly #view: DataView;
  readonly #write: (at: number, text: string) => number;
  /** What is kept for a string, if not the string itself. */
  readonly encode: (text: string) => string;

  constructor(encode: (text: string) => string = (text) => text) {
    this.encode = encode;
    const bytes = Buffer.alloc((SLOT_COUNT + 1) * SLOT_BYTES);
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#write = makeTextWriter(this.#view, bytes);
    const empty = EMPTY_SLOT << SLOT_SHIFT;
    this.sizes[EMPTY_SLOT] = this.#write(empty, encode('')) - empty;
  }

  /** The slot that holds the string's bytes until the next call; -1 for one that is too long to be kept. */
  find(text: string): number {
    if (text.length === 0) return EMPTY_SLOT;
    const slot = slotOf(text, SLOT_COUNT - 1);
    if (this.#texts[slot] !== text && !this.#fill(slot, text)) return -1;
    this.text1 = this.text0;
    this.slot1 = this.slot0;
    this.text0 = this.#texts[slot]!;
    this.slot0 = slot;
    return slot;
  }

  /**
   * Copies the bytes of a slot, NUL included, to `at`; returns the position after them. What lies behind that and before
   * `limit` may be overwritten: so a short string takes no loop.
   */
  copy(slot: number, to: DataView, at: number, limit: number): number {
    const from = slot << SLOT_SHIFT;
    const sizeBytes = this.sizes[slot]!;
    if (sizeBytes > WORDS_BYTES || at + WORDS_BYTES > limit)
      return copyUtf8(this.#view, from, sizeBytes, to, at);
    // Of a signalling NaN, of which one bit may change, that bit lies behind the end: in UTF-8 its last two bytes never follow
    // each other, and the last byte of the string is a NUL.
    to.setFloat64(at, this.#view.getFloat64(from, true), true);
    to.setFloat64(at + 8, this.#view.getFloat64(from + 8, true), true);
    return at + sizeBytes;
  }

  /** Puts a string into a slot; whether it fits. */
  #fill(slot: number, text: string): boolean {
    if (text.length >= SLOT_BYTES) return false;
    const encoded = this.encode(text);
    const sizeBytes = textBytes(encoded);
    if (sizeBytes > SLOT_BYTES) return false;
    this.#forget(slot);
    this.#write(slot << SLOT_SHIFT, encoded);
    this.#texts[slot] = detached(text);
    this.sizes[slot] = sizeBytes;
    return true;
  }

  /** What was in a slot is found there no more. */
  #forget(slot: number): void {
    if (this.slot0 === slot) {
      this.text0 = '';
      this.slot0 = EMPTY_SLOT;
    }
    if (this.slot1 === slot) {
      this.text1 = '';
      this.slot1 = EMPTY_SLOT;
    }
  }
}
