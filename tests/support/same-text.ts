import { expect } from 'vitest';

/** Lines around the first difference are worth more than a diff of a hundred thousand lines. */
export function expectSameText(actual: string, expected: string, what: string): void {
  if (actual === expected) return;
  const ours = actual.split('\n');
  const theirs = expected.split('\n');
  const at = theirs.findIndex((line, index) => line !== ours[index]);
  const first = at === -1 ? theirs.length : at;
  expect(
    { what, lines: ours.length, line: first + 1, text: ours.slice(first, first + 3) },
    `${what}: first difference`,
  ).toEqual({ what, lines: theirs.length, line: first + 1, text: theirs.slice(first, first + 3) });
  throw new Error(`${what}: texts differ`);
}
