import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { ScaledScroll } from './scaled-scroll.ts';

test('any number of rows fits a height that browsers can lay out, and every row can be reached', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 2 ** 32 - 2 }),
      fc.integer({ min: 44, max: 1500 }),
      (rows, viewPx) => {
        const scroll = new ScaledScroll(rows, viewPx);
        expect(scroll.contentPx).toBeLessThanOrEqual(8_000_000);
        const reach = Math.max(0, scroll.contentPx - viewPx);
        expect(scroll.topOf(0)).toBe(0);
        expect(scroll.topOf(reach)).toBeCloseTo(scroll.lastTop, 3);
        const top = scroll.lastTop * 0.37;
        expect(Math.abs(scroll.topOf(scroll.scrollOf(top)) - top)).toBeLessThan(1e-3);
      },
    ),
  );
});

test('small tables scroll pixel by pixel', () => {
  const scroll = new ScaledScroll(1000, 220);
  expect(scroll.scaled).toBe(false);
  expect(scroll.topOf(11)).toBe(0.5);
  expect(new ScaledScroll(100_000_000, 220).scaled).toBe(true);
});
