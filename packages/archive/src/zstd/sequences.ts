/** The sequences of a block (RFC 8878, 3.1.1.3.2 and 3.1.1.4): literals, then bytes that were there before. */
import { beginBackwards, ZstdDamage, type PackedBlock } from './bits.ts';
import { makeFseTable, readFseTable, singleSymbolTable, type FseTable } from './fse.ts';
import type { LiteralsReader } from './literals.ts';

/** A kind of number of a sequence. */
interface Field {
  readonly mostLog: number;
  readonly lastSymbol: number;
  /** Of the table that needs no description. */
  readonly log: number;
  readonly counts: readonly number[];
}

const literalLengths: Field = {
  mostLog: 9,
  lastSymbol: 35,
  log: 6,
  counts: [
    4, 3, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3, 2, 1, 1, 1, 1, 1, -1, -1,
    -1, -1,
  ],
};
const offsets: Field = {
  mostLog: 8,
  lastSymbol: 31,
  log: 5,
  counts: [1, 1, 1, 1, 1, 1, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1],
};
const matchLengths: Field = {
  mostLog: 9,
  lastSymbol: 52,
  log: 6,
  counts: [
    1, 4, 3, 2, 2, 2, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
    1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1, -1, -1,
  ],
};
const fields = [literalLengths, offsets, matchLengths] as const;
const [literalLength, offset, matchLength] = [0, 1, 2] as const;

/** Bits that follow a symbol of a length; none follow the first 16, or 32. */
const literalExtraBits = new Uint8Array(36);
literalExtraBits.set([1, 1, 1, 1, 2, 2, 3, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16], 16);
const matchExtraBits = new Uint8Array(53);
matchExtraBits.set([1, 1, 1, 1, 2, 2, 3, 3, 4, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16], 32);

/** What those bits are added to: each symbol begins where the one before ends. */
function basesOf(extraBits: Uint8Array, first: number): Int32Array {
  const bases = new Int32Array(extraBits.length);
  let base = first;
  for (const [symbol, bits] of extraBits.entries()) {
    bases[symbol] = base;
    base += 1 << bits;
  }
  return bases;
}
const literalBases = basesOf(literalExtraBits, 0);
const matchBases = basesOf(matchExtraBits, 3);

/** Offsets of more bits are beyond every window. */
const mostOffsetBits = 27;
/** Copies up to this length are made by words of four bytes; longer ones by the engine's own, which take long to begin. */
const mostByWords = 96;

/** Where blocks are unpacked to: what is before `position` can be copied from there. */
export interface Output {
  readonly bytes: Uint8Array;
  /** Of the same bytes. */
  readonly view: DataView;
  /** Where the next byte comes. */
  position: number;
}

/** Copies `length` bytes within the output; they may overlap, and then repeat themselves. */
function copyMatch({ bytes, view }: Output, to: number, distance: number, length: number): void {
  const end = to + length;
  if (length > mostByWords && distance >= length) {
    bytes.copyWithin(to, to - distance, end - distance);
  } else if (distance >= 4) {
    for (let at = to; at < end; at += 4) view.setInt32(at, view.getInt32(at - distance, true), true);
  } else if (distance === 1) {
    bytes.fill(bytes[to - 1]!, to, end);
  } else {
    for (let at = to; at < end; at++) bytes[at] = bytes[at - distance]!;
  }
}

/** Makes the blocks of a frame of their literals and sequences, one after the other. */
export class SequencesReader {
  private readonly usual: (FseTable | undefined)[] = [undefined, undefined, undefined];
  private tables: (FseTable | undefined)[] = [undefined, undefined, undefined];
  /** The last three offsets. */
  private recent1 = 1;
  private recent2 = 4;
  private recent3 = 8;

  /** A new frame begins: nothing of the one before is used again. */
  reset(): void {
    this.tables = [undefined, undefined, undefined];
    this.recent1 = 1;
    this.recent2 = 4;
    this.recent3 = 8;
  }

  /** The table of a field, as the section says. @returns where what is behind its description begins. */
  private readTable(block: PackedBlock, at: number, end: number, field: 0 | 1 | 2, mode: number): number {
    const { mostLog, lastSymbol, log, counts } = fields[field];
    if (mode === 0) {
      this.tables[field] = this.usual[field] ??= makeFseTable(counts, counts.length, log);
      return at;
    }
    if (mode === 1) {
      if (at >= end) throw new ZstdDamage('the tables of sequences are cut short');
      const symbol = block.bytes[at]!;
      if (symbol > lastSymbol) throw new ZstdDamage('a table has symbols that are none');
      this.tables[field] = singleSymbolTable(symbol);
      return at + 1;
    }
    if (mode === 2) {
      const { table, next } = readFseTable(block, at, end, mostLog, lastSymbol);
      this.tables[field] = table;
      return next;
    }
    if (this.tables[field] === undefined) {
      throw new ZstdDamage('sequences use the table of a block before, and none has one');
    }
    return at;
  }

  /**
   * Reads the section from `start` to `end` and makes the block.
   * @param mostBytes that the block may come to; the output has room for them.
   * @param windowBytes how far back offsets may lead.
   */
  read(
    block: PackedBlock,
    start: number,
    end: number,
    literals: LiteralsReader,
    output: Output,
    mostBytes: number,
    windowBytes: number,
  ): void {
    const { bytes } = block;
    const cut = 'the sequences are cut short';
    let at = start + 1;
    if (at > end) throw new ZstdDamage(cut);
    let count = bytes[start]!;
    if (count >= 128) {
      at += count === 255 ? 2 : 1;
      if (at > end) throw new ZstdDamage(cut);
      count =
        count === 255
          ? bytes[start + 1]! + (bytes[start + 2]! << 8) + 0x7f00
          : ((count - 128) << 8) + bytes[start + 1]!;
    }
    let used = 0;
    if (count === 0) {
      if (at !== end) throw new ZstdDamage('there are bytes behind the end of a block');
    } else {
      if (at >= end) throw new ZstdDamage(cut);
      const modes = bytes[at]!;
      if ((modes & 3) !== 0) throw new ZstdDamage('a reserved bit of the sequences is set');
      at = this.readTable(block, at + 1, end, literalLength, modes >> 6);
      at = this.readTable(block, at, end, offset, (modes >> 4) & 3);
      at = this.readTable(block, at, end, matchLength, (modes >> 2) & 3);
      used = this.execute(block, at, end, count, literals, output, mostBytes, windowBytes);
    }
    const rest = literals.count - used;
    const from = literals.start + used;
    output.bytes.set(literals.held.bytes.subarray(from, from + rest), output.position);
    output.position += rest;
  }

  /**
   * The hot loop (`bench/unpack.ts`). @returns how many literals were taken.
   * Each sequence is checked before anything of it is copied: lengths against what is there and what there is room for,
   * the offset against the window.
   */
  private execute(
    { bytes, view }: PackedBlock,
    start: number,
    end: number,
    count: number,
    literals: LiteralsReader,
    output: Output,
    mostBytes: number,
    windowBytes: number,
  ): number {
    const { cells: literalCells, log: literalLog } = this.tables[literalLength]!;
    const { cells: offsetCells, log: offsetLog } = this.tables[offset]!;
    const { cells: matchCells, log: matchLog } = this.tables[matchLength]!;
    const { bytes: literalBytes, view: literalView } = literals.held;
    const literalsEnd = literals.start + literals.count;
    const startBit = start * 8;
    let at = beginBackwards(bytes, start, end) - literalLog - offsetLog - matchLog;
    if (at < startBit) throw new ZstdDamage('a stream of sequences is cut short');
    const low = at + matchLog;
    let matchState = (view.getInt32(at >> 3, true) >>> (at & 7)) & ((1 << matchLog) - 1);
    let offsetState = (view.getInt32(low >> 3, true) >>> (low & 7)) & ((1 << offsetLog) - 1);
    const high = low + offsetLog;
    let literalState = (view.getInt32(high >> 3, true) >>> (high & 7)) & ((1 << literalLog) - 1);
    const { bytes: into, view: intoView } = output;
    let { recent1, recent2, recent3 } = this;
    let from = literals.start;
    let to = output.position;
    /** Room of the block that neither the sequences so far nor literals have. */
    let room = mostBytes - literals.count;
    for (let left = count; ; left--) {
      const literalCell = literalCells[literalState]!;
      const offsetCell = offsetCells[offsetState]!;
      const matchCell = matchCells[matchState]!;
      const offsetBits = offsetCell & 0xff;
      if (offsetBits > mostOffsetBits) throw new ZstdDamage('an offset leads beyond the window');
      at -= offsetBits;
      let distance =
        (1 << offsetBits) + ((view.getInt32(at >> 3, true) >>> (at & 7)) & ((1 << offsetBits) - 1));
      if (offsetBits > 25) {
        // A word has 25 bits at least, whatever bit it begins at.
        const middle = at + 16;
        distance =
          (1 << offsetBits) +
          (((view.getInt32(middle >> 3, true) >>> (middle & 7)) & ((1 << (offsetBits - 16)) - 1)) << 16) +
          ((view.getInt32(at >> 3, true) >>> (at & 7)) & 0xffff);
      }
      let bits = matchExtraBits[matchCell & 0xff]!;
      let length = matchBases[matchCell & 0xff]!;
      if (bits !== 0) {
        at -= bits;
        length += (view.getInt32(at >> 3, true) >>> (at & 7)) & ((1 << bits) - 1);
      }
      bits = literalExtraBits[literalCell & 0xff]!;
      let literalCount = literalBases[literalCell & 0xff]!;
      if (bits !== 0) {
        at -= bits;
        literalCount += (view.getInt32(at >> 3, true) >>> (at & 7)) & ((1 << bits) - 1);
      }
      if (distance > 3) {
        distance -= 3;
        recent3 = recent2;
        recent2 = recent1;
        recent1 = distance;
      } else {
        if (literalCount === 0) distance += 1;
        if (distance === 1) {
          distance = recent1;
        } else {
          const again = distance === 2 ? recent2 : distance === 3 ? recent3 : recent1 - 1;
          if (distance !== 2) recent3 = recent2;
          recent2 = recent1;
          recent1 = again;
          distance = again;
        }
      }
      room -= length;
      if (literalCount > literalsEnd - from || room < 0) {
        throw new ZstdDamage('a sequence is longer than what there is');
      }
      const match = to + literalCount;
      if (distance > windowBytes || distance > match || distance === 0) {
        throw new ZstdDamage('an offset leads beyond the window');
      }
      if (literalCount <= mostByWords) {
        for (let done = 0; done < literalCount; done += 4) {
          intoView.setInt32(to + done, literalView.getInt32(from + done, true), true);
        }
      } else {
        into.set(literalBytes.subarray(from, from + literalCount), to);
      }
      from += literalCount;
      to = match + length;
      copyMatch(output, match, distance, length);
      if (left === 1) break;
      bits = (literalCell >> 8) & 0xff;
      at -= bits;
      literalState = (literalCell >>> 16) + ((view.getInt32(at >> 3, true) >>> (at & 7)) & ((1 << bits) - 1));
      bits = (matchCell >> 8) & 0xff;
      at -= bits;
      matchState = (matchCell >>> 16) + ((view.getInt32(at >> 3, true) >>> (at & 7)) & ((1 << bits) - 1));
      bits = (offsetCell >> 8) & 0xff;
      at -= bits;
      offsetState = (offsetCell >>> 16) + ((view.getInt32(at >> 3, true) >>> (at & 7)) & ((1 << bits) - 1));
      if (at < startBit) throw new ZstdDamage('a stream of sequences is cut short');
    }
    if (at !== startBit) throw new ZstdDamage('a stream of sequences does not end where it should');
    this.recent1 = recent1;
    this.recent2 = recent2;
    this.recent3 = recent3;
    output.position = to;
    return from - literals.start;
  }
}
