/** Numbers with their digits in groups, and with a fixed number of decimals. Guarded by bench/details.ts. */
import type { IntegerFieldClass } from '@spoor/ctf';
import { putAscii, putUnsigned, putUnsigned64 } from '../sink-text-pretty/write-text.ts';

/** Digits in groups from the right. */
export function groupDigits(digits: string, size: number, separator: string): string {
  let at = digits.length % size;
  let text = digits.slice(0, at);
  for (; at < digits.length; at += size) {
    text += (text === '' ? '' : separator) + digits.slice(at, at + size);
  }
  return text;
}

/** A decimal number; below 10,000 without separators. */
export function groupedDecimal(value: bigint): string {
  const digits = String(value < 0n ? -value : value);
  return (value < 0n ? '-' : '') + (digits.length < 5 ? digits : groupDigits(digits, 3, ','));
}

/** An integer in the base that its class prefers; binary shows as hexadecimal. */
export function groupedInteger({ displayBase }: IntegerFieldClass, value: number | bigint): string {
  const whole = BigInt(value);
  if (displayBase === 10) return groupedDecimal(whole);
  const size = whole < 0n ? -whole : whole;
  const sign = whole < 0n ? '-' : '';
  if (displayBase === 8) return `${sign}0${groupDigits(size.toString(8), 3, ':')}`;
  return `${sign}0x${groupDigits(size.toString(16), 4, ':')}`;
}

/** Text with a view of it for copying. */
export class Words {
  readonly length: number;
  readonly view: DataView;

  /** @param text whose bytes must not form numbers that are not numbers: ASCII never does. */
  constructor(text: string) {
    const bytes = new TextEncoder().encode(text);
    const padded = new Uint8Array(Math.ceil(bytes.length / 8) * 8);
    padded.set(bytes);
    this.length = bytes.length;
    this.view = new DataView(padded.buffer);
  }
}

/** Copies text eight bytes at a time; up to seven bytes after it are overwritten. */
export function putWords(view: DataView, at: number, words: Words): number {
  const { view: from, length } = words;
  for (let index = 0; index < length; index += 8) view.setFloat64(at + index, from.getFloat64(index));
  return at + length;
}

/** `,ddd` of a number below 1000. */
function putGroup(out: Uint8Array, at: number, value: number): number {
  out[at] = 44;
  const high = (value / 100) | 0;
  const rest = value - high * 100;
  const middle = (rest / 10) | 0;
  out[at + 1] = 48 + high;
  out[at + 2] = 48 + middle;
  out[at + 3] = 48 + (rest - middle * 10);
  return at + 4;
}

/** `ddd,ddd,ddd` of a number below 10^9. */
export function putNineGrouped(out: Uint8Array, at: number, value: number): number {
  const high = (value / 1_000_000) | 0;
  const rest = value - high * 1_000_000;
  const middle = (rest / 1000) | 0;
  // The separator that is written first lands on the one that the caller wrote.
  putGroup(out, at - 1, high);
  putGroup(out, at + 3, middle);
  return putGroup(out, at + 7, rest - middle * 1000);
}

/** A whole number from 0 to 2^32 - 1. */
export function putGrouped(out: Uint8Array, view: DataView, at: number, value: number): number {
  if (value < 10_000) return putUnsigned(out, view, at, value);
  const thousands = Math.floor(value / 1000);
  const rest = value - thousands * 1000;
  if (thousands < 1000) return putGroup(out, putUnsigned(out, view, at, thousands), rest);
  const millions = Math.floor(thousands / 1000);
  const middle = thousands - millions * 1000;
  if (millions < 1000) {
    return putGroup(out, putGroup(out, putUnsigned(out, view, at, millions), middle), rest);
  }
  const billions = Math.floor(millions / 1000);
  const to = putGroup(out, putUnsigned(out, view, at, billions), millions - billions * 1000);
  return putGroup(out, putGroup(out, to, middle), rest);
}

/** A whole number from -2^31 to 2^31 - 1. */
export function putGroupedSigned(out: Uint8Array, view: DataView, at: number, value: number): number {
  if (value >= 0) return putGrouped(out, view, at, value);
  out[at] = 45;
  return putGrouped(out, view, at + 1, -value);
}

/** The unsigned integer of two halves. */
export function putGrouped64(out: Uint8Array, view: DataView, at: number, hi: number, lo: number): number {
  if (hi === 0) return putGrouped(out, view, at, lo);
  if (hi < 0x20_0000) {
    const value = hi * 0x1_0000_0000 + lo;
    const high = Math.floor(value / 1e9);
    if (high === 0) return putGrouped(out, view, at, value);
    const to = putGroupedAlways(out, view, at, high);
    out[to] = 44;
    return putNineGrouped(out, to + 1, value - high * 1e9);
  }
  // Long division by 10^9 with digits of 16 bits: each step's dividend is below 2^46.
  let rest = 0;
  let quotient = 0;
  for (let limb = 0; limb < 4; limb++) {
    const word = limb < 2 ? hi : lo;
    const part = rest * 65_536 + ((limb & 1) === 0 ? word >>> 16 : word & 0xffff);
    const digit = Math.floor(part / 1e9);
    quotient = quotient * 65_536 + digit;
    rest = part - digit * 1e9;
  }
  const billions = Math.floor(quotient / 1e9);
  let to = at;
  if (billions > 0) {
    to = putUnsigned(out, view, to, billions);
    out[to] = 44;
    to = putNineGrouped(out, to + 1, quotient - billions * 1e9);
  } else {
    to = putGroupedAlways(out, view, to, quotient);
  }
  out[to] = 44;
  return putNineGrouped(out, to + 1, rest);
}

/** Four digits too have a separator inside a longer number. */
function putGroupedAlways(out: Uint8Array, view: DataView, at: number, value: number): number {
  if (value >= 10_000 || value < 1000) return putGrouped(out, view, at, value);
  const thousands = (value / 1000) | 0;
  return putGroup(out, putUnsigned(out, view, at, thousands), value - thousands * 1000);
}

/** The signed integer of two halves. */
export function putGroupedSigned64(
  out: Uint8Array,
  view: DataView,
  at: number,
  hi: number,
  lo: number,
): number {
  if (hi >= 0) return putGrouped64(out, view, at, hi, lo);
  out[at] = 45;
  const low = -lo >>> 0;
  return putGrouped64(out, view, at + 1, (~hi + (low === 0 ? 1 : 0)) >>> 0, low);
}

/** Lower-case hexadecimal digits in groups of four, of the unsigned integer of two halves. */
export function putHexGrouped(out: Uint8Array, _view: DataView, at: number, hi: number, lo: number): number {
  let digit = hi === 0 ? (lo === 0 ? 0 : (31 - Math.clz32(lo)) >> 2) : 8 + ((31 - Math.clz32(hi)) >> 2);
  let to = at;
  for (; digit >= 0; digit--) {
    const value = digit >= 8 ? (hi >>> ((digit - 8) * 4)) & 15 : (lo >>> (digit * 4)) & 15;
    out[to++] = value < 10 ? 48 + value : 87 + value;
    if (digit > 0 && (digit & 3) === 0) out[to++] = 58;
  }
  return to;
}

/** A number with six decimals, halves rounded to even, as C's `%f`. */
export function fixedText(value: number, negative: boolean): string {
  const size = Math.abs(value);
  const sign = negative ? '-' : '';
  if (!(size <= Number.MAX_VALUE)) return sign + (size === Infinity ? 'inf' : 'nan');
  if (size >= 1e21) return `${sign}${BigInt(size)}.000000`;
  // Half a millionth is reached by odd multiples of 1/128 alone, and the language rounds those up.
  const parts = size * 128;
  if (parts < 2 ** 53 && parts % 2 === 1) {
    const floor = (BigInt(parts) * 15_625n - 1n) / 2n;
    const even = String(floor + (floor % 2n)).padStart(7, '0');
    return `${sign}${even.slice(0, -6)}.${even.slice(-6)}`;
  }
  return sign + size.toFixed(6);
}

/** Writes what `fixedText` says. */
export function putFixed(
  out: Uint8Array,
  view: DataView,
  at: number,
  value: number,
  negative: boolean,
): number {
  const size = Math.abs(value);
  if (size < 2 ** 64) {
    // Both parts are exact, and their scaling is off by less than a billionth: only near a half it decides wrongly.
    let whole = Math.floor(size);
    const scaled = (size - whole) * 1e6;
    let decimals = Math.floor(scaled);
    const rest = scaled - decimals;
    if (rest < 0.499_999 || rest > 0.500_001) {
      if (rest > 0.5) decimals += 1;
      if (decimals === 1_000_000) {
        decimals = 0;
        whole += 1;
      }
      let to = at;
      if (negative) out[to++] = 45;
      const high = Math.floor(whole / 0x1_0000_0000);
      to = putUnsigned64(out, view, to, high, whole - high * 0x1_0000_0000);
      out[to] = 46;
      let left = decimals | 0;
      for (let place = 6; place > 0; place--) {
        const next = (left / 10) | 0;
        out[to + place] = 48 + (left - next * 10);
        left = next;
      }
      return to + 7;
    }
  }
  return putAscii(out, at, fixedText(value, negative));
}
