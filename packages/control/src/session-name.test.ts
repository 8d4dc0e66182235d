import { expect, test } from 'vitest';
import { checkName } from './session-name.ts';

test.each(['a', 'with space', 'ünïcode', '..a', '-x', 'a'.repeat(200)])('%j can be a name', (name) => {
  checkName('session', name);
});

test.each(['', '.', '..', 'a/b', 'a\nb', 'a\0', '\ud800', 'ü'.repeat(101)])('%j cannot', (name) => {
  expect(() => checkName('session', name)).toThrow(expect.objectContaining({ code: 'control/invalid-name' }));
});
