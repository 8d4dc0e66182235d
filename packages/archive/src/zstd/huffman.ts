/** Huffman codes of literals (RFC 8878, 4.2). */
import { beginBackwards, bitsBelow, ZstdDamage, type PackedBlock } from './bits.ts';
import { readFseTable } from './fse.ts';

const mostBits = 11;
const mostWeights = 255;

/** Symbols by the next `log` bits: the symbol (bits 0–7), how many bits it takes (8–15). */
export interface HuffmanTable {
  readonly cells: Uint16Array;
  readonly log: number;
}

/** Weights that are packed themselves: two states take turns until there are no bits left. */
function readPackedWeights(block: PackedBlock, start: number, end: number, weights: Uint8Array): number {
  const { table, next } = readFseTable(block, start, end, 6, mostBits);
  const { cells, log } = table;
  const { view } = block;
  const startBit = next * 8;
  let at = beginBackwards(block.bytes, next, end);
  const take = (count: number): number => {
    const value = bitsBelow(view, at, count, startBit);
    at -= count;
    return value;
  };
  let state = take(log);
  let other = take(log);
  if (at < startBit) throw new ZstdDamage('the weights of a Huffman code are cut short');
  // Of two states that take no bits there is no end but this.
  for (let count = 0; count < mostWeights - 1;) {
    const cell = cells[state]!;
    weights[count++] = cell & 0xff;
    state = other;
    other = (cell >>> 16) + take((cell >>> 8) & 0xff);
    if (at >= startBit) continue;
    weights[count++] = cells[state]! & 0xff;
    return count;
  }
  throw new ZstdDamage('a Huffman code has more than 256 symbols');
}

/**
 * Reads the description of a code.
 * @returns the table, and where what is behind it begins.
 */
export function readHuffmanTable(
  block: PackedBlock,
  start: number,
  end: number,
): { readonly table: HuffmanTable; readonly next: number } {
  const { bytes } = block;
  if (start >= end) throw new ZstdDamage('a Huffman code is cut short');
  const head = bytes[start]!;
  const isPacked = head < 128;
  let count = head - 127;
  const next = start + 1 + (isPacked ? head : (count + 1) >> 1);
  if (next > end) throw new ZstdDamage('a Huffman code is cut short');
  const weights = new Uint8Array(mostWeights + 1);
  if (isPacked) {
    count = readPackedWeights(block, start + 1, next, weights);
  } else {
    for (let index = 0; index < count; index++) {
      const pair = bytes[start + 1 + (index >> 1)]!;
      weights[index] = (index & 1) === 0 ? pair >> 4 : pair & 15;
    }
  }
  return { table: makeHuffmanTable(weights, count), next };
}

/** @param weights of all symbols but the last, whose weight is what lacks of the whole. It is put behind them. */
function makeHuffmanTable(weights: Uint8Array, count: number): HuffmanTable {
  /** Cells by weight, then where those of a weight begin. */
  const places = new Int32Array(mostBits + 2);
  let sum = 0;
  for (let symbol = 0; symbol < count; symbol++) {
    const weight = weights[symbol]!;
    if (weight > mostBits) throw new ZstdDamage(`a Huffman code has words of more than ${mostBits} bits`);
    if (weight > 0) sum += 1 << (weight - 1);
  }
  const log = 32 - Math.clz32(sum);
  const lacking = (1 << log) - sum;
  if (sum === 0 || log > mostBits || (lacking & (lacking - 1)) !== 0) {
    throw new ZstdDamage('the weights of a Huffman code do not make a whole');
  }
  weights[count] = 32 - Math.clz32(lacking);
  let shortest = 0;
  for (let symbol = 0; symbol <= count; symbol++) {
    const weight = weights[symbol]!;
    if (weight === 1) shortest += 1;
    if (weight > 0) places[weight + 1]! += 1 << (weight - 1);
  }
  if (shortest < 2) throw new ZstdDamage('a Huffman code has words that are longer than they need to be');
  for (let weight = 2; weight < places.length; weight++) places[weight]! += places[weight - 1]!;
  const cells = new Uint16Array(1 << log);
  for (let symbol = 0; symbol <= count; symbol++) {
    const weight = weights[symbol]!;
    if (weight === 0) continue;
    const place = places[weight]!;
    const end = place + (1 << (weight - 1));
    cells.fill(symbol | ((log + 1 - weight) << 8), place, end);
    places[weight] = end;
  }
  return { cells, log };
}

/** Unpacks the symbols of one stream from bit `at` on, backwards; it must have so many and no more. */
function unpackRest(
  { view }: PackedBlock,
  { cells, log }: HuffmanTable,
  startBit: number,
  from: number,
  into: Uint8Array,
  begin: number,
  end: number,
): void {
  let at = from;
  let to = begin;
  const mask = (1 << log) - 1;
  const first = startBit + log;
  for (; to < end && at >= first; to++) {
    const low = at - log;
    const cell = cells[(view.getInt32(low >> 3, true) >>> (low & 7)) & mask]!;
    into[to] = cell;
    at -= cell >> 8;
  }
  for (; to < end; to++) {
    const cell = cells[bitsBelow(view, at, log, startBit)]!;
    into[to] = cell;
    at -= cell >> 8;
  }
  if (at !== startBit) throw new ZstdDamage('a stream of literals does not end where it should');
}

/** Unpacks one stream of literals. */
export function unpackStream(
  block: PackedBlock,
  table: HuffmanTable,
  start: number,
  end: number,
  into: Uint8Array,
  count: number,
): void {
  unpackRest(block, table, start * 8, beginBackwards(block.bytes, start, end), into, 0, count);
}

/**
 * Unpacks literals of four streams, each but the last of a quarter of them; the lengths of the first three stand before
 * them. The streams are read side by side (`bench/unpack.ts`).
 */
export function unpackFourStreams(
  block: PackedBlock,
  table: HuffmanTable,
  start: number,
  end: number,
  into: Uint8Array,
  count: number,
): void {
  const { bytes, view } = block;
  if (end - start < 10 || count < 6) throw new ZstdDamage('four streams of literals are too short');
  const start1 = start + 6;
  const start2 = start1 + view.getUint16(start, true);
  const start3 = start2 + view.getUint16(start + 2, true);
  const start4 = start3 + view.getUint16(start + 4, true);
  if (start4 >= end) throw new ZstdDamage('four streams of literals are cut short');
  const quarter = (count + 3) >> 2;
  let at1 = beginBackwards(bytes, start1, start2);
  let at2 = beginBackwards(bytes, start2, start3);
  let at3 = beginBackwards(bytes, start3, start4);
  let at4 = beginBackwards(bytes, start4, end);
  const { cells, log } = table;
  const mask = (1 << log) - 1;
  // Two symbols by one word, for as long as none of the streams comes near its end.
  const both = 2 * log;
  const lowest1 = start1 * 8 + both;
  const lowest2 = start2 * 8 + both;
  const lowest3 = start3 * 8 + both;
  const lowest4 = start4 * 8 + both;
  const pairs = (count - 3 * quarter) & ~1;
  let to = 0;
  while (to < pairs && at1 >= lowest1 && at2 >= lowest2 && at3 >= lowest3 && at4 >= lowest4) {
    let low = at1 - both;
    const word1 = view.getInt32(low >> 3, true) >>> (low & 7);
    low = at2 - both;
    const word2 = view.getInt32(low >> 3, true) >>> (low & 7);
    low = at3 - both;
    const word3 = view.getInt32(low >> 3, true) >>> (low & 7);
    low = at4 - both;
    const word4 = view.getInt32(low >> 3, true) >>> (low & 7);
    const first1 = cells[(word1 >>> log) & mask]!;
    const first2 = cells[(word2 >>> log) & mask]!;
    const first3 = cells[(word3 >>> log) & mask]!;
    const first4 = cells[(word4 >>> log) & mask]!;
    const second1 = cells[(word1 >>> (log - (first1 >> 8))) & mask]!;
    const second2 = cells[(word2 >>> (log - (first2 >> 8))) & mask]!;
    const second3 = cells[(word3 >>> (log - (first3 >> 8))) & mask]!;
    const second4 = cells[(word4 >>> (log - (first4 >> 8))) & mask]!;
    into[to] = first1;
    into[to + 1] = second1;
    into[to + quarter] = first2;
    into[to + quarter + 1] = second2;
    into[to + 2 * quarter] = first3;
    into[to + 2 * quarter + 1] = second3;
    into[to + 3 * quarter] = first4;
    into[to + 3 * quarter + 1] = second4;
    at1 -= (first1 >> 8) + (second1 >> 8);
    at2 -= (first2 >> 8) + (second2 >> 8);
    at3 -= (first3 >> 8) + (second3 >> 8);
    at4 -= (first4 >> 8) + (second4 >> 8);
    to += 2;
  }
  unpackRest(block, table, start1 * 8, at1, into, to, quarter);
  unpackRest(block, table, start2 * 8, at2, into, quarter + to, 2 * quarter);
  unpackRest(block, table, start3 * 8, at3, into, 2 * quarter + to, 3 * quarter);
  unpackRest(block, table, start4 * 8, at4, into, 3 * quarter + to, count);
}
