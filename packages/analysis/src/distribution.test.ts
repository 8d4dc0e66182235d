import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { Distribution } from './distribution.ts';
import { Largest } from './largest.ts';

test('quantiles are at most 1.6 % above the true ones and never below', () => {
  const value = fc.oneof(fc.nat(100), fc.nat(1_000_000), fc.integer({ min: 0, max: 2 ** 45 }));
  fc.assert(
    fc.property(
      fc.array(value, { minLength: 1, maxLength: 200 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (values, rank) => {
        const distribution = new Distribution();
        for (const one of values) distribution.add(one);
        const sorted = values.toSorted((a, b) => a - b);
        const exact = sorted[Math.max(0, Math.ceil(rank * sorted.length) - 1)]!;
        const found = distribution.quantileNs(rank);
        expect(found).toBeGreaterThanOrEqual(exact);
        expect(found).toBeLessThanOrEqual(exact * (1 + 1 / 64) + 1);
        expect(distribution.count).toBe(values.length);
        expect(distribution.maxNs).toBe(sorted.at(-1));
        expect(distribution.minNs).toBe(sorted[0]);
      },
    ),
  );
});

test('powers of two and their neighbours fall into the right bucket', () => {
  for (let exponent = 6; exponent < 50; exponent += 1) {
    for (const value of [2 ** exponent - 1, 2 ** exponent, 2 ** exponent + 1]) {
      const distribution = new Distribution();
      distribution.add(value);
      distribution.add(value * 2);
      expect(distribution.quantileNs(0.5)).toBeGreaterThanOrEqual(value);
      expect(distribution.quantileNs(0.5)).toBeLessThanOrEqual(value * (1 + 1 / 64));
    }
  }
});

test('an empty distribution has zero quantiles', () => {
  expect(new Distribution().quantileNs(0.5)).toBe(0);
  expect(new Distribution().meanNs()).toBe(0);
});

test('the largest items are those that sorting gives', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(50)), fc.nat(8), (weights, limit) => {
      const largest = new Largest<number>(limit);
      for (const weight of weights) largest.offer(weight, weight);
      expect(largest.sorted()).toEqual(weights.toSorted((a, b) => b - a).slice(0, limit));
    }),
  );
});
