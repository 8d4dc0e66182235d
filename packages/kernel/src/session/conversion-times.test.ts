import { expect, test } from 'vitest';
import { conversionMemory, ConversionTimes } from './conversion-times.ts';

const ms = 1_000_000;

test('who is far ahead of another waits until that one has come near, or waits no more', () => {
  const memory = conversionMemory();
  const [first, second] = [0, 1].map((index) => new ConversionTimes(memory, index));
  first!.set(100 * ms);
  expect(first!.isAhead(100 * ms)).toBe(false);
  second!.set(50 * ms);
  expect(first!.isAhead(100 * ms)).toBe(true);
  expect(second!.isAhead(50 * ms)).toBe(false);
  expect(second!.isAhead(98 * ms)).toBe(false);
  expect(first!.isAhead(100 * ms)).toBe(false);
  expect(first!.isAhead(200 * ms)).toBe(true);
  second!.set(Infinity);
  expect(first!.isAhead(200 * ms)).toBe(false);
});

test('rings beyond those that there is room for wait for nobody', () => {
  const memory = conversionMemory();
  new ConversionTimes(memory, 0).set(0);
  const beyond = new ConversionTimes(memory, memory.byteLength);
  beyond.set(1);
  expect(beyond.isAhead(1e15)).toBe(false);
});
