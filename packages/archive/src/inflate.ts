/** Unpacks deflate streams (RFC 1951). */
import type { ByteSource } from '@spoor/ctf';
import {
  copyKind,
  distanceSymbols,
  endKind,
  fixedCodes,
  literalKind,
  literalSymbols,
  longCell,
  makeDeflateCode,
  plainSymbols,
  quickBits,
  type DeflateCode,
} from './inflate-tables.ts';
import { readInto } from './window-source.ts';

/** What is wrong with a stream. Who has the archive's name makes an error of the archive of it. */
export class DeflateDamage extends Error {
  /** Whether it ends before it should. */
  readonly isCut: boolean;

  constructor(message: string, isCut = false) {
    super(message);
    this.isCut = isCut;
  }
}

const inputBytes = 65_536;
/** Behind the input: a literal or a copy has 48 bits at most, and a word of four bytes is read at the last of them. */
const slackBytes = 16;
/** How far back copies may lead. */
const windowBytes = 32_768;
const outputBytes = 65_536;
const longestCopy = 258;
const quickMask = (1 << quickBits) - 1;
/** In what order the lengths of the code come in which the others are described. */
const lengthOrder = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15] as const;

/** Unpacks streams, one after the other, with buffers that all of them share. What it holds does not grow; sources must not change. */
export class Inflater {
  private readonly input = new Uint8Array(inputBytes + slackBytes);
  private readonly inputView = new DataView(this.input.buffer);
  /** The next bit, and where the bytes end that are there; in the input. */
  private at = 0;
  private endBit = 0;
  private source: ByteSource | undefined;
  /** Where the input ends, and where it may be read up to; in the source. */
  private sourceAt = 0;
  private sourceEnd = 0;

  /** The window, what is unpacked, and what copying by words writes too far. */
  private readonly output = new Uint8Array(windowBytes + outputBytes + longestCopy + slackBytes);
  private readonly outputView = new DataView(this.output.buffer);
  private to = 0;
  /** Where what was not handed over begins. */
  private from = 0;
  private take: (bytes: Uint8Array) => void = () => {};

  /**
   * Unpacks the stream at `start`, which is in the bytes up to `end`.
   * @param take is given its bytes in pieces; they are good until it returns.
   * @returns where what is behind the stream begins.
   * @throws DeflateDamage, and what `take` throws.
   */
  unpack(source: ByteSource, start: number, end: number, take: (bytes: Uint8Array) => void): number {
    const held = start - (this.sourceAt - (this.endBit >> 3));
    // Behind a small stream much of the input is that of the next ones.
    if (source === this.source && held >= 0 && start <= this.sourceAt && end >= this.sourceAt) {
      this.at = held * 8;
    } else {
      this.sourceAt = start;
      this.at = 0;
      this.endBit = 0;
    }
    this.source = source;
    this.sourceEnd = end;
    this.take = take;
    this.to = 0;
    this.from = 0;
    try {
      for (let isLast = false; !isLast;) {
        isLast = this.bits(1) === 1;
        const kind = this.bits(2);
        if (kind === 0) this.stored();
        else if (kind === 1) this.packed(...fixedCodes());
        else if (kind === 2) this.packed(...this.readCodes());
        else throw new DeflateDamage('a block is of no kind that there is');
      }
      this.flush();
    } catch (error) {
      this.source = undefined;
      throw error;
    } finally {
      this.take = () => {};
    }
    return this.sourceAt - ((this.endBit - this.at) >> 3);
  }

  /** Moves what is left of the input to its beginning and reads more behind it. Zeros are behind the end. */
  private refill(): void {
    const { input } = this;
    const from = this.at >> 3;
    const held = this.endBit >> 3;
    input.copyWithin(0, from, held);
    this.at &= 7;
    let end = held - from;
    const room = Math.min(inputBytes - end, this.sourceEnd - this.sourceAt);
    if (room > 0) {
      const count = readInto(this.source!, this.sourceAt, input.subarray(end, end + room));
      this.sourceAt += count;
      end += count;
      if (count < room) this.sourceEnd = this.sourceAt;
    }
    input.fill(0, end, end + slackBytes);
    this.endBit = end * 8;
  }

  /** The next bits, 16 at most. */
  private bits(count: number): number {
    if (this.at + count > this.endBit) {
      this.refill();
      if (this.at + count > this.endBit) throw new DeflateDamage('it ends too soon', true);
    }
    const value = (this.inputView.getInt32(this.at >> 3, true) >>> (this.at & 7)) & ((1 << count) - 1);
    this.at += count;
    return value;
  }

  /** Hands over what was unpacked, and makes room behind the window. */
  private flush(): void {
    const { output, from, to } = this;
    if (to > from) this.take(output.subarray(from, to));
    if (to > windowBytes) {
      output.copyWithin(0, to - windowBytes, to);
      this.to = windowBytes;
    }
    this.from = this.to;
  }

  private stored(): void {
    this.at = (this.at + 7) & ~7;
    const length = this.bits(16);
    if (this.bits(16) !== (length ^ 0xffff)) throw new DeflateDamage('the length of a plain block is wrong');
    for (let left = length; left > 0;) {
      if (this.at === this.endBit) {
        this.refill();
        if (this.at === this.endBit) throw new DeflateDamage('it ends too soon', true);
      }
      if (this.to >= windowBytes + outputBytes) this.flush();
      const begin = this.at >> 3;
      const count = Math.min(left, (this.endBit >> 3) - begin, windowBytes + outputBytes - this.to);
      this.output.set(this.input.subarray(begin, begin + count), this.to);
      this.to += count;
      this.at += count * 8;
      left -= count;
    }
  }

  /** A symbol of a code of few words. */
  private symbol(code: DeflateCode): number {
    if (this.at + 15 > this.endBit) this.refill();
    const word = this.inputView.getInt32(this.at >> 3, true) >>> (this.at & 7);
    const cell = code.quick[word & quickMask]!;
    this.at += cell & 15;
    if (this.at > this.endBit) throw new DeflateDamage('it ends too soon', true);
    return cell >>> 16;
  }

  /** Reads the codes that a block describes. */
  private readCodes(): readonly [DeflateCode, DeflateCode] {
    const literalCount = 257 + this.bits(5);
    const distanceCount = 1 + this.bits(5);
    const plainCount = 4 + this.bits(4);
    if (literalCount > 286 || distanceCount > 30) throw new DeflateDamage('a code has too many symbols');
    const plainLengths = new Uint8Array(19);
    for (let index = 0; index < plainCount; index++) plainLengths[lengthOrder[index]!] = this.bits(3);
    const plain = makeDeflateCode(plainSymbols, plainLengths, false);
    if (plain === undefined) throw new DeflateDamage('lengths make no code');
    const total = literalCount + distanceCount;
    const lengths = new Uint8Array(total);
    for (let index = 0; index < total;) {
      const symbol = this.symbol(plain);
      if (symbol < 16) {
        lengths[index++] = symbol;
        continue;
      }
      if (symbol === 16 && index === 0) throw new DeflateDamage('the first length of a code repeats one');
      const value = symbol === 16 ? lengths[index - 1]! : 0;
      const count = symbol === 16 ? 3 + this.bits(2) : symbol === 17 ? 3 + this.bits(3) : 11 + this.bits(7);
      if (index + count > total) throw new DeflateDamage('a code has too many symbols');
      lengths.fill(value, index, index + count);
      index += count;
    }
    if (lengths[256] === 0) throw new DeflateDamage('a block has no end');
    const literals = makeDeflateCode(literalSymbols, lengths.subarray(0, literalCount), true);
    const distances = makeDeflateCode(distanceSymbols, lengths.subarray(literalCount), true);
    if (literals === undefined || distances === undefined) throw new DeflateDamage('lengths make no code');
    return [literals, distances];
  }

  /** The hot loop (`bench/unpack.ts`): literals and copies up to the end of the block. */
  private packed(literals: DeflateCode, distances: DeflateCode): void {
    const { inputView, output, outputView } = this;
    const { quick: literalCells } = literals;
    const { quick: distanceCells } = distances;
    let { at, to } = this;
    /** From here on the input must be filled up, or is at its end. */
    let low = this.endBit - 8 * slackBytes;
    for (;;) {
      if (at >= low) {
        this.at = at;
        this.refill();
        ({ at } = this);
        if (at > this.endBit) throw new DeflateDamage('it ends too soon', true);
        low = this.sourceAt < this.sourceEnd ? this.endBit - 8 * slackBytes : this.endBit;
      }
      if (to >= windowBytes + outputBytes) {
        this.to = to;
        this.flush();
        ({ to } = this);
      }
      let word = inputView.getInt32(at >> 3, true) >>> (at & 7);
      let cell = literalCells[word & quickMask]!;
      if (cell === 0) cell = longCell(literals, word);
      let bits = cell & 15;
      at += bits;
      const kind = (cell >> 8) & 3;
      if (kind === literalKind && bits !== 0) {
        output[to++] = cell >> 16;
        continue;
      }
      if (kind !== copyKind) {
        if (kind !== endKind) throw new DeflateDamage('a word is in no code');
        break;
      }
      word >>>= bits;
      bits = (cell >> 4) & 15;
      at += bits;
      const length = (cell >> 16) + (word & ((1 << bits) - 1));
      word = inputView.getInt32(at >> 3, true) >>> (at & 7);
      cell = distanceCells[word & quickMask]!;
      if (cell === 0) cell = longCell(distances, word);
      if (((cell >> 8) & 3) !== copyKind) throw new DeflateDamage('a distance is in no code');
      at += cell & 15;
      bits = (cell >> 4) & 15;
      const distance = (cell >> 16) + ((inputView.getInt32(at >> 3, true) >>> (at & 7)) & ((1 << bits) - 1));
      at += bits;
      if (distance > to) throw new DeflateDamage('a copy is of bytes before the beginning');
      const end = to + length;
      if (distance >= 4) {
        for (; to < end; to += 4) outputView.setInt32(to, outputView.getInt32(to - distance, true), true);
      } else {
        for (; to < end; to++) output[to] = output[to - distance]!;
      }
      to = end;
    }
    if (at > this.endBit) throw new DeflateDamage('it ends too soon', true);
    this.at = at;
    this.to = to;
  }
}
