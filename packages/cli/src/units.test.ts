import { expect, test } from 'vitest';
import { countText, counted, durationText, shareText, sizeText } from './units.ts';

test('durations have three digits in the unit that suits them', () => {
  const cases: readonly (readonly [number, string])[] = [
    [0, '0 ns'],
    [999, '999 ns'],
    [999.6, '1.00 µs'],
    [1234, '1.23 µs'],
    [12_345, '12.3 µs'],
    [999_499, '999 µs'],
    [999_501, '1.00 ms'],
    [250e6, '250 ms'],
    [1.5e9, '1.50 s'],
    [59.9e9, '59.9 s'],
    [125e9, '2 min 05 s'],
    [3_725e9, '62 min 05 s'],
  ];
  for (const [ns, text] of cases) expect(durationText(ns)).toBe(text);
});

test('counts, sizes and shares read well', () => {
  expect(countText(1_234_567)).toBe('1,234,567');
  expect(counted(1, 'process', 'processes')).toBe('1 process');
  expect(counted(0, 'event')).toBe('0 events');
  expect(sizeText(0)).toBe('0 B');
  expect(sizeText(999)).toBe('999 B');
  expect(sizeText(1000)).toBe('1.0 kB');
  expect(sizeText(123_456_789)).toBe('123 MB');
  expect(shareText(0)).toBe('0.0 %');
  expect(shareText(0.0001)).toBe('<0.1 %');
  expect(shareText(0.4983)).toBe('49.8 %');
  expect(shareText(Number.NaN)).toBe('–');
});
