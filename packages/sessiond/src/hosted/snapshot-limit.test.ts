import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { divideLimit } from './snapshot-writer.ts';

test('rings that hold little leave their share to the others', () => {
  expect(divideLimit(1000, [10, 2000, 20])).toEqual([10, 970, 20]);
  expect(divideLimit(900, [400, 2000, 500])).toEqual([300, 300, 300]);
  expect(divideLimit(1000, [])).toEqual([]);
});

test('no more is allowed than there may be, nothing is held back, and nobody gets less than an equal share', () => {
  const sizes = fc.array(fc.nat(10_000), { minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(fc.nat(50_000), sizes, (mostBytes, heldBytes) => {
      const limits = divideLimit(mostBytes, heldBytes);
      const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
      expect(sum(limits)).toBeLessThanOrEqual(mostBytes);
      if (sum(heldBytes) <= mostBytes) expect(limits).toEqual(heldBytes);
      else expect(sum(limits)).toBeGreaterThan(mostBytes - heldBytes.length);
      const equalBytes = Math.floor(mostBytes / heldBytes.length);
      for (const [index, limit] of limits.entries()) {
        expect(limit).toBeGreaterThanOrEqual(Math.min(equalBytes, heldBytes[index]!));
        expect(limit).toBeLessThanOrEqual(heldBytes[index]!);
      }
    }),
  );
});
