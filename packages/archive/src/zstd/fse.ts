/** Tables of finite state entropy (RFC 8878, 4.1). */
import { ZstdDamage, type PackedBlock } from './bits.ts';

/** What a state stands for and which come after it. */
export interface FseTable {
  /** By state: the symbol (bits 0–7), how many bits the next state takes (8–15), what they are added to (16–31). */
  readonly cells: Int32Array;
  /** Bits of the first state. */
  readonly log: number;
}

const mostSymbols = 256;

/**
 * Makes a table of how often symbols come.
 * @param counts of the symbols, which together are `2 ** log`; -1 is one that is rarer than that.
 */
export function makeFseTable(counts: ArrayLike<number>, symbolCount: number, log: number): FseTable {
  const size = 1 << log;
  const cells = new Int32Array(size);
  const next = new Uint16Array(symbolCount);
  let rare = size;
  for (let symbol = 0; symbol < symbolCount; symbol++) {
    const count = counts[symbol]!;
    if (count === -1) cells[--rare] = symbol;
    next[symbol] = count === -1 ? 1 : count;
  }
  const step = (size >> 1) + (size >> 3) + 3;
  let place = 0;
  for (let symbol = 0; symbol < symbolCount; symbol++) {
    for (let left = counts[symbol]!; left > 0; left--) {
      cells[place] = symbol;
      do place = (place + step) & (size - 1);
      while (place >= rare);
    }
  }
  for (let state = 0; state < size; state++) {
    const symbol = cells[state]!;
    const number = next[symbol]!;
    next[symbol] = number + 1;
    const bits = log - (31 - Math.clz32(number));
    cells[state] = symbol | (bits << 8) | (((number << bits) - size) << 16);
  }
  return { cells, log };
}

/** The table of a single symbol, which takes no bits. */
export function singleSymbolTable(symbol: number): FseTable {
  return { cells: Int32Array.of(symbol), log: 0 };
}

/**
 * Reads a table's description.
 * @param mostLog and `lastSymbol` are bounds of what the table is for.
 * @returns the table, and where what is behind it begins.
 */
export function readFseTable(
  { view }: PackedBlock,
  start: number,
  end: number,
  mostLog: number,
  lastSymbol: number,
): { readonly table: FseTable; readonly next: number } {
  // Nothing is read beyond this but to be refused.
  const endBit = end * 8;
  let at = start * 8;
  const peek = (count: number): number => {
    if (at >= endBit) throw new ZstdDamage('the description of a table is cut short');
    return (view.getInt32(at >> 3, true) >>> (at & 7)) & ((1 << count) - 1);
  };
  const log = peek(4) + 5;
  at += 4;
  if (log > mostLog) throw new ZstdDamage(`a table of 2^${log} states is too large`);
  const counts = new Int16Array(mostSymbols);
  let symbol = 0;
  for (let left = 1 << log; left > 0;) {
    if (symbol > lastSymbol) throw new ZstdDamage('a table has symbols that are none');
    // A value up to left + 1: the smaller ones are written with a bit less.
    const bits = 32 - Math.clz32(left + 1);
    const short = (1 << bits) - 2 - left;
    let value = peek(bits);
    const low = value & ((1 << (bits - 1)) - 1);
    if (low < short) {
      value = low;
      at += bits - 1;
    } else {
      if (value !== low) value -= short;
      at += bits;
    }
    const count = value - 1;
    counts[symbol++] = count;
    left -= Math.abs(count);
    if (count !== 0) continue;
    for (let repeat = 3; repeat === 3;) {
      repeat = peek(2);
      at += 2;
      symbol += repeat;
      if (symbol > lastSymbol + 1) throw new ZstdDamage('a table has symbols that are none');
    }
  }
  if (at > endBit) throw new ZstdDamage('the description of a table is cut short');
  return { table: makeFseTable(counts, symbol, log), next: (at + 7) >> 3 };
}
