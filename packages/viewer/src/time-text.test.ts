import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { ClockText, axisOf, formatCount, formatDuration, formatRate, formatSize } from './time-text.ts';

test('durations have up to four digits and a unit', () => {
  expect([0, 1, 999, 1000, 1234, 12_345, 999_949, 999_951].map(formatDuration)).toEqual([
    '0 ns',
    '1 ns',
    '999 ns',
    '1 µs',
    '1.23 µs',
    '12.3 µs',
    '1000 µs',
    '1 ms',
  ]);
  expect([1.5e6, 2e9, 59.94e9, 200e9, 7260e9].map(formatDuration)).toEqual([
    '1.5 ms',
    '2 s',
    '59.9 s',
    '3 min 20 s',
    '2 h 1 min',
  ]);
  expect(formatDuration(-2500)).toBe('−2.5 µs');
});

test('counts, rates and sizes', () => {
  expect(formatCount(1234567)).toBe('1\u202f234\u202f567');
  expect(formatRate(120, 7.06e6)).toBe('17 k/s');
  expect(formatRate(3, 0)).toBe('–');
  expect(formatSize(6.27 * 1024 ** 2)).toBe('6.27 MiB');
});

test('times are written to the nanosecond, and what is written can be read', () => {
  const clock = new ClockText(1_760_000_000_123_456_789n, true);
  expect(clock.time(1)).toMatch(/^\d\d:\d\d:\d\d\.123456790$/);
  const relative = new ClockText(5n, false);
  expect(relative.time(1_500_000_000)).toBe('1.500000005');
  expect(relative.time(-10_000_005)).toBe('−0.010000000');
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 86_000 * 1e9 }), (timeNs) => {
      expect(clock.parse(clock.time(timeNs), 0)).toBe(timeNs);
    }),
  );
  expect(clock.parse('250ms', 1000)).toBe(250_001_000);
  expect(clock.parse('1,5', 0)).toBe(1.5e9);
  expect(clock.parse('40 us', 0)).toBe(40_000);
  expect(clock.parse('soon', 0)).toBeUndefined();
  expect(relative.parse('12:30:00', 0)).toBeUndefined();
});

test('a clock in a year that no calendar has still tells the time of day', () => {
  const wild = new ClockText(86_400n * 10n ** 20n + 45_296_000_000_007n, true);
  expect(wild.time(0)).toBe('12:34:56.000000007');
  expect(wild.date(0)).toBe('');
  expect(wild.parse('12:35:00', 0)).toBeUndefined();
  expect(wild.parse('1.5', 0)).toBe(1.5e9);
});

test('axes have round steps that are far enough apart', () => {
  fc.assert(
    fc.property(
      fc.double({ min: 0.01, max: 1e10, noNaN: true }),
      fc.integer({ min: 0, max: 1e15 }),
      (nsPerPx, startNs) => {
        const axis = axisOf(startNs, nsPerPx, 110);
        expect(axis.stepNs).toBeGreaterThanOrEqual(Math.min(nsPerPx * 110, 1e12) * 0.999);
        expect(axis.stepNs / nsPerPx).toBeLessThanOrEqual(Math.max(110 * 5.01, 1 / nsPerPx));
        expect(axis.firstNs).toBeGreaterThanOrEqual(startNs);
        expect(Number((axis.stepNs / 10 ** Math.floor(Math.log10(axis.stepNs) + 1e-9)).toFixed(6))).toBeOneOf(
          [1, 2, 5],
        );
      },
    ),
  );
  const axis = axisOf(1e9, 1e3, 110);
  expect(axis.label(1_000_200_000)).toBe('1\u202f000.2 ms');
});
