import { tileBins } from '@spoor/store';
import { expect, test } from 'vitest';
import { LaneRaster, levelFor, tilesOver } from './lane-raster.ts';
import { Palette } from './palette.ts';
import type { LaneRow } from './rows.ts';

const palette = new Palette('dark', [{ name: 'a', role: 'point', spanName: 'a', count: 1 }]);
const background = palette.neutral.shades[0]!;
const row: LaneRow = {
  name: 's0.0',
  key: { kind: 'depth', track: 0, depth: 0 },
  topPx: 0,
  heightPx: 16,
  lane: 0,
  track: 0,
  eventCount: 10,
};

test('bins are no wider than a pixel, and tiles cover the window', () => {
  for (const nsPerPx of [1, 1.5, 2, 1000, 1e6]) {
    const level = levelFor(nsPerPx);
    expect(2 ** level).toBeLessThanOrEqual(nsPerPx);
    const window = { fromNs: 12_345, toNs: 12_345 + nsPerPx * 1000 };
    const tiles = tilesOver(window, level);
    expect(tiles[0]!.index * tileBins * 2 ** level).toBeLessThanOrEqual(window.fromNs);
    expect((tiles.at(-1)!.index + 1) * tileBins * 2 ** level).toBeGreaterThanOrEqual(window.toNs);
    expect(tiles.length).toBeLessThanOrEqual(6);
  }
});

/** Draws one row of 512 pixels over 512 ns from tiles made by `busy`, a bin being busy or not. */
function draw(levels: readonly number[], busy: (timeNs: number) => boolean): Uint32Array {
  const raster = new LaneRaster((level, index) => {
    if (!levels.includes(level)) return undefined;
    return Uint32Array.from({ length: tileBins }, (_, i) => {
      const from = (index * tileBins + i) * 2 ** level;
      for (let t = from; t < from + 2 ** level; t++) if (busy(t)) return 255 << 8;
      return 0;
    });
  });
  const pixels = new Uint32Array(512);
  const window = { fromNs: 1000, toNs: 1512 };
  raster.draw(pixels, 512, [row], window, { fromNs: 0, toNs: 4096 }, palette, () => 'a');
  return pixels;
}

test('each pixel shows its own bin', () => {
  const busy = (timeNs: number): boolean => timeNs >= 1100 && timeNs < 1200;
  const pixels = draw([0], busy);
  pixels.forEach((pixel, x) => expect([x, pixel !== background]).toEqual([x, busy(1000 + x)]));
});

test('a coarser tile stands in for a missing one, and nothing is drawn without any', () => {
  const busy = (timeNs: number): boolean => timeNs >= 1100 && timeNs < 1200;
  const pixels = draw([4], busy);
  pixels.forEach((pixel, x) => {
    const bin = Math.floor((1000 + x) / 16) * 16;
    const near = Array.from({ length: 16 }, (_, i) => busy(bin + i)).includes(true);
    expect([x, pixel !== background]).toEqual([x, near]);
  });
  expect(draw([], busy).every((pixel) => pixel === background)).toBe(true);
});

test('calls have the colours of their functions', () => {
  const raster = new LaneRaster((level) =>
    level === 0 ? Uint32Array.from({ length: tileBins }, (_, i) => ((i % 3) << 16) | (255 << 8)) : undefined,
  );
  const pixels = new Uint32Array(3);
  const window = { fromNs: 1024, toNs: 1027 };
  const calls = { ...row, isCalls: true };
  raster.draw(pixels, 3, [calls], window, { fromNs: 0, toNs: 4096 }, palette, () => 'a');
  const shade = 90 + ((255 * 165) >> 8);
  expect([...pixels]).toEqual([0, 1, 2].map((hue) => palette.ofHue(hue).shades[shade]));
  expect(palette.of({ name: 'a', hue: 1 })).toBe(palette.ofHue(1));
  expect(palette.of({ name: 'a' })).toBe(palette.ofSpan('a'));
  expect(palette.ofHue(0).colour).not.toBe(palette.ofHue(1).colour);
});
