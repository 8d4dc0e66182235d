import { expect, test } from 'vitest';
import { Palette, inkOn, type Theme } from './palette.ts';

const types = (names: readonly string[]) =>
  names.map((name) => ({ name, role: 'point' as const, spanName: name, count: 1 }));

test('a kind keeps its look when others join, and the first twelve differ in colour', () => {
  const names = Array.from({ length: 30 }, (_, i) => `provider:event_${i}`);
  for (const theme of ['dark', 'light'] satisfies Theme[]) {
    const all = new Palette(theme, types(names));
    const few = new Palette(theme, types(names.slice(0, 12)));
    for (let i = 0; i < 12; i++) expect(few.ofType(i)).toEqual(all.ofType(i));
    expect(new Set(names.slice(0, 12).map((_, i) => all.ofType(i).colour)).size).toBe(12);
  }
});

test('shades go from the background to the full colour', () => {
  const palette = new Palette('light', types(['a']));
  const { shades, colour } = palette.ofType(0);
  const hex = (word: number): string =>
    `#${[word & 255, (word >> 8) & 255, (word >> 16) & 255].map((c) => c.toString(16).padStart(2, '0')).join('')}`;
  expect(hex(shades[0]!)).toBe(palette.background);
  expect(hex(shades[255]!)).toBe(colour);
});

test('ink on a colour has contrast enough to read', () => {
  const luminance = (colour: string): number => {
    const [r, g, b] = [1, 3, 5].map((at) => {
      const share = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!;
  };
  for (const theme of ['dark', 'light'] satisfies Theme[]) {
    const palette = new Palette(theme, types(Array.from({ length: 12 }, (_, i) => `e${i}`)));
    for (let i = 0; i < 12; i++) {
      const { colour } = palette.ofType(i);
      const [low, high] = [luminance(colour), luminance(inkOn(colour))].sort((a, b) => a - b);
      expect([colour, (high! + 0.05) / (low! + 0.05) >= 4.5]).toEqual([colour, true]);
    }
  }
});
