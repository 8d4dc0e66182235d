// Lanes as pixels: each row of the layout becomes one row of an image as wide as the canvas, which the canvas then
// stretches to the row's height. The work is rows × pixels whatever the trace's size; bench/view.ts guards it.
import { maxLevel, tileBins, type TileAddress } from '@spoor/store';
import type { Palette } from './palette.ts';
import type { LaneRow } from './rows.ts';
import type { TimeWindow } from './window.ts';

/** Finds the bins of a row's tile, if they are here. */
export type TileLookup = (level: number, index: number, row: string) => Uint32Array | undefined;

/** The finest level whose bins are no wider than a pixel, so that a pixel has one to three bins. */
export function levelFor(nsPerPx: number): number {
  return Math.max(0, Math.min(maxLevel, Math.floor(Math.log2(nsPerPx))));
}

/** The tiles of a level that cover a window. */
export function tilesOver(window: TimeWindow, level: number): TileAddress[] {
  const widthNs = tileBins * 2 ** level;
  const tiles: TileAddress[] = [];
  for (let index = Math.floor(window.fromNs / widthNs); index * widthNs < window.toNs; index++) {
    tiles.push({ level, index });
  }
  return tiles;
}

/** How many coarser levels may stand in for a tile that is still on its way. */
const standIns = 10;

/** Draws rows of the layout into rows of an image. */
export class LaneRaster {
  readonly #find: TileLookup;

  constructor(find: TileLookup) {
    this.#find = find;
  }

  /** Fills `pixels` (`rows.length` rows of `width`) for a window. Rows without any tile stay background. */
  draw(
    pixels: Uint32Array,
    width: number,
    rows: readonly LaneRow[],
    window: TimeWindow,
    whole: TimeWindow,
    palette: Palette,
    spanNameOf: (track: number) => string,
  ): void {
    const nsPerPx = (window.toNs - window.fromNs) / width;
    pixels.fill(palette.neutral.shades[0]!);
    rows.forEach((row, i) => {
      const into = pixels.subarray(i * width, (i + 1) * width);
      if (row.key.kind === 'depth' || row.key.kind === 'track') {
        const shades = row.isCalls ? undefined : palette.ofSpan(spanNameOf(row.key.track)).shades;
        this.#spans(into, row, window, nsPerPx, (hue) => shades ?? palette.ofHue(hue).shades);
      } else {
        // The scale follows the zoom and not what is in view, so that colours hold still when the view moves.
        const perPx = (row.eventCount * nsPerPx) / Math.max(1, whole.toNs - whole.fromNs);
        this.#density(into, row, window, nsPerPx, palette, Math.max(4, perPx * 8));
      }
    });
  }

  /** @param shadesOf the colours of a bin, by what is in its high half. */
  #spans(
    into: Uint32Array,
    row: LaneRow,
    window: TimeWindow,
    nsPerPx: number,
    shadesOf: (high: number) => Uint32Array,
  ): void {
    const bins = new BinCursor(this.#find, row.name, levelFor(nsPerPx));
    let before = 0;
    for (let x = 0; x < into.length; x++) {
      const from = window.fromNs + x * nsPerPx;
      let share = 0;
      let starts = 0;
      let high = 0;
      for (let at = from; at < from + nsPerPx; at = bins.endNs) {
        const word = bins.at(at);
        const one = (word >>> 8) & 0xff;
        if (one > share) {
          share = one;
          high = word >>> 16;
        }
        // A bin wider than a pixel tells its starts once, at its first pixel.
        if (bins.startNs >= from) starts += word & 0xff;
      }
      if (share > 0) {
        // Something short must still be seen; a start after a busy pixel is told by a darker one.
        const edge = starts > 0 && starts <= 2 && before > 200 && share > 60;
        into[x] = shadesOf(high)[edge ? 110 : 90 + ((share * 165) >> 8)]!;
      }
      before = share;
    }
  }

  #density(
    into: Uint32Array,
    row: LaneRow,
    window: TimeWindow,
    nsPerPx: number,
    palette: Palette,
    full: number,
  ): void {
    const bins = new BinCursor(this.#find, row.name, levelFor(nsPerPx));
    // A process sums up its threads below: quiet, so that their colours stand out.
    const neutral = row.key.kind === 'process';
    const perLog = 170 / Math.log2(1 + full);
    for (let x = 0; x < into.length; x++) {
      const from = window.fromNs + x * nsPerPx;
      let count = 0;
      let most = 0;
      let type = 0;
      for (let at = from; at < from + nsPerPx; at = bins.endNs) {
        const word = bins.at(at);
        const one = word & 0xffff;
        count += one * Math.min(1, bins.widthNs >= nsPerPx * 4 ? nsPerPx / bins.widthNs : 1);
        if (one > most) {
          most = one;
          type = word >>> 16;
        }
      }
      if (count > 0) {
        const shade = Math.min(255, 85 + Math.log2(1 + count) * perLog);
        into[x] = (neutral ? palette.neutral : palette.ofType(type)).shades[shade | 0]!;
      }
    }
  }
}

/** Walks along a row's bins, from tile to tile, with coarser tiles in the place of missing ones. */
class BinCursor {
  startNs = 0;
  endNs = -Infinity;
  widthNs = 0;
  readonly #find: TileLookup;
  readonly #row: string;
  readonly #level: number;
  #tile: Uint32Array | undefined;
  #tileLevel = 0;
  #tileStartNs = 0;
  #tileEndNs = -Infinity;
  #validToNs = -Infinity;

  constructor(find: TileLookup, row: string, level: number) {
    this.#find = find;
    this.#row = row;
    this.#level = level;
  }

  /** The bin that holds a time, not before the last one asked for; sets `startNs` and `endNs`. */
  at(timeNs: number): number {
    if (timeNs >= this.#validToNs) this.#load(timeNs);
    if (this.#tile === undefined) {
      this.startNs = this.#tileStartNs;
      this.endNs = this.#validToNs;
      return 0;
    }
    const width = 2 ** this.#tileLevel;
    const index = Math.min(tileBins - 1, Math.floor((timeNs - this.#tileStartNs) / width));
    this.widthNs = width;
    this.startNs = this.#tileStartNs + index * width;
    this.endNs = Math.min(this.startNs + width, this.#validToNs);
    return this.#tile[index]!;
  }

  #load(timeNs: number): void {
    const fine = tileBins * 2 ** this.#level;
    // A stand-in is used only as far as the wanted tile would reach: the next one may be here.
    this.#validToNs = (Math.floor(timeNs / fine) + 1) * fine;
    for (let level = this.#level; level <= Math.min(maxLevel, this.#level + standIns); level++) {
      const width = tileBins * 2 ** level;
      const index = Math.floor(timeNs / width);
      this.#tile = this.#find(level, index, this.#row);
      if (this.#tile !== undefined) {
        this.#tileLevel = level;
        this.#tileStartNs = index * width;
        this.#tileEndNs = this.#tileStartNs + width;
        this.#validToNs = Math.min(this.#validToNs, this.#tileEndNs);
        return;
      }
    }
    this.#tileStartNs = Math.floor(timeNs / fine) * fine;
  }
}
