import { expect, test } from 'vitest';
import { bar, colourPainter, cut, painterFor, plainPainter, safeText, table, widthFor } from './layout.ts';

test('colours are for terminals that want them', () => {
  expect(painterFor({ isTTY: true }, { TERM: 'xterm' })).toBe(colourPainter);
  expect(painterFor({ isTTY: true }, { TERM: 'xterm', NO_COLOR: '1' })).toBe(plainPainter);
  expect(painterFor({ isTTY: true }, { TERM: 'xterm', NO_COLOR: '' })).toBe(colourPainter);
  expect(painterFor({ isTTY: true }, { TERM: 'dumb' })).toBe(plainPainter);
  expect(painterFor({}, { TERM: 'xterm' })).toBe(plainPainter);
  expect(colourPainter('title', 'x')).toBe('\u001B[1mx\u001B[22m');
});

test('the width is that of the terminal within bounds', () => {
  expect([
    widthFor({}),
    widthFor({ columns: 40 }),
    widthFor({ columns: 90 }),
    widthFor({ columns: 300 }),
  ]).toEqual([100, 80, 90, 100]);
});

test('bars count in eighths, and show that something is there', () => {
  expect(bar(0, 10)).toBe('');
  expect(bar(0.0001, 10)).toBe('▏');
  expect(bar(0.5, 3)).toBe('█▌');
  expect(bar(1, 3)).toBe('███');
  expect(bar(2, 3)).toBe('███');
});

test('text of a trace cannot steer the terminal', () => {
  expect(safeText('a\u001B[31mb\u0007\nc\u202E')).toBe('ab��c�');
  expect(cut('abcdef', 4)).toBe('abc…');
});

test('tables align', () => {
  const lines = table(
    [
      { title: 'name', align: 'left', limit: 5 },
      { title: 'n', align: 'right' },
    ],
    [
      ['abcdefgh', '1'],
      ['b', '200'],
    ],
    plainPainter,
  );
  expect(lines).toEqual(['name     n', 'abcd…    1', 'b      200']);
});
