import { SpoorError } from '@spoor/base';
import { describe, expect, test } from 'vitest';
import { RetryPace, isPassing } from './retry-pace.ts';

/** The seconds, of so many, in which it is time. */
function dueSeconds(
  pace: RetryPace,
  from: number,
  to: number,
  hasFailed: (second: number) => boolean,
): number[] {
  const due: number[] = [];
  for (let second = from; second < to; second += 1) {
    if (pace.isDue(hasFailed(second), BigInt(second) * 1_000_000_000n)) due.push(second);
  }
  return due;
}

test('is never while nothing fails', () => {
  expect(dueSeconds(new RetryPace(), 0, 100, () => false)).toEqual([]);
});

test('is ever more seldom while it goes on failing, and once a minute in the end', () => {
  expect(dueSeconds(new RetryPace(), 0, 250, () => true)).toEqual([1, 3, 7, 15, 31, 63, 123, 183, 243]);
});

test('begins anew once nothing has failed for as long as the last pause', () => {
  const pace = new RetryPace();
  expect(dueSeconds(pace, 0, 8, () => true)).toEqual([1, 3, 7]);
  // What fails only at the next event does not look as if all were well.
  expect(dueSeconds(pace, 8, 16, (second) => second > 12)).toEqual([15]);
  expect(dueSeconds(pace, 16, 60, () => false)).toEqual([]);
  expect(dueSeconds(pace, 60, 65, () => true)).toEqual([61, 63]);
});

describe('what may pass', () => {
  const withCode = (code: string): Error => Object.assign(new Error(code), { code });
  test.each([
    withCode('EMFILE'),
    withCode('ENOSPC'),
    new RangeError('Array buffer allocation failed'),
    new SpoorError('ring/cannot-create', 'cannot make a ring buffer', { cause: withCode('ENOMEM') }),
    new SpoorError('ring/memory-limit', 'no ring buffer fits'),
  ])('%s', (error) => expect(isPassing(error)).toBe(true));
});

describe('what does not', () => {
  const own = new Error('its own cause');
  own.cause = own;
  test.each([
    Object.assign(new Error('EACCES'), { code: 'EACCES' }),
    new SpoorError('ring/file-limit', 'not even the smallest ring buffer may be made'),
    new SpoorError('ring/cannot-create', 'cannot make a ring buffer', { cause: new Error('EROFS') }),
    own,
    undefined,
    null,
    'EMFILE',
  ])('%s', (error) => expect(isPassing(error)).toBe(false));
});
