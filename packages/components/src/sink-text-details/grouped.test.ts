import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  fixedText,
  groupedDecimal,
  groupedInteger,
  groupDigits,
  putFixed,
  putGrouped64,
  putGroupedSigned64,
  putHexGrouped,
} from './grouped.ts';

type Put = (out: Uint8Array, view: DataView, at: number, ...values: number[]) => number;

function printed(put: Put, ...values: number[]): string {
  const out = new Uint8Array(400);
  return new TextDecoder().decode(out.subarray(0, put(out, new DataView(out.buffer), 0, ...values)));
}

const u32 = fc.integer({ min: 0, max: 0xffff_ffff });
/** Numbers of all sizes, not only great ones. */
const upper = fc.oneof(u32, fc.constant(0), fc.integer({ min: 0, max: 1000 }));

test('decimal numbers in groups of three from 10,000 on', () => {
  expect([0n, 9999n, 10_000n, -9999n, -1_234_567n].map(groupedDecimal)).toEqual([
    '0',
    '9999',
    '10,000',
    '-9999',
    '-1,234,567',
  ]);
  fc.assert(
    fc.property(upper, u32, (hi, lo) => {
      const value = (BigInt(hi) << 32n) | BigInt(lo);
      expect(printed(putGrouped64 as Put, hi, lo)).toBe(groupedDecimal(value));
      expect(printed(putGroupedSigned64 as Put, hi | 0, lo)).toBe(groupedDecimal(BigInt.asIntN(64, value)));
    }),
  );
  for (let digits = 1; digits < 20; digits++) {
    for (const value of [10n ** BigInt(digits) - 1n, 10n ** BigInt(digits)]) {
      const halves = [Number(value >> 32n), Number(value & 0xffff_ffffn)] as const;
      expect(printed(putGrouped64 as Put, ...halves)).toBe(groupedDecimal(value));
    }
  }
});

test('hexadecimal numbers in groups of four', () => {
  fc.assert(
    fc.property(upper, u32, (hi, lo) => {
      const value = (BigInt(hi) << 32n) | BigInt(lo);
      expect(printed(putHexGrouped as Put, hi, lo)).toBe(groupDigits(value.toString(16), 4, ':'));
    }),
  );
});

test('integers in their bases', () => {
  const base = { kind: 'integer', lengthBits: 32, byteOrder: 'le', alignmentBits: 8, roles: [] } as const;
  const shown = (displayBase: 2 | 8 | 10 | 16, value: number): string =>
    groupedInteger({ ...base, signed: true, displayBase }, value);
  expect([shown(16, -0x12345), shown(8, 0o12345), shown(2, 5), shown(10, -12_345)]).toEqual([
    '-0x1:2345',
    '012:345',
    '0x5',
    '-12,345',
  ]);
});

test('real numbers with six decimals, halves to even', () => {
  expect(
    [1 / 128, 3 / 128, -48332211175932.6640625, 1e22, 0.5].map((value) => fixedText(value, value < 0)),
  ).toEqual(['0.007812', '0.023438', '-48332211175932.664062', '10000000000000000000000.000000', '0.500000']);
  expect([fixedText(-0, true), fixedText(NaN, true), fixedText(Infinity, false)]).toEqual([
    '-0.000000',
    '-nan',
    'inf',
  ]);
  fc.assert(
    fc.property(
      fc.oneof(
        fc.double({ noNaN: true }),
        fc.double({ min: -1e6, max: 1e6, noNaN: true }),
        fc.double({ min: -1e20, max: 1e20, noNaN: true }),
      ),
      (value) => {
        const negative = value < 0 || Object.is(value, -0);
        const put = ((out, view, at, number) => putFixed(out, view, at, number!, negative)) as Put;
        expect(printed(put, value)).toBe(fixedText(value, negative));
      },
    ),
  );
});
