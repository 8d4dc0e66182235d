import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { readHalves, readLeb, readReversedHalves, type Halves } from './bits.ts';

const whole = ({ hi, lo }: Halves): bigint => (BigInt(hi) << 32n) | BigInt(lo);

test('LEB128 of up to 64 bits, both signs, with and without needless bytes', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: -(1n << 63n), max: (1n << 64n) - 1n }), fc.nat(9), (value, extra) => {
      const signed = value < 1n << 63n && (value < 0n || extra % 2 === 0);
      const bytes: number[] = [];
      for (let rest = value, index = 0; ; index++) {
        const part = Number(rest & 0x7fn);
        rest >>= 7n;
        const enough = signed ? rest === ((part & 0x40) === 0 ? 0n : -1n) : rest === 0n;
        if (enough && index >= Math.min(extra, 9)) {
          bytes.push(part);
          break;
        }
        bytes.push(part | 0x80);
      }
      const into: Halves = { hi: 0, lo: 0 };
      const data = Uint8Array.from([0xff, ...bytes, 0x55]);
      expect(readLeb(data, 1, signed, into)).toBe(1 + bytes.length);
      expect(whole(into)).toBe(value);
    }),
    { numRuns: 2000 },
  );
});

test('LEB128 of more than 64 bits is refused', () => {
  const into: Halves = { hi: 0, lo: 0 };
  const high = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
  expect(readLeb(Uint8Array.from([...high, 0x01]), 0, false, into)).toBe(10);
  expect(whole(into)).toBe((1n << 64n) - 1n);
  expect(readLeb(Uint8Array.from([...high, 0x02]), 0, false, into)).toBe(-1);
  expect(readLeb(Uint8Array.from([...high, 0x81, 0x00]), 0, false, into)).toBe(-1);
  expect(readLeb(Uint8Array.from([...high, 0x7f]), 0, true, into)).toBe(10);
  expect(whole(into)).toBe(-1n);
  expect(readLeb(Uint8Array.from([...high, 0x01]), 0, true, into)).toBe(-1);
});

test('reversed bits are the natural ones the other way round', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 16, maxLength: 16 }),
      fc.nat(15),
      fc.integer({ min: 1, max: 64 }),
      fc.boolean(),
      fc.boolean(),
      (data, bit, length, littleEndian, signed) => {
        const bytes = new Uint8Array(32);
        bytes.set(data);
        const natural: Halves = { hi: 0, lo: 0 };
        const reversed: Halves = { hi: 0, lo: 0 };
        readHalves(bytes, bit, length, littleEndian, false, natural);
        readReversedHalves(bytes, bit, length, littleEndian, signed, reversed);
        const digits = BigInt.asUintN(64, whole(natural)).toString(2).padStart(length, '0');
        const expected = BigInt(`0b${digits.split('').reverse().join('')}`);
        expect(whole(reversed)).toBe(signed ? BigInt.asIntN(length, expected) : expected);
      },
    ),
    { numRuns: 1000 },
  );
});
