/** Writers of what lines of the kernel have beside decimal numbers. As those of `sink-text-pretty/write-text.ts`. */
import { putUnsigned } from '../sink-text-pretty/write-text.ts';

/** Two lower-case hexadecimal digits of 0 to 255, as they stand in memory when stored little-endian. */
const hexPairs = Uint16Array.from({ length: 256 }, (_, value) => {
  const digit = (half: number): number => (half < 10 ? 48 + half : 87 + half);
  return digit(value >>> 4) | (digit(value & 15) << 8);
});

/** The digits of 0 to 999, in the lower three bytes as they stand in memory; the upper one is how many there are. */
const shortDigits = Int32Array.from({ length: 1000 }, (_, value) => {
  const text = String(value);
  let word = text.length << 24;
  for (let index = 0; index < text.length; index++) word |= text.charCodeAt(index) << (index * 8);
  return word;
});

/** Three digits of each; the upper byte is of no meaning. */
const threeDigits = Int32Array.from({ length: 1000 }, (_, value) => {
  const text = String(value).padStart(3, '0');
  return text.charCodeAt(0) | (text.charCodeAt(1) << 8) | (text.charCodeAt(2) << 16);
});

/** Six digits of a number below 10^6, and `:` behind them. */
export function putMicroseconds(view: DataView, at: number, value: number): number {
  const high = (value / 1000) | 0;
  view.setInt32(at, threeDigits[high]!, true);
  view.setInt32(at + 3, threeDigits[(value - high * 1000) | 0]! | 0x3a00_0000, true);
  return at + 7;
}

/** Decimal digits of 32 bits without a sign. Up to three bytes behind them are overwritten. */
export function putDecimal(out: Uint8Array, view: DataView, at: number, value: number): number {
  if (value >>> 0 < 1000) {
    const digits = shortDigits[value]!;
    view.setInt32(at, digits, true);
    return at + (digits >>> 24);
  }
  if (value >>> 0 < 1_000_000) {
    const high = (value / 1000) | 0;
    const digits = shortDigits[high]!;
    view.setInt32(at, digits, true);
    const to = at + (digits >>> 24);
    view.setInt32(to, threeDigits[(value - high * 1000) | 0]!, true);
    return to + 3;
  }
  return putUnsigned(out, view, at, value >>> 0);
}

/** Exactly four digits of the upper half. */
function fourHex(value: number): number {
  return hexPairs[value >>> 24]! | (hexPairs[(value >>> 16) & 255]! << 16);
}

/** Exactly eight digits. */
function putEightHex(view: DataView, at: number, value: number): number {
  view.setInt32(at, fourHex(value), true);
  view.setInt32(at + 4, fourHex(value << 16), true);
  return at + 8;
}

/** The digits that 32 bits need; the first is moved to the front, and what follows the last is overwritten. */
function putShortHex(view: DataView, at: number, value: number): number {
  const digits = (35 - Math.clz32(value | 1)) >> 2;
  const moved = value << (32 - digits * 4);
  view.setInt32(at, fourHex(moved), true);
  if (digits > 4) view.setInt32(at + 4, fourHex(moved << 16), true);
  return at + digits;
}

/** Lower-case hexadecimal digits of two halves. */
export function putLowHex(_out: Uint8Array, view: DataView, at: number, hi: number, lo: number): number {
  return hi === 0 ? putShortHex(view, at, lo) : putEightHex(view, putShortHex(view, at, hi), lo);
}

/** All sixteen of them. */
export function putWholeHex(_out: Uint8Array, view: DataView, at: number, hi: number, lo: number): number {
  return putEightHex(view, putEightHex(view, at, hi), lo);
}

/** What a system call was given: below ten a digit, else hexadecimal. */
export function putArgument(out: Uint8Array, view: DataView, at: number, hi: number, lo: number): number {
  if (hi === 0 && lo >>> 0 < 10) return putDecimal(out, view, at, lo);
  view.setUint16(at, 0x7830, true);
  return putLowHex(out, view, at + 2, hi, lo);
}

/** Moves what was written since `from` to the right, so that it is `width` wide. */
export function putPadding(out: Uint8Array, from: number, to: number, width: number): number {
  const missing = width - (to - from);
  if (missing <= 0) return to;
  out.copyWithin(from + missing, from, to);
  out.fill(32, from, from + missing);
  return from + width;
}

/** Text up to its first NUL in `size` bytes, a multiple of four: by words, for names are short and many. */
export function putPaddedText(
  view: DataView,
  from: number,
  outView: DataView,
  at: number,
  size: number,
): number {
  for (let done = 0; done < size; done += 4) {
    const word = view.getInt32(from + done, true);
    outView.setInt32(at + done, word, true);
    // The lowest bit that is left is that of the first byte of zero.
    const zeros = (word - 0x0101_0101) & ~word & 0x8080_8080;
    if (zeros !== 0) return at + done + ((31 - Math.clz32(zeros & -zeros)) >> 3);
  }
  return at + size;
}

/** Text up to its first NUL, or to `end`. */
export function putPlainText(
  out: Uint8Array,
  at: number,
  bytes: Uint8Array,
  from: number,
  end: number,
): number {
  let to = at;
  for (let index = from; index < end; index++) {
    const byte = bytes[index]!;
    if (byte === 0) break;
    out[to++] = byte;
  }
  return to;
}
