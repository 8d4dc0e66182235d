/**
 * Reads of bit fields at any position, for generated code and the interpreter alike. A position is a bit offset
 * from the packet's first byte. Little-endian fields fill bytes from the least significant bit on, big-endian
 * ones from the most significant (CTF 1.8, section 4.1.5). The byte array must reach at least 8 bytes beyond the
 * field: packet buffers are padded for that (`packetPaddingBytes`).
 */

/** Zero bytes that follow the content of every packet buffer, so that wide loads may read over the end. */
export const packetPaddingBytes = 64;

/** Unsigned value of a little-endian field of 1 to 32 bits. */
export function readBitsLe(bytes: Uint8Array, bit: number, length: number): number {
  const at = bit >>> 3;
  const shift = bit & 7;
  let value =
    (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> shift;
  if (shift + length > 32) value |= bytes[at + 4]! << (32 - shift);
  return length === 32 ? value >>> 0 : (value & ((1 << length) - 1)) >>> 0;
}

/** Unsigned value of a big-endian field of 1 to 32 bits. */
export function readBitsBe(bytes: Uint8Array, bit: number, length: number): number {
  const at = bit >>> 3;
  const shift = bit & 7;
  let value = ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) << shift;
  if (shift + length > 32) value |= bytes[at + 4]! >>> (8 - shift);
  return value >>> (32 - length);
}

/** A signed field's low `length` (1 to 32) bits as a number. */
function signExtend(value: number, length: number): number {
  return (value << (32 - length)) >> (32 - length);
}

/** An integer of up to 64 bits as two halves; `hi` carries the sign of a signed one. */
export interface Halves {
  hi: number;
  lo: number;
}

/** Reads an integer of 1 to 64 bits at any bit position into `into`. */
export function readHalves(
  bytes: Uint8Array,
  bit: number,
  length: number,
  littleEndian: boolean,
  signed: boolean,
  into: Halves,
): void {
  if (length <= 32) {
    const low = littleEndian ? readBitsLe(bytes, bit, length) : readBitsBe(bytes, bit, length);
    if (signed) {
      const value = signExtend(low, length);
      into.lo = value >>> 0;
      into.hi = value < 0 ? -1 : 0;
    } else {
      into.lo = low;
      into.hi = 0;
    }
    return;
  }
  const high = length - 32;
  into.lo = littleEndian ? readBitsLe(bytes, bit, 32) : readBitsBe(bytes, bit + high, 32);
  const top = littleEndian ? readBitsLe(bytes, bit + 32, high) : readBitsBe(bytes, bit, high);
  into.hi = signed ? signExtend(top, high) : top;
}

/** Reads an integer of any length at any bit position: a number while it is safe, else a BigInt. */
export function readBig(
  bytes: Uint8Array,
  bit: number,
  length: number,
  littleEndian: boolean,
  signed: boolean,
): number | bigint {
  let value = 0n;
  for (let done = 0; done < length; done += 32) {
    const part = Math.min(32, length - done);
    if (littleEndian) value |= BigInt(readBitsLe(bytes, bit + done, part)) << BigInt(done);
    else value = (value << BigInt(part)) | BigInt(readBitsBe(bytes, bit + done, part));
  }
  if (signed) value = BigInt.asIntN(length, value);
  return value >= -(1n << 53n) && value < 1n << 53n ? Number(value) : value;
}

/** The integer of two halves: a number while it is safe, else a BigInt. */
export function integerOfHalves(hi: number, lo: number): number | bigint {
  // 2^21 * 2^32 = 2^53: beyond it a double would lose the lowest bits.
  if (hi >= -0x200000 && hi < 0x200000) return hi * 0x1_0000_0000 + lo;
  return (BigInt(hi) << 32n) | BigInt(lo);
}

const scratch = new DataView(new ArrayBuffer(8));

/** The double whose IEEE 754 bits are the two halves. */
export function doubleOfHalves(hi: number, lo: number): number {
  scratch.setUint32(0, hi);
  scratch.setUint32(4, lo);
  return scratch.getFloat64(0);
}

/** The number whose IEEE 754 single-precision bits are given. */
export function floatOfBits(bits: number): number {
  scratch.setUint32(0, bits);
  return scratch.getFloat32(0);
}

/** The number whose IEEE 754 half-precision bits are given. */
export function halfOfBits(bits: number): number {
  const exponent = (bits >>> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  const sign = (bits & 0x8000) === 0 ? 1 : -1;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** The 32 bits of a number in the opposite order. */
function reverse32(value: number): number {
  let bits = ((value >>> 1) & 0x5555_5555) | ((value & 0x5555_5555) << 1);
  bits = ((bits >>> 2) & 0x3333_3333) | ((bits & 0x3333_3333) << 2);
  bits = ((bits >>> 4) & 0x0f0f_0f0f) | ((bits & 0x0f0f_0f0f) << 4);
  bits = ((bits >>> 8) & 0x00ff_00ff) | ((bits & 0x00ff_00ff) << 8);
  return ((bits >>> 16) | (bits << 16)) >>> 0;
}

/** The lower half of `length` (1 to 64) bits in the opposite order; `hi` and `lo` are unsigned. */
export function reversedLow(hi: number, lo: number, length: number): number {
  if (length <= 32) return reverse32(lo) >>> (32 - length);
  const shift = 64 - length;
  if (shift === 0) return reverse32(hi);
  return ((reverse32(hi) >>> shift) | (reverse32(lo) << (32 - shift))) >>> 0;
}

/** The upper half of `length` (33 to 64) bits in the opposite order, unsigned: it does not depend on `hi`. */
export function reversedHigh(lo: number, length: number): number {
  return reverse32(lo) >>> (64 - length);
}

/** Reads bits of which the first is the highest (little-endian) or lowest (big-endian), as {@link readHalves} otherwise. */
export function readReversedHalves(
  bytes: Uint8Array,
  bit: number,
  length: number,
  littleEndian: boolean,
  signed: boolean,
  into: Halves,
): void {
  readHalves(bytes, bit, length, littleEndian, false, into);
  const { hi, lo } = into;
  const low = reversedLow(hi, lo, length);
  if (length <= 32) {
    const value = signed ? signExtend(low, length) : low;
    into.lo = value >>> 0;
    into.hi = value < 0 ? -1 : 0;
    return;
  }
  const high = reversedHigh(lo, length);
  into.lo = low;
  into.hi = signed ? signExtend(high, length - 32) : high;
}

/** Bytes of the longest number of 64 bits in LEB128. */
export const mostLebBytes = 10;

/**
 * Reads a LEB128 number of up to 64 bits from byte `at` on into `into`.
 * @returns the index of the byte after it, or -1 for one of more bits.
 */
export function readLeb(bytes: Uint8Array, at: number, signed: boolean, into: Halves): number {
  let hi = 0;
  let lo = 0;
  for (let index = 0; index < mostLebBytes; index++) {
    const byte = bytes[at + index]!;
    const part = byte & 0x7f;
    const shift = index * 7;
    if (shift < 32) lo |= part << shift;
    if (shift >= 32) hi |= part << (shift - 32);
    else if (shift > 25) hi |= part >>> (32 - shift);
    if (index === mostLebBytes - 1) {
      // Bit 63 is the only one that is left; a signed number repeats it.
      if (byte !== 0 && byte !== (signed ? 0x7f : 1)) return -1;
    }
    if (byte < 0x80) {
      const length = shift + 7;
      if (signed && (byte & 0x40) !== 0 && length < 64) {
        if (length < 32) {
          lo |= -1 << length;
          hi = -1;
        } else {
          hi |= -1 << (length - 32);
        }
      }
      into.lo = lo >>> 0;
      into.hi = signed ? hi | 0 : hi >>> 0;
      return at + index + 1;
    }
  }
  return -1;
}
