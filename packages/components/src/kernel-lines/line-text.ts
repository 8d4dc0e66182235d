/** Writers of what lines of the kernel have beside decimal numbers. As those of `sink-text-pretty/write-text.ts`. */
import { putUnsigned64 } from '../sink-text-pretty/write-text.ts';

/** Two lower-case hexadecimal digits of 0 to 255, as they stand in memory when stored little-endian. */
const hexPairs = Uint16Array.from({ length: 256 }, (_, value) => {
  const digit = (half: number): number => (half < 10 ? 48 + half : 87 + half);
  return digit(value >>> 4) | (digit(value & 15) << 8);
});

/** Exactly eight digits. */
function putEightHex(view: DataView, at: number, value: number): number {
  view.setUint16(at, hexPairs[value >>> 24]!, true);
  view.setUint16(at + 2, hexPairs[(value >>> 16) & 255]!, true);
  view.setUint16(at + 4, hexPairs[(value >>> 8) & 255]!, true);
  view.setUint16(at + 6, hexPairs[value & 255]!, true);
  return at + 8;
}

/** The digits that 32 bits need. */
function putShortHex(out: Uint8Array, at: number, value: number): number {
  let shift = value === 0 ? 0 : (31 - Math.clz32(value)) & ~3;
  let to = at;
  for (; shift >= 0; shift -= 4) {
    const digit = (value >>> shift) & 15;
    out[to++] = digit < 10 ? 48 + digit : 87 + digit;
  }
  return to;
}

/** Lower-case hexadecimal digits of two halves. */
export function putLowHex(out: Uint8Array, view: DataView, at: number, hi: number, lo: number): number {
  return hi === 0 ? putShortHex(out, at, lo) : putEightHex(view, putShortHex(out, at, hi), lo);
}

/** All sixteen of them. */
export function putWholeHex(_out: Uint8Array, view: DataView, at: number, hi: number, lo: number): number {
  return putEightHex(view, putEightHex(view, at, hi), lo);
}

/** What a system call was given: below ten a digit, else hexadecimal. */
export function putArgument(out: Uint8Array, view: DataView, at: number, hi: number, lo: number): number {
  if (hi === 0 && lo >>> 0 < 10) return putUnsigned64(out, view, at, 0, lo);
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
