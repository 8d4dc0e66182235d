import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { putFloat } from './write-float.ts';
import {
  putBinary,
  putHex64,
  putNine,
  putOctal64,
  putSigned64,
  putUnsigned,
  putUnsigned64,
} from './write-text.ts';

function textOf(put: (out: Uint8Array, view: DataView) => number): string {
  const out = new Uint8Array(100);
  return Buffer.from(out.subarray(0, put(out, new DataView(out.buffer)))).toString('latin1');
}

const u64 = fc.oneof(fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }), fc.bigInt({ min: 0n, max: 1n << 34n }));
const high = (value: bigint): number => Number(BigInt.asIntN(32, value >> 32n));
const low = (value: bigint): number => Number(value & 0xffff_ffffn);

describe('integers without BigInt', () => {
  test('print as BigInt does', () => {
    fc.assert(
      fc.property(u64, (value) => {
        const hi = high(value) >>> 0;
        const lo = low(value);
        expect(textOf((out, view) => putUnsigned64(out, view, 0, hi, lo))).toBe(value.toString());
        expect(textOf((out, view) => putHex64(out, view, 0, hi, lo))).toBe(value.toString(16).toUpperCase());
        expect(textOf((out, view) => putOctal64(out, view, 0, hi, lo))).toBe(value.toString(8));
        expect(textOf((out, view) => putBinary(out, view, 0, hi, lo, 64))).toBe(
          value.toString(2).padStart(64, '0'),
        );
        const signed = BigInt.asIntN(64, value);
        expect(textOf((out, view) => putSigned64(out, view, 0, high(signed), low(signed)))).toBe(
          signed.toString(),
        );
      }),
      { numRuns: 2000 },
    );
  });

  test.each([0n, 9n, 10n, 99n, 100n, 999_999_999n, 1n << 31n, 1n << 32n, 1n << 53n, (1n << 64n) - 1n])(
    'print %d',
    (value) => {
      expect(textOf((out, view) => putUnsigned64(out, view, 0, high(value) >>> 0, low(value)))).toBe(
        value.toString(),
      );
    },
  );

  test('of 32 bits, and nine digits', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 0xffff_ffff }), (value) => {
        expect(textOf((out, view) => putUnsigned(out, view, 0, value))).toBe(String(value));
        const short = value % 1e9;
        expect(textOf((out, view) => putNine(out, view, 0, short))).toBe(String(short).padStart(9, '0'));
      }),
    );
  });
});

describe('floats as %g', () => {
  test.each([
    [0, '0'],
    [-0, '-0'],
    [1, '1'],
    [-1.5, '-1.5'],
    [100_000, '100000'],
    [1e6, '1e+06'],
    [123_456, '123456'],
    [1_234_567, '1.23457e+06'],
    [100_000.5, '100000'],
    [100_001.5, '100002'],
    [1_000_005, '1e+06'],
    [1_000_015, '1.00002e+06'],
    [999_999.5, '1e+06'],
    [0.0001, '0.0001'],
    [0.00001, '1e-05'],
    [0.1, '0.1'],
    [1 / 3, '0.333333'],
    [2 / 3, '0.666667'],
    [5e-324, '4.94066e-324'],
    [1.797_693_134_862_315_7e308, '1.79769e+308'],
    [Infinity, 'inf'],
    [-Infinity, '-inf'],
    [NaN, 'nan'],
  ])('%d', (value, text) => {
    const negative = value < 0 || Object.is(value, -0);
    expect(textOf((out, view) => putFloat(out, view, 0, value, negative))).toBe(text);
  });
});
