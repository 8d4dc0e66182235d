import { expect, test } from 'vitest';
import { EnumValue, FlagsValue } from '@spoor/ctf';
import { jsonOf } from './json-value.ts';

test('values are JSON without loss', () => {
  const value = {
    great: 18_446_744_073_709_551_615n,
    small: -7,
    zero: -0,
    real: 0.1,
    none: NaN,
    infinite: -Infinity,
    text: 'a "b"\n\u2028',
    list: [1, [true, null]],
    state: new EnumValue(3, ['run', 'ready']),
    flags: new FlagsValue(5n, ['a']),
    bytes: Uint8Array.of(0, 255),
  };
  const text = jsonOf(value);
  expect(text).toContain('"zero":-0');
  expect(JSON.parse(text)).toEqual({
    great: '18446744073709551615',
    small: -7,
    zero: -0,
    real: 0.1,
    none: 'NaN',
    infinite: '-Infinity',
    text: 'a "b"\n\u2028',
    list: [1, [true, null]],
    state: { value: 3, labels: ['run', 'ready'] },
    flags: { value: '5', flags: ['a'] },
    bytes: '00ff',
  });
});
