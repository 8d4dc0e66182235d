import { expect, test } from 'vitest';
import { parseTimeBound } from './time-bound.ts';

/** 2026-03-01 10:00:00 UTC. */
const firstNs = BigInt(Date.UTC(2026, 2, 1, 10)) * 1_000_000n;

test('bounds are seconds, times of the first event’s day, or dates', () => {
  expect(parseTimeBound('-1.5', true, firstNs)).toBe(-1_500_000_000n);
  expect(parseTimeBound('12:30', true, firstNs)).toBe(firstNs + 9_000_000_000_000n);
  expect(parseTimeBound('10:00:00.000000001', true, firstNs)).toBe(firstNs + 1n);
  expect(parseTimeBound('2026-03-02 10:00:00', true, firstNs)).toBe(firstNs + 86_400_000_000_000n);
  expect(parseTimeBound('2026-03-02', true, firstNs)).toBe(firstNs + 50_400_000_000_000n);
});

test.each([
  'noon',
  '25:00',
  '6:00',
  '2026-01-02 6:00',
  '12:60',
  '12:00:61',
  '2026-13-01 00:00:00',
  '2026-01-32 00:00:00',
  '1.0000000001',
])('%s is refused', (text) => {
  expect(() => parseTimeBound(text, false, firstNs)).toThrow(`${JSON.stringify(text)} is not a time`);
});

test('a time of day in a year beyond the calendar is refused in words', () => {
  expect(() => parseTimeBound('12:30', true, 10n ** 30n)).toThrow(
    expect.objectContaining({ code: 'convert/no-date' }),
  );
  expect(parseTimeBound('12', true, 10n ** 30n)).toBe(12_000_000_000n);
});
