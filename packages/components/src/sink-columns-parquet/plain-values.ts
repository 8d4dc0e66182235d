/** Values of a leaf as the bytes of a page, and the least and greatest of them. */
import { BytesColumn, NumberColumn, WideColumn } from '../columns/column.ts';
import type { Leaf } from './parquet-schema.ts';

/** The least and greatest value of a page, where readers may make use of it. */
export interface Extremes {
  readonly min_value: number | bigint;
  readonly max_value: number | bigint;
}

/** Values in the PLAIN encoding: as they lie in memory, bits for booleans, length and bytes for texts. */
export function plainBytes(column: Leaf['column'], present: Int32Array | undefined): Uint8Array {
  if (column instanceof BytesColumn) return plainTexts(column, present);
  if (column instanceof WideColumn) return plainWide(column, present);
  const { values, length, kind } = column;
  const count = present?.length ?? length;
  if (kind === 'boolean') {
    const bits = new Uint8Array(Math.ceil(count / 8));
    for (let at = 0; at < count; at++) {
      if (values[present === undefined ? at : present[at]!] !== 0) bits[at >> 3]! |= 1 << (at & 7);
    }
    return bits;
  }
  // Integers of fewer than 32 bits are widened; the sign comes along, and unsigned ones wrap as they should.
  const wide =
    kind === 'f32'
      ? new Float32Array(count)
      : kind === 'f64'
        ? new Float64Array(count)
        : new Int32Array(count);
  if (present === undefined) wide.set(values.subarray(0, count));
  else for (let at = 0; at < count; at++) wide[at] = values[present[at]!]!;
  return new Uint8Array(wide.buffer);
}

function plainWide({ words, length }: WideColumn, present: Int32Array | undefined): Uint8Array {
  if (present === undefined) return new Uint8Array(words.buffer, words.byteOffset, length * 8);
  const kept = new Int32Array(present.length * 2);
  for (let at = 0; at < present.length; at++) {
    kept[at * 2] = words[present[at]! * 2]!;
    kept[at * 2 + 1] = words[present[at]! * 2 + 1]!;
  }
  return new Uint8Array(kept.buffer);
}

function plainTexts({ offsets, data, length }: BytesColumn, present: Int32Array | undefined): Uint8Array {
  const count = present?.length ?? length;
  let size = count * 4;
  for (let at = 0; at < count; at++) {
    const row = present === undefined ? at : present[at]!;
    size += offsets[row + 1]! - offsets[row]!;
  }
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  let to = 0;
  for (let at = 0; at < count; at++) {
    const row = present === undefined ? at : present[at]!;
    const from = offsets[row]!;
    const end = offsets[row + 1]!;
    view.setUint32(to, end - from, true);
    to += 4;
    for (let index = from; index < end; index++) bytes[to++] = data[index]!;
  }
  return bytes;
}

/** Extremes of numbers; texts and booleans have none here, and a NaN is no number. */
export function extremesOf(
  column: Leaf['column'],
  present: Int32Array | undefined,
): Extremes | Record<string, never> {
  const count = present?.length ?? column.length;
  if (count === 0) return {};
  if (column instanceof WideColumn) {
    const signed = column.kind !== 'u64';
    let least = present === undefined ? 0 : present[0]!;
    let greatest = least;
    for (let at = 1; at < count; at++) {
      const row = present === undefined ? at : present[at]!;
      if (isLess(column.words, row, least, signed)) least = row;
      else if (isLess(column.words, greatest, row, signed)) greatest = row;
    }
    return { min_value: wideAt(column, least), max_value: wideAt(column, greatest) };
  }
  if (!(column instanceof NumberColumn) || column.kind === 'boolean' || column.kind === 'code') return {};
  let least = Infinity;
  let greatest = -Infinity;
  for (let at = 0; at < count; at++) {
    const value = column.values[present === undefined ? at : present[at]!]!;
    if (value < least) least = value;
    if (value > greatest) greatest = value;
  }
  if (least > greatest) return {};
  // Zeros of both signs are equal: the interval has both.
  if (column.kind === 'f32' || column.kind === 'f64') {
    return { min_value: least === 0 ? -0 : least, max_value: greatest === 0 ? 0 : greatest };
  }
  // As the 32 bits that are stored: the library's form of unsigned ones.
  return { min_value: least | 0, max_value: greatest | 0 };
}

function isLess(words: Int32Array, left: number, right: number, signed: boolean): boolean {
  const leftHi = words[left * 2 + 1]!;
  const rightHi = words[right * 2 + 1]!;
  if (leftHi !== rightHi) return signed ? leftHi < rightHi : leftHi >>> 0 < rightHi >>> 0;
  return words[left * 2]! >>> 0 < words[right * 2]! >>> 0;
}

function wideAt({ words, kind }: WideColumn, row: number): bigint {
  const value = (BigInt(words[row * 2 + 1]!) << 32n) | BigInt(words[row * 2]! >>> 0);
  return kind === 'u64' ? BigInt.asUintN(64, value) : value;
}
