import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { clamp, fit, pan, reveal, zoom } from './window.ts';

const whole = fit(0, 1e9);

test('whatever is done, the window stays within the trace and keeps a width', () => {
  fc.assert(
    fc.property(
      fc.double({ min: -2e9, max: 3e9, noNaN: true }),
      fc.double({ min: 1e-3, max: 4e9, noNaN: true }),
      fc.double({ min: 0.01, max: 100, noNaN: true }),
      fc.double({ min: -5, max: 5, noNaN: true }),
      (fromNs, width, factor, share) => {
        const start = clamp({ fromNs, toNs: fromNs + width }, whole);
        for (const next of [
          start,
          zoom(start, factor, (start.fromNs + start.toNs) / 2, whole),
          pan(start, share, whole),
          reveal(start, 5e8, whole),
        ]) {
          expect(next.fromNs).toBeGreaterThanOrEqual(whole.fromNs - 1e-6);
          expect(next.toNs).toBeLessThanOrEqual(whole.toNs + 1e-6);
          expect(next.toNs - next.fromNs).toBeGreaterThan(19.9);
        }
      },
    ),
  );
});

test('zooming keeps the point under the pointer in its place', () => {
  const start = { fromNs: 4e8, toNs: 5e8 };
  const next = zoom(start, 0.5, 4.25e8, whole);
  expect((4.25e8 - next.fromNs) / (next.toNs - next.fromNs)).toBeCloseTo(0.25, 9);
  expect(next.toNs - next.fromNs).toBeCloseTo(5e7, 3);
});

test('revealing moves only when it must', () => {
  const start = { fromNs: 4e8, toNs: 5e8 };
  expect(reveal(start, 4.5e8, whole)).toBe(start);
  const moved = reveal(start, 8e8, whole);
  expect(moved).toEqual({ fromNs: 7.5e8, toNs: 8.5e8 });
});
