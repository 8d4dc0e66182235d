/** Properties that several field classes of CTF 2 have. */
import { defaultMediaType, encodings } from './ctf2-names.ts';
import type { JsonObjectReader } from './json-object-reader.ts';
import type { ByteOrder, FixedLengthBits, Mapping, TextEncoding } from './model.ts';

const largestAlignment = 2 ** 30;

/** An alignment in bits: a power of two, 1 where it is not there. */
export function alignmentProperty(reader: JsonObjectReader, key: string): number {
  const value = reader.unsigned(key) ?? 1n;
  if (value === 0n || (value & (value - 1n)) !== 0n || value > BigInt(largestAlignment)) {
    reader.place.fail(reader.required(key), `${value} is no power of two from 1 to ${largestAlignment}`);
  }
  return Number(value);
}

/** The properties that all field classes of fixed length have. */
export function fixedLengthProperties(reader: JsonObjectReader, mostBits = 64): FixedLengthBits {
  const lengthBits = reader.count('length', 1, mostBits);
  reader.required('byte-order');
  const byteOrder: ByteOrder =
    reader.word('byte-order', ['little-endian', 'big-endian']) === 'big-endian' ? 'be' : 'le';
  const bitOrder = reader.word('bit-order', ['first-to-last', 'last-to-first']);
  const natural = byteOrder === 'le' ? 'first-to-last' : 'last-to-first';
  return {
    lengthBits,
    byteOrder,
    alignmentBits: alignmentProperty(reader, 'alignment'),
    ...(bitOrder === undefined || bitOrder === natural ? {} : { reversed: true }),
  };
}

/** Labels or flags with their ranges. */
export function mappingsProperty(reader: JsonObjectReader, key: string, signed: boolean): readonly Mapping[] {
  return Array.from(reader.object(key)?.members ?? [], ([label, json]) => {
    const ranges = reader.ranges(json);
    const least = signed ? -(1n << 63n) : 0n;
    const most = signed ? (1n << 63n) - 1n : (1n << 64n) - 1n;
    if (ranges.some(({ lower, upper }) => lower < least || upper > most)) {
      reader.place.fail(
        json,
        `a range goes beyond what ${signed ? 'a signed' : 'an unsigned'} integer can hold`,
      );
    }
    return { label, ranges };
  });
}

/** The flags of a bit map, of which there must be one. */
export function flagsProperty(reader: JsonObjectReader): readonly Mapping[] {
  const json = reader.required('flags');
  const flags = mappingsProperty(reader, 'flags', false);
  if (flags.length === 0) reader.place.fail(json, 'a bit map needs at least one flag');
  return flags;
}

/** The encoding of a text. */
export function encodingProperty(reader: JsonObjectReader): TextEncoding {
  return reader.word('encoding', encodings) ?? 'utf-8';
}

/** What a BLOB is. */
export function mediaTypeProperty(reader: JsonObjectReader): string {
  return reader.text('media-type') ?? defaultMediaType;
}
