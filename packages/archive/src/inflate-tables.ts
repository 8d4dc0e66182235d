/** Tables of the codes of a deflate stream (RFC 1951, 3.2). */

/**
 * A code. Cells say what a word stands for: how many bits it has (bits 0–3), how many follow it (4–7), what it is (8–9,
 * {@link literalKind} …), and a number (16–31): a literal, or what the bits that follow are added to.
 */
export interface DeflateCode {
  /** By the next {@link quickBits} bits; 0 where the word is longer. */
  readonly quick: Int32Array;
  /** How many words there are of each length. */
  readonly counts: Uint16Array;
  /** Cells by word, shorter ones first. */
  readonly sorted: Int32Array;
}

export const quickBits = 10;
const mostBits = 15;

export const literalKind = 0;
export const copyKind = 1;
export const endKind = 2;
/** What no stream may have. */
const noKind = 3;

const cellOf = (kind: number, value: number, extraBits = 0): number =>
  (value << 16) | (kind << 8) | (extraBits << 4);

/** Cells of lengths of copies (from symbol 257 on) or distances: each begins where the one before ends. */
function copyCells(extraBits: readonly number[], first: number): readonly number[] {
  let base = first;
  return extraBits.map((bits) => {
    const cell = cellOf(copyKind, base, bits);
    base += 1 << bits;
    return cell;
  });
}

const lengthBits = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5];
const distanceBits = [
  0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13,
];
const none = cellOf(noKind, 0);

/** Of the symbols of literals and lengths. The last length stands for itself, though the one before reaches it. */
export const literalSymbols: Int32Array = Int32Array.from([
  ...Array.from({ length: 256 }, (_, byte) => cellOf(literalKind, byte)),
  cellOf(endKind, 0),
  ...copyCells(lengthBits, 3),
  cellOf(copyKind, 258),
  none,
  none,
]);
/** Of the symbols of distances. */
export const distanceSymbols: Int32Array = Int32Array.from([...copyCells(distanceBits, 1), none, none]);
/** Of the symbols of the code in which other codes are described: plain numbers. */
export const plainSymbols: Int32Array = Int32Array.from({ length: 19 }, (_, symbol) =>
  cellOf(literalKind, symbol),
);

/** Whether lengths of words make no code: more words than fit, or, but for a single one of one bit, fewer. */
function isNoCode(counts: Uint16Array, mayBePart: boolean): boolean {
  let left = 1;
  let words = 0;
  for (let bits = 1; bits <= mostBits; bits++) {
    left = 2 * left - counts[bits]!;
    words += counts[bits]!;
    if (left < 0) return true;
  }
  return left > 0 && !(mayBePart && (words === 0 || (words === 1 && counts[1] === 1)));
}

/**
 * Makes a code.
 * @param lengths of the words of the symbols; 0 for those that do not come.
 * @param mayBePart whether it may have no word, or one of one bit alone.
 * @returns undefined where the lengths make no code.
 */
export function makeDeflateCode(
  symbols: Int32Array,
  lengths: Uint8Array,
  mayBePart: boolean,
): DeflateCode | undefined {
  const counts = new Uint16Array(mostBits + 1);
  for (const length of lengths) counts[length]! += 1;
  counts[0] = 0;
  if (isNoCode(counts, mayBePart)) return undefined;
  /** Of the words of a length: the next one, and where it is among the sorted. */
  const words = new Uint16Array(mostBits + 1);
  const places = new Uint16Array(mostBits + 1);
  for (let bits = 1; bits < mostBits; bits++) {
    words[bits + 1] = (words[bits]! + counts[bits]!) << 1;
    places[bits + 1] = places[bits]! + counts[bits]!;
  }
  const sorted = new Int32Array(places[mostBits]! + counts[mostBits]!);
  const quick = new Int32Array(1 << quickBits);
  for (let symbol = 0; symbol < lengths.length; symbol++) {
    const length = lengths[symbol]!;
    if (length === 0) continue;
    const cell = symbols[symbol]! | length;
    sorted[places[length]!++] = cell;
    let word = words[length]!++;
    if (length > quickBits) continue;
    // Words are read from their first bit on, which is the lowest of what is read.
    let turned = 0;
    for (let bit = 0; bit < length; bit++) {
      turned = (turned << 1) | (word & 1);
      word >>= 1;
    }
    for (let at = turned; at < quick.length; at += 1 << length) quick[at] = cell;
  }
  return { quick, counts, sorted };
}

/** Looks a word up that is longer than {@link quickBits}, or is none. @param bits of which 15 count. @returns 0 for none. */
export function longCell({ counts, sorted }: DeflateCode, bits: number): number {
  let word = 0;
  let first = 0;
  let place = 0;
  for (let length = 1; length <= mostBits; length++) {
    word |= (bits >> (length - 1)) & 1;
    const count = counts[length]!;
    if (word - first < count) return sorted[place + word - first]!;
    place += count;
    first = (first + count) << 1;
    word <<= 1;
  }
  return 0;
}

let fixed: readonly [DeflateCode, DeflateCode] | undefined;

/** The codes of blocks that do not describe any: of literals and lengths, and of distances. */
export function fixedCodes(): readonly [DeflateCode, DeflateCode] {
  if (fixed !== undefined) return fixed;
  const lengths = new Uint8Array(288).fill(8).fill(9, 144, 256).fill(7, 256, 280);
  fixed = [
    makeDeflateCode(literalSymbols, lengths, false)!,
    makeDeflateCode(distanceSymbols, new Uint8Array(32).fill(5), false)!,
  ];
  return fixed;
}
