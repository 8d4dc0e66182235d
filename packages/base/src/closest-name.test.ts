import { expect, test } from 'vitest';
import { closestName } from './closest-name.ts';

test('the name that was meant', () => {
  const names = ['prev_comm', 'next_comm', 'prio', 'id'];
  expect(closestName('prev_com', names)).toBe('prev_comm');
  expect(closestName('Prev_Comm', names)).toBe('prev_comm');
  expect(closestName('pr', names)).toBe(undefined);
  expect(closestName('di', names)).toBe('id');
  expect(closestName('quite_another', names)).toBe(undefined);
});
