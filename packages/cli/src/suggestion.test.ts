import { expect, test } from 'vitest';
import { suggestion } from './suggestion.ts';

test('near words are suggested, far ones are not', () => {
  const known = ['convert', 'record', 'sink.text.details'];
  expect(suggestion('recrod', known)).toBe('did you mean record?');
  expect(suggestion('sink.text.detials', known)).toBe('did you mean sink.text.details?');
  expect(suggestion('CONVERT', known)).toBe('did you mean convert?');
  expect(suggestion('xyz', known)).toBeUndefined();
  expect(suggestion('', known)).toBeUndefined();
});
