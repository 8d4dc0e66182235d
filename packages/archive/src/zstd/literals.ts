/** The literals of a block (RFC 8878, 3.1.1.3.1). */
import { makePacked, slackBytes, ZstdDamage, type PackedBlock } from './bits.ts';
import { readHuffmanTable, unpackFourStreams, unpackStream, type HuffmanTable } from './huffman.ts';

/** Unpacks the literals of the blocks of a frame, one after the other. */
export class LiteralsReader {
  private readonly own: PackedBlock;
  private table: HuffmanTable | undefined;
  /** Where the literals of the last block are, with {@link slackBytes} behind them. */
  held: PackedBlock;
  start = 0;
  count = 0;

  constructor(mostBytes: number) {
    this.own = makePacked(mostBytes);
    this.held = this.own;
  }

  /** A new frame begins: codes of the one before are not used again. */
  reset(): void {
    this.table = undefined;
  }

  /** Reads the section at `start`. @returns where what is behind it begins. */
  read(block: PackedBlock, start: number, end: number, mostBytes: number): number {
    const { bytes, view } = block;
    if (start >= end) throw new ZstdDamage('a block has no literals');
    const kind = bytes[start]! & 3;
    const format = (bytes[start]! >> 2) & 3;
    // One byte (five bits of length) or two or three where nothing is packed; else three, four or five with two lengths.
    const isPlain = kind < 2;
    const lengthBits = isPlain ? ([5, 12, 5, 20] as const)[format]! : ([10, 10, 14, 18] as const)[format]!;
    const headBytes = isPlain ? ([1, 2, 1, 3] as const)[format]! : ([3, 3, 4, 5] as const)[format]!;
    let at = start + headBytes;
    if (at > end) throw new ZstdDamage('literals are cut short');
    const head = view.getUint32(start, true);
    const count = (head >>> (isPlain && (format & 1) === 0 ? 3 : 4)) & ((1 << lengthBits) - 1);
    if (count > mostBytes) throw new ZstdDamage(`${count} literals are more than a block may have`);
    this.count = count;
    if (kind === 0) {
      if (at + count > end) throw new ZstdDamage('literals are cut short');
      this.held = block;
      this.start = at;
      return at + count;
    }
    const into = this.own.bytes.subarray(slackBytes);
    this.held = this.own;
    this.start = slackBytes;
    if (kind === 1) {
      if (at >= end) throw new ZstdDamage('literals are cut short');
      into.fill(bytes[at]!, 0, count);
      return at + 1;
    }
    // The second length of the largest format reaches into the fifth byte.
    const fifth = format === 3 ? bytes[start + 4]! << 10 : 0;
    const packed = ((head >>> (4 + lengthBits)) | fifth) & ((1 << lengthBits) - 1);
    const next = at + packed;
    if (next > end) throw new ZstdDamage('literals are cut short');
    if (kind === 2) ({ table: this.table, next: at } = readHuffmanTable(block, at, next));
    if (this.table === undefined)
      throw new ZstdDamage('literals use the code of a block before, and none has one');
    const unpack = format === 0 ? unpackStream : unpackFourStreams;
    unpack(block, this.table, at, next, into, count);
    return next;
  }
}
