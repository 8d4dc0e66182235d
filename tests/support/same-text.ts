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

/**
 * The peer's text with its one known fault taken out: babeltrace2 2.0.4 prints, in place of an empty string, the
 * string that the same field had before. Where our line has an empty string and differs in nothing but such
 * strings, our line stands for the peer's.
 */
export function withStaleStrings(ours: string, theirs: string): string {
  if (!ours.includes('""')) return theirs;
  const own = ours.split('\n');
  return theirs
    .split('\n')
    .map((line, index) => {
      const mine = own[index];
      if (mine === undefined || mine === line || !mine.includes('""')) return line;
      const parts = mine.split('""').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
      return new RegExp(`^${parts.join('"(?:[^"\\\\]|\\\\.)*"')}$`).test(line) ? mine : line;
    })
    .join('\n');
}
