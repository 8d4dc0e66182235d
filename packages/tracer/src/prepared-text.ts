// A text whose bytes are made by who tells of it, for a field of type `prepared-text`: what is put together of many parts
// need not become a string first. The session that records it may be of another copy of this package, so it is known by
// what it can do, never by its class; where bytes are of no use (filters, the walking serialiser) it is a text.
// bench/otel.ts guards its cost.
import { copyUtf8, type StringCache } from './string-cache.ts';
import { makeTextWriter, textBytes, type TextWriter } from './text.ts';

/** Up to this length a loop over a text is quicker than calls into the runtime. */
const LOOP_LENGTH = 40;

const QUOTE = 0x22;
const DIGIT_ZERO = 0x30;
const MINUS = 0x2d;

/** By ASCII code, 1 for characters that stand for themselves in a JSON text. */
const standsForItself = Uint8Array.from({ length: 128 }, (_, code) =>
  code >= 0x20 && code !== QUOTE && code !== 0x5c ? 1 : 0,
);

/** UTF-8 without NULs that is written piece by piece. A piece that there is no room for is not written at all. */
export class PreparedText {
  /** Bytes so far; may be set back. */
  length = 0;
  readonly #capacityBytes: number;
  readonly #bytes: Buffer;
  readonly #view: DataView;
  readonly #write: TextWriter;

  constructor(capacityBytes: number) {
    this.#capacityBytes = capacityBytes;
    // The writer of texts ends them by a NUL.
    this.#bytes = Buffer.alloc(capacityBytes + 1);
    this.#view = new DataView(this.#bytes.buffer, this.#bytes.byteOffset, this.#bytes.length);
    this.#write = makeTextWriter(this.#view, this.#bytes);
  }

  /** What it takes in an event, with its NUL. */
  get sizeBytes(): number {
    return this.length + 1;
  }

  /** Copies the bytes and a NUL; returns the position after them. */
  copy(to: DataView, at: number): number {
    const end = copyUtf8(this.#view, 0, this.length, to, at);
    to.setInt8(end, 0);
    return end + 1;
  }

  toString(): string {
    return this.#bytes.toString('utf8', 0, this.length);
  }

  /** Puts an ASCII character in place of the byte at `at`. */
  replace(at: number, code: number): void {
    this.#view.setInt8(at, code);
  }

  addCharacter(code: number): boolean {
    if (this.length >= this.#capacityBytes) return false;
    this.#view.setInt8(this.length, code);
    this.length += 1;
    return true;
  }

  addText(text: string): boolean {
    const room = this.#capacityBytes - this.length;
    if (text.length * 3 > room && textBytes(text) - 1 > room) return false;
    this.length = this.#write(this.length, text) - 1;
    return true;
  }

  /** Adds what a cache has kept for a text, or what it would keep if that is too long. */
  addKept(cache: StringCache, text: string): boolean {
    const slot = cache.find(text);
    if (slot < 0) return this.addText(cache.encode(text));
    if (this.length + cache.sizes[slot]! > this.#capacityBytes + 1) return false;
    this.length = cache.copy(slot, this.#view, this.length, this.#capacityBytes + 1) - 1;
    return true;
  }

  /** Adds a number as JSON has it; it must be finite. */
  addNumber(value: number): boolean {
    // Nine digits, so that all of it is in small integers.
    if ((value | 0) !== value || value > 999_999_999 || value < -999_999_999) return this.addText(`${value}`);
    if (this.length + 10 > this.#capacityBytes) return this.addText(`${value}`);
    let rest = value | 0;
    if (rest < 0) {
      this.#view.setInt8(this.length, MINUS);
      this.length += 1;
      rest = -rest;
    }
    let end = this.length + 1;
    for (let limit = 10; limit <= rest; limit *= 10) end += 1;
    for (let at = end - 1; at >= this.length; at -= 1) {
      const quotient = (rest / 10) | 0;
      this.#view.setInt8(at, DIGIT_ZERO + rest - quotient * 10);
      rest = quotient;
    }
    this.length = end;
    return true;
  }

  /** Adds a text as JSON has it, in quotation marks. */
  addQuoted(text: string): boolean {
    const { length } = text;
    if (length > LOOP_LENGTH || this.length + length + 2 > this.#capacityBytes) return this.#addEscaped(text);
    const view = this.#view;
    const begin = this.length;
    let at = begin + 1;
    for (let index = 0; index < length; index += 1) {
      const code = text.charCodeAt(index);
      if (code > 127 || standsForItself[code] === 0) return this.#addEscaped(text);
      view.setInt8(at, code);
      at += 1;
    }
    view.setInt8(begin, QUOTE);
    view.setInt8(at, QUOTE);
    this.length = at + 1;
    return true;
  }

  #addEscaped(text: string): boolean {
    return this.addText(JSON.stringify(text));
  }
}
