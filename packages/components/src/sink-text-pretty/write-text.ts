/**
 * Writers of text into bytes, without strings between. Each takes the bytes, a view of the same, and a position, and
 * returns the position after what it wrote. Single bytes beyond the end are ignored by the language, stores of several
 * throw a RangeError: the caller must make room and begin anew in both cases.
 */
import type { Colors } from '../text-colors.ts';
import { decodeWideText, flagsOf, type LabelTable, type Mapping, type TextEncoding } from '@spoor/ctf';

/** The digits of 00 to 99, as they stand in memory when stored little-endian. */
const pairs = Uint16Array.from(
  { length: 100 },
  (_, value) => (48 + Math.floor(value / 10)) | ((48 + (value % 10)) << 8),
);

/** Copies the first `length` bytes of `text`. */
export function putBytes(out: Uint8Array, at: number, text: Uint8Array, length: number): number {
  for (let index = 0; index < length; index++) out[at + index] = text[index]!;
  return at + length;
}

/** Exactly eight digits of a number below 10^8. */
function putEight(view: DataView, at: number, value: number): number {
  const high = (value / 10_000) | 0;
  const low = (value - high * 10_000) | 0;
  const a = (high / 100) | 0;
  const c = (low / 100) | 0;
  view.setUint16(at, pairs[a]!, true);
  view.setUint16(at + 2, pairs[(high - a * 100) | 0]!, true);
  view.setUint16(at + 4, pairs[c]!, true);
  view.setUint16(at + 6, pairs[(low - c * 100) | 0]!, true);
  return at + 8;
}

/** Exactly nine digits of a number below 10^9. */
export function putNine(out: Uint8Array, view: DataView, at: number, value: number): number {
  const first = (value / 100_000_000) | 0;
  out[at] = 48 + first;
  return putEight(view, at + 1, (value - first * 100_000_000) | 0);
}

/** Decimal digits of a whole number from 0 to 2^32 - 1. */
export function putUnsigned(out: Uint8Array, view: DataView, at: number, value: number): number {
  if (value < 10) {
    out[at] = 48 + value;
    return at + 1;
  }
  if (value < 100) {
    view.setUint16(at, pairs[value]!, true);
    return at + 2;
  }
  if (value < 10_000) {
    const high = (value / 100) | 0;
    const low = (value - high * 100) | 0;
    if (high < 10) {
      out[at] = 48 + high;
      view.setUint16(at + 1, pairs[low]!, true);
      return at + 3;
    }
    view.setUint16(at, pairs[high]!, true);
    view.setUint16(at + 2, pairs[low]!, true);
    return at + 4;
  }
  if (value < 100_000_000) {
    const high = (value / 10_000) | 0;
    const low = (value - high * 10_000) | 0;
    const to = putUnsigned(out, view, at, high);
    const a = (low / 100) | 0;
    view.setUint16(to, pairs[a]!, true);
    view.setUint16(to + 2, pairs[(low - a * 100) | 0]!, true);
    return to + 4;
  }
  const high = Math.floor(value / 100_000_000) | 0;
  return putEight(view, putUnsigned(out, view, at, high), (value - high * 100_000_000) | 0);
}

/** Decimal digits of a whole number from -2^31 to 2^31 - 1. */
export function putSigned(out: Uint8Array, view: DataView, at: number, value: number): number {
  if (value >= 0) return putUnsigned(out, view, at, value);
  out[at] = 45;
  return putUnsigned(out, view, at + 1, -value);
}

/** Decimal digits of the unsigned integer of two halves. */
export function putUnsigned64(out: Uint8Array, view: DataView, at: number, hi: number, lo: number): number {
  if (hi === 0) return putUnsigned(out, view, at, lo);
  if (hi < 0x20_0000) {
    // Below 2^53 a double is exact; the quotient is below 2^32.
    const value = hi * 0x1_0000_0000 + lo;
    let high = Math.floor(value / 1e8);
    let low = value - high * 1e8;
    if (low < 0) {
      high -= 1;
      low += 1e8;
    }
    return putEight(view, putUnsigned(out, view, at, high), low);
  }
  // Long division by 10^9 with digits of 16 bits: each step's dividend is below 2^46.
  let rest = 0;
  let quotient = 0;
  for (let limb = 0; limb < 4; limb++) {
    const word = limb < 2 ? hi : lo;
    const value = rest * 65_536 + ((limb & 1) === 0 ? word >>> 16 : word & 0xffff);
    const digit = Math.floor(value / 1e9);
    quotient = quotient * 65_536 + digit;
    rest = value - digit * 1e9;
  }
  const high = Math.floor(quotient / 0x1_0000_0000);
  const to = putUnsigned64(out, view, at, high, quotient - high * 0x1_0000_0000);
  return putNine(out, view, to, rest);
}

/** Decimal digits of the signed integer of two halves. */
export function putSigned64(out: Uint8Array, view: DataView, at: number, hi: number, lo: number): number {
  if (hi >= 0) return putUnsigned64(out, view, at, hi, lo);
  out[at] = 45;
  const low = -lo >>> 0;
  return putUnsigned64(out, view, at + 1, (~hi + (low === 0 ? 1 : 0)) >>> 0, low);
}

/** Upper-case hexadecimal digits of a number from 0 to 2^32 - 1. */
export function putHex(out: Uint8Array, _view: DataView, at: number, value: number): number {
  let shift = value === 0 ? 0 : (31 - Math.clz32(value)) & ~3;
  let to = at;
  for (; shift >= 0; shift -= 4) {
    const digit = (value >>> shift) & 15;
    out[to++] = digit < 10 ? 48 + digit : 55 + digit;
  }
  return to;
}

/** Upper-case hexadecimal digits of the unsigned integer of two halves. */
export function putHex64(out: Uint8Array, view: DataView, at: number, hi: number, lo: number): number {
  if (hi === 0) return putHex(out, view, at, lo);
  let to = putHex(out, view, at, hi >>> 0);
  for (let shift = 28; shift >= 0; shift -= 4) {
    const digit = (lo >>> shift) & 15;
    out[to++] = digit < 10 ? 48 + digit : 55 + digit;
  }
  return to;
}

/** ASCII text. */
export function putAscii(out: Uint8Array, at: number, text: string): number {
  for (let index = 0; index < text.length; index++) out[at + index] = text.charCodeAt(index);
  return at + text.length;
}

/** Octal digits of the unsigned integer of two halves. */
export function putOctal64(out: Uint8Array, _view: DataView, at: number, hi: number, lo: number): number {
  return putAscii(out, at, ((BigInt(hi >>> 0) << 32n) | BigInt(lo >>> 0)).toString(8));
}

/** The lowest `length` bits of two halves as binary digits. */
export function putBinary(
  out: Uint8Array,
  _view: DataView,
  at: number,
  hi: number,
  lo: number,
  length: number,
): number {
  let to = at;
  for (let bit = length - 1; bit >= 0; bit--) {
    out[to++] = 48 + (bit >= 32 ? (hi >>> (bit - 32)) & 1 : (lo >>> bit) & 1);
  }
  return to;
}

/** What must be done with a byte of a string: 0 as it is, 1 ends it, 2 escaped. */
export const escapes: Uint8Array = new Uint8Array(256);
for (let code = 0; code < 32; code++) escapes[code] = 2;
for (const code of [34, 39, 63, 92, 127]) escapes[code] = 2;
escapes[0] = 1;

const shortEscapes = new Map<number, string>([
  [7, '\\a'],
  [8, '\\b'],
  [9, '\\t'],
  [10, '\\n'],
  [11, '\\v'],
  [12, '\\f'],
  [13, '\\r'],
  [27, '\\e'],
  [34, '\\"'],
  [39, "\\'"],
  [63, '\\?'],
  [92, '\\\\'],
]);

/** A byte that `escapes` marks with 2, as babeltrace2 escapes it. */
export function putEscape(out: Uint8Array, at: number, code: number): number {
  return putAscii(out, at, shortEscapes.get(code) ?? `\\x${code.toString(16).padStart(2, '0')}`);
}

const labelTexts = new WeakMap<LabelTable, Map<number | bigint, Uint8Array>>();
const encoder = new TextEncoder();

function escapeText(text: string): Uint8Array {
  const bytes = encoder.encode(text);
  const out = new Uint8Array(bytes.length * 4);
  let at = 0;
  for (const code of bytes) {
    if (escapes[code] === 0) out[at++] = code;
    else at = putEscape(out, at, code);
  }
  return out.subarray(0, at);
}

/** The labels of an enumeration's value in quotes, or `<unknown>`. */
export function putLabels(
  out: Uint8Array,
  _view: DataView,
  at: number,
  table: LabelTable,
  value: number | bigint,
): number {
  return putLabelText(out, at, table, value, false);
}

/** As {@link putLabels}, but several labels in braces, as babeltrace2 prints them since it reads CTF 2. */
export function putBracedLabels(
  out: Uint8Array,
  _view: DataView,
  at: number,
  table: LabelTable,
  value: number | bigint,
): number {
  return putLabelText(out, at, table, value, true);
}

function putLabelText(
  out: Uint8Array,
  at: number,
  table: LabelTable,
  value: number | bigint,
  braces: boolean,
): number {
  let texts = labelTexts.get(table);
  if (texts === undefined) {
    texts = new Map();
    labelTexts.set(table, texts);
  }
  let text = texts.get(value);
  if (text === undefined) {
    const labels = table.labelsOf(value);
    const parts: number[] = [];
    for (const [index, label] of labels.entries()) {
      if (index > 0) parts.push(44, 32);
      parts.push(34, ...escapeText(label), 34);
    }
    if (braces && labels.length > 1) {
      parts.unshift(123, 32);
      parts.push(32, 125);
    }
    text = labels.length === 0 ? encoder.encode('<unknown>') : Uint8Array.from(parts);
    if (texts.size < 65_536) texts.set(value, text);
  }
  return putBytes(out, at, text, text.length);
}

/** Text in code units of 2 or 4 bytes, escaped and without quotes. */
export function putWideText(
  out: Uint8Array,
  at: number,
  bytes: Uint8Array,
  start: number,
  end: number,
  encoding: TextEncoding,
): number {
  const text = escapeText(decodeWideText(bytes, start, end, encoding));
  return putBytes(out, at, text, text.length);
}

/** The bytes of a BLOB: `{ 0a ff }`. */
export function putBlob(
  out: Uint8Array,
  at: number,
  bytes: Uint8Array,
  start: number,
  length: number,
): number {
  let to = putAscii(out, at, '{ ');
  for (let index = start; index < start + length; index++) {
    const byte = bytes[index]!;
    out[to++] = hexDigit(byte >>> 4);
    out[to++] = hexDigit(byte & 15);
    out[to++] = 32;
  }
  out[to++] = 125;
  return to;
}

function hexDigit(value: number): number {
  return value < 10 ? 48 + value : 87 + value;
}

/** Order of C strings: by bytes of UTF-8. */
function compareBytes(left: string, right: string): number {
  const a = encoder.encode(left);
  const b = encoder.encode(right);
  for (let index = 0; index < a.length && index < b.length; index++) {
    if (a[index] !== b[index]) return a[index]! - b[index]!;
  }
  return a.length - b.length;
}

/** A bit map: its value in hexadecimal, then the flags that are set, in alphabetical order: `0x3 { "A", "B" }`. */
export function putFlags(
  out: Uint8Array,
  view: DataView,
  at: number,
  flags: readonly Mapping[],
  hi: number,
  lo: number,
): number {
  let to = putHex64(out, view, putAscii(out, at, '0x'), hi >>> 0, lo >>> 0);
  const value = (BigInt(hi >>> 0) << 32n) | BigInt(lo >>> 0);
  const active = [...flagsOf(flags, value)].sort(compareBytes);
  if (active.length === 0) return to;
  to = putAscii(out, to, ' { ');
  for (const [index, name] of active.entries()) {
    const text = escapeText(name);
    to = putAscii(out, to, index === 0 ? '"' : ', "');
    to = putBytes(out, to, text, text.length);
    to = putAscii(out, to, '"');
  }
  return putAscii(out, to, ' }');
}

/** The labels of an enumeration's value, each in colour; in braces if there are several and `braces` says so. */
export function putColoredLabels(
  out: Uint8Array,
  at: number,
  table: LabelTable,
  value: number | bigint,
  colors: Colors,
  braces: boolean,
): number {
  const { bold, brightRed, reset } = colors;
  const labels = table.labelsOf(value);
  if (labels.length === 0) return putAscii(out, at, `${bold}${brightRed}<unknown>${reset}`);
  const several = braces && labels.length > 1;
  let to = several ? putAscii(out, at, '{ ') : at;
  for (const [index, label] of labels.entries()) {
    to = putAscii(out, to, `${index === 0 ? '' : ', '}${bold}"`);
    const text = escapeText(label);
    to = putAscii(out, putBytes(out, to, text, text.length), `"${reset}`);
  }
  return several ? putAscii(out, to, ' }') : to;
}
