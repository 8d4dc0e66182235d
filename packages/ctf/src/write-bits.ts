/**
 * Writes of bit fields at any position: the opposite of bits.ts, with the same counting of bits. Bits outside the
 * field stay as they are.
 */
import { mostLebBytes, reversedHigh, reversedLow, type Halves } from './bits.ts';

/** Writes the low `length` (1 to 32) bits of a value, from the least significant bit of the first byte on. */
export function writeBitsLe(bytes: Uint8Array, bit: number, length: number, value: number): void {
  let at = bit >>> 3;
  let shift = bit & 7;
  let rest = value;
  for (let left = length; left > 0;) {
    const taken = Math.min(8 - shift, left);
    const mask = ((1 << taken) - 1) << shift;
    bytes[at] = (bytes[at]! & ~mask) | ((rest << shift) & mask);
    rest >>>= taken;
    left -= taken;
    shift = 0;
    at++;
  }
}

/** Writes the low `length` (1 to 32) bits of a value, from the most significant bit of the first byte on. */
export function writeBitsBe(bytes: Uint8Array, bit: number, length: number, value: number): void {
  let at = bit >>> 3;
  let shift = bit & 7;
  for (let left = length; left > 0;) {
    const taken = Math.min(8 - shift, left);
    const low = 8 - shift - taken;
    const ones = (1 << taken) - 1;
    const part = (value >>> (left - taken)) & ones;
    bytes[at] = (bytes[at]! & ~(ones << low)) | (part << low);
    left -= taken;
    shift = 0;
    at++;
  }
}

/** Writes an integer of 1 to 64 bits given as two halves. */
export function writeHalves(
  bytes: Uint8Array,
  bit: number,
  length: number,
  littleEndian: boolean,
  hi: number,
  lo: number,
): void {
  const write = littleEndian ? writeBitsLe : writeBitsBe;
  if (length <= 32) {
    write(bytes, bit, length, lo);
    return;
  }
  const high = length - 32;
  write(bytes, littleEndian ? bit : bit + high, 32, lo);
  write(bytes, littleEndian ? bit + 32 : bit, high, hi);
}

/** Writes the low `length` bits of an integer of any size. */
export function writeBig(
  bytes: Uint8Array,
  bit: number,
  length: number,
  littleEndian: boolean,
  value: bigint,
): void {
  let rest = BigInt.asUintN(length, value);
  for (let done = 0; done < length;) {
    const part = Math.min(32, length - done);
    const low = Number(rest & ((1n << BigInt(part)) - 1n));
    if (littleEndian) writeBitsLe(bytes, bit + done, part, low);
    else writeBitsBe(bytes, bit + length - done - part, part, low);
    rest >>= BigInt(part);
    done += part;
  }
}

const scratch = new DataView(new ArrayBuffer(8));

/** IEEE 754 half-precision bits of a number, rounded to the nearest, ties to even. */
export function halfBits(value: number): number {
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  if (Number.isNaN(value)) return 0x7e00;
  const size = Math.abs(value);
  if (size >= 65_520) return sign | 0x7c00;
  // Below 2^-14 the unit is 2^-24; above, ten bits below the leading one.
  const exponent = size < 2 ** -14 ? -14 : Math.floor(Math.log2(size));
  const scaled = size / 2 ** (exponent - 10);
  const whole = Math.floor(scaled);
  const rest = scaled - whole;
  const rounded = rest > 0.5 || (rest === 0.5 && whole % 2 === 1) ? whole + 1 : whole;
  // A carry out of the fraction goes into the exponent by itself; a subnormal has exponent field 0.
  return sign | (rounded + (size < 2 ** -14 ? 0 : (exponent + 14) * 1024));
}

/** The IEEE 754 bits of a number, of 16, 32 or 64 bits. */
function floatHalves(value: number, length: number, into: Halves): void {
  if (length === 64) {
    scratch.setFloat64(0, value);
    into.hi = scratch.getUint32(0);
    into.lo = scratch.getUint32(4);
    return;
  }
  into.hi = 0;
  if (length === 32) {
    scratch.setFloat32(0, value);
    into.lo = scratch.getUint32(0);
  } else {
    into.lo = halfBits(value);
  }
}

const floatParts: Halves = { hi: 0, lo: 0 };

/** Writes a float of 16, 32 or 64 bits; `reversed` as in the model. */
export function writeFloat(
  bytes: Uint8Array,
  bit: number,
  length: number,
  littleEndian: boolean,
  value: number,
  reversed = false,
): void {
  floatHalves(value, length, floatParts);
  const { hi, lo } = floatParts;
  if (reversed) writeReversed(bytes, bit, length, littleEndian, hi, lo);
  else writeHalves(bytes, bit, length, littleEndian, hi, lo);
}

/** Writes an integer of 1 to 64 bits given as two halves, in the opposite order of its bits. */
export function writeReversed(
  bytes: Uint8Array,
  bit: number,
  length: number,
  littleEndian: boolean,
  hi: number,
  lo: number,
): void {
  const low = reversedLow(hi, lo, length);
  writeHalves(bytes, bit, length, littleEndian, length > 32 ? reversedHigh(lo, length) : 0, low);
}

/**
 * Writes a LEB128 number of 64 bits, given as two halves, from byte `at` on and before byte `end`.
 * @param padded takes as many bytes as the longest number, so that another can take its place.
 * @returns the index of the byte after it, or -1 when there is no room.
 */
export function writeLeb(
  bytes: Uint8Array,
  at: number,
  end: number,
  signed: boolean,
  hi: number,
  lo: number,
  padded = false,
): number {
  let high = hi;
  let low = lo >>> 0;
  let next = at;
  for (;;) {
    if (next >= end) return -1;
    const part = low & 0x7f;
    low = ((low >>> 7) | (high << 25)) >>> 0;
    high = signed ? high >> 7 : high >>> 7;
    const isLast = padded
      ? next - at === mostLebBytes - 1
      : signed
        ? (part & 0x40) === 0
          ? (high | low) === 0
          : (high & low) === -1 && high === -1
        : (high | low) === 0;
    bytes[next++] = isLast ? part : part | 0x80;
    if (isLast) return next;
  }
}
