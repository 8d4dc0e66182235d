import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { LineSplitter } from './lines.ts';

test('lines are the same however the bytes are cut', () => {
  const line = fc.string({ unit: 'grapheme' }).filter((text) => !text.includes('\n'));
  fc.assert(
    fc.property(fc.array(line), fc.array(fc.nat(40)), (lines, cuts) => {
      const bytes = new TextEncoder().encode(lines.map((text) => `${text}\n`).join(''));
      const splitter = new LineSplitter();
      const got: string[] = [];
      let at = 0;
      for (const cut of cuts) {
        got.push(...splitter.push(bytes.slice(at, at + cut)));
        at = Math.min(at + cut, bytes.length);
      }
      got.push(...splitter.push(bytes.slice(at)));
      // What TextDecoder takes for a mark of byte order is no part of the text.
      expect(got).toEqual(lines.map((text) => new TextDecoder().decode(new TextEncoder().encode(text))));
    }),
  );
});

test('a line has a limit, whether it comes at once or bit by bit', () => {
  const splitter = new LineSplitter(10);
  expect(splitter.push(new TextEncoder().encode('123456789\n'))).toEqual(['123456789']);
  expect(() => splitter.push(new TextEncoder().encode('1234567890\n'))).toThrow(/longer than 10 bytes/);
  const other = new LineSplitter(10);
  other.push(new TextEncoder().encode('12345'));
  expect(() => other.push(new TextEncoder().encode('67890'))).toThrow(/longer than 10 bytes/);
});
