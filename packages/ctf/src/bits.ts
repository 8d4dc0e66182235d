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
export function signExtend(value: number, length: number): number {
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
