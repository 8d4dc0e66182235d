import { describeError } from '@spoor/base';
import { expect, test } from 'vitest';
import { parsePattern } from './pattern.ts';

test('plain text is looked for in any case, text between slashes is a regular expression', () => {
  expect(parsePattern('')).toBeUndefined();
  expect(parsePattern('Order')!('shop:order_placed')).toBe(true);
  expect(parsePattern('/^shop:.*d$/')!('shop:order_placed')).toBe(true);
  expect(parsePattern('/ORDER/')!('shop:order_placed')).toBe(false);
});

test('a wrong expression is told once', () => {
  let text = '';
  try {
    parsePattern('/[/');
  } catch (error) {
    text = describeError(error);
  }
  expect(text).toBe('not a regular expression: /[/ (Unterminated character class)');
});
