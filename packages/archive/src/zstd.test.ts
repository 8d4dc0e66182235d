// What the decoder of Zstandard gives and refuses, in blocks made by hand. Real ones: tests/zstandard.test.ts.
import { MemorySource } from '@spoor/ctf';
import { describe, expect, test } from 'vitest';
import { ZstdFrames } from './zstd.ts';

function unpack(bytes: Uint8Array): string {
  const parts: Uint8Array[] = [];
  new ZstdFrames().unpack(new MemorySource('A', bytes), 0, (part) => parts.push(part.slice()));
  return Buffer.concat(parts).toString('latin1');
}

type Block = readonly [kind: number, bytes: readonly number[], sizeBytes?: number];

/** A frame with a window of 1 KiB. */
function frame(...blocks: readonly Block[]): Uint8Array {
  return Uint8Array.from([
    0x28,
    0xb5,
    0x2f,
    0xfd,
    0,
    0,
    ...blocks.flatMap(([kind, bytes, size = bytes.length], index) => {
      const head = (size << 3) | (kind << 1) | (index === blocks.length - 1 ? 1 : 0);
      return [head & 0xff, (head >> 8) & 0xff, head >> 16, ...bytes];
    }),
  ]);
}

/** A section of plain literals, 31 at most. */
const plain = (text: string): number[] => [text.length << 3, ...Buffer.from(text)];

/** The head of literals of one packed stream, with the code's kind (2 its own, 3 that of a block before). */
const packed = (kind: number, count: number, sizeBytes: number): number[] => {
  const head = kind | (count << 4) | (sizeBytes << 14);
  return [head & 0xff, (head >> 8) & 0xff, head >> 16];
};

/** Bits in the order in which they are read, as bytes that are read backwards. */
function backwards(bits: string): number[] {
  const whole = `1${bits}`;
  const text = whole.padStart(Math.ceil(whole.length / 8) * 8, '0');
  return (text.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)).reverse();
}

/** A section of one sequence, by the symbols of its numbers and the bits that follow them. */
const sequence = (literals: number, offset: number, match: number, bits = ''): number[] => [
  1,
  0b01_01_01_00,
  literals,
  offset,
  match,
  ...backwards(bits),
];

/** Of symbols 0 and 1 with a word of one bit each: two weights of one, the second of which is not written. */
const twoSymbols = [128, 0x10];

describe('blocks', () => {
  test('plain and repeated bytes, and literals that are neither', () => {
    expect(unpack(frame([0, [...Buffer.from('one ')]], [1, [0x21], 3]))).toBe('one !!!');
    expect(unpack(frame([2, [...plain('abc'), 0]]))).toBe('abc');
    expect(unpack(frame([2, [1 | (29 << 3), 0x7a, 0]]))).toBe('z'.repeat(29));
  });

  test('a Huffman code, and the same again in the next block', () => {
    const first: Block = [2, [...packed(2, 5, 3), ...twoSymbols, ...backwards('01101'), 0]];
    const second: Block = [2, [...packed(3, 3, 1), ...backwards('110'), 0]];
    expect(unpack(frame(first, second))).toBe('\0\u0001\u0001\0\u0001\u0001\u0001\0');
  });

  test('offsets, new ones and each of the three before', () => {
    const blocks: readonly Block[] = [
      // The offset 3 is written as 6: 4 and two bits.
      [2, [...plain('abcd'), ...sequence(4, 2, 0, '10')]],
      // Without literals 1, 2 and 3 stand for the second, the third, and one less than the first.
      [2, [...plain(''), ...sequence(0, 1, 0, '1')]],
      [2, [...plain(''), ...sequence(0, 1, 0, '0')]],
      // With literals for the first to third.
      [2, [...plain('x'), ...sequence(1, 1, 0, '1')]],
      [2, [...plain('yz'), ...sequence(1, 1, 0, '0')]],
      [2, [...plain('w'), ...sequence(1, 0, 1)]],
    ];
    expect(unpack(frame(...blocks))).toBe('abcd|bcd|cdc|ccc|xccx|yyyyz|wwwww'.replaceAll('|', ''));
  });

  test('a match that repeats itself, at every distance', () => {
    for (let distance = 1; distance <= 20; distance += 1) {
      const text = 'abcdefghijklmnopqrst'.slice(0, distance);
      const value = distance + 3;
      const symbol = 31 - Math.clz32(value);
      const bits = value.toString(2).slice(1);
      // 131 and seven bits.
      const expected = text.repeat(300).slice(0, distance + 131 + 100);
      // From 16 on the symbol of the literals' length stands for two lengths.
      const isLong = distance >= 16;
      const literals = isLong ? 16 + ((distance - 16) >> 1) : distance;
      const rest = `${bits}1100100${isLong ? distance & 1 : ''}`;
      const block: Block = [2, [...plain(text), ...sequence(literals, symbol, 43, rest)]];
      expect(unpack(frame(block)), `distance ${distance}`).toBe(expected);
    }
  });
});

/** A table with one symbol of all 32 states: none of them takes bits. */
const noBits = [0xf0, 0x03];

describe('what is refused', () => {
  const zeros: Block = [1, [0], 1024];
  test.each<[string, readonly Block[], RegExp]>([
    ['a kind of block that is none', [[3, []]], /is not one/],
    ['a block beyond the window', [[1, [0], 1025]], /is not one/],
    ['a block without literals', [[2, []]], /no literals/],
    ['more literals than a block may have', [[2, [0x0d, 0x41, 0, 0]]], /1040 literals are more/],
    ['literals that are cut short', [[2, [31 << 3, 1, 2]]], /literals are cut short/],
    ['literals of a code that is not there', [[2, [...packed(3, 3, 1), 9, 0]]], /none has one/],
    [
      'a code whose weights have no end',
      [[2, [...packed(2, 4, 6), 4, ...noBits, ...backwards('0000000000'), 9, 0]]],
      /more than 256 symbols/,
    ],
    ['a code of a single symbol', [[2, [...packed(2, 4, 3), 128, 0, 9, 0]]], /do not make a whole/],
    ['a code that is no whole', [[2, [...packed(2, 4, 4), 130, 0x21, 0x20, 9, 0]]], /do not make a whole/],
    ['words that are too long', [[2, [...packed(2, 4, 3), 128, 0xc0, 9, 0]]], /more than 11 bits/],
    ['a code that is cut short', [[2, [...packed(2, 4, 2), 200, 0x11, 0]]], /Huffman code is cut short/],
    ['too few bits', [[2, [...packed(2, 6, 3), ...twoSymbols, ...backwards('01101'), 0]]], /does not end/],
    ['too many bits', [[2, [...packed(2, 4, 3), ...twoSymbols, ...backwards('01101'), 0]]], /does not end/],
    ['bits without an end', [[2, [...packed(2, 4, 3), ...twoSymbols, 0, 0]]], /has no end/],
    ['no sequences', [[2, plain('abc')]], /sequences are cut short/],
    ['bytes behind the end', [[2, [...plain('abc'), 0, 0]]], /behind the end/],
    ['a reserved bit', [[2, [...plain('abc'), 1, 1, 9]]], /reserved bit/],
    ['tables of a block before', [[2, [...plain('abc'), 1, 0xfc, 9]]], /none has one/],
    ['a symbol that is none', [[2, [...plain('abc'), ...sequence(36, 0, 0)]]], /symbols that are none/],
    ['a table that is too large', [[2, [...plain('abc'), 1, 0x80, 0x05, 9, 9]]], /too large/],
    ['a table that is cut short', [[2, [...plain('abc'), 1, 0x80, 0x03]]], /table is cut short/],
    ['more literals than there are', [[2, [...plain('abc'), ...sequence(4, 0, 0)]]], /longer than/],
    [
      'more than a block may have',
      [[2, [...plain('abc'), ...sequence(3, 0, 46, '0000000000')]]],
      /longer than/,
    ],
    ['an offset of nothing', [[2, [...plain('abc'), ...sequence(0, 1, 0, '1')]]], /beyond the window/],
    [
      'an offset beyond the beginning',
      [[2, [...plain('abc'), ...sequence(3, 2, 0, '11')]]],
      /beyond the window/,
    ],
    [
      'an offset beyond the window',
      [zeros, zeros, [2, [...plain('a'), ...sequence(1, 10, 0, '0000000100')]]],
      /beyond the window/,
    ],
    [
      'an offset beyond every window',
      [[2, [...plain('abc'), ...sequence(0, 31, 0, '0'.repeat(31))]]],
      /beyond/,
    ],
    [
      'sequences that are cut short',
      [[2, [...plain('abc'), 2, 0b01_01_01_00, 1, 5, 0, ...backwards('')]]],
      /beyond/,
    ],
    ['bits behind the last sequence', [[2, [...plain('abc'), ...sequence(3, 0, 0, '0')]]], /does not end/],
    // 65,000 sequences of three bytes that take no bits.
    ['sequences that take no bits', [zeros, [2, [0, 255, 0xe8, 0x7e, 0x54, 0, 0, 0, 1]]], /longer than/],
  ])('%s', (_, blocks, message) => {
    const refusal = expect.objectContaining({
      code: 'archive/damaged',
      where: 'A',
      message: expect.stringMatching(message),
    });
    expect(() => unpack(frame(...blocks))).toThrow(refusal);
  });
});
