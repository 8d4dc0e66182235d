import type { TypeSummary } from '@spoor/server/protocol';

/** Dark or light. */
export type Theme = 'dark' | 'light';

// Hues that stay apart for people who see few of them; the glyph beside each tells kinds apart without any.
const hues: Readonly<Record<Theme, readonly string[]>> = {
  light: [
    '#2f6fde',
    '#d9730d',
    '#1f9254',
    '#d64545',
    '#8457d6',
    '#0f93a1',
    '#c93f88',
    '#86851a',
    '#a0673a',
    '#5b6b82',
    '#4b56c8',
    '#569a14',
  ],
  dark: [
    '#6aa5ff',
    '#ffa552',
    '#5fd38d',
    '#ff7a7a',
    '#b79bff',
    '#4fd3dd',
    '#ff86c0',
    '#d3d65a',
    '#d6a077',
    '#9fb0c8',
    '#8f9bff',
    '#a5e05c',
  ],
};
const glyphs = ['●', '■', '▲', '◆', '▼', '★', '✚'] as const;

/** How a kind of event looks. */
export interface Look {
  readonly colour: string;
  readonly glyph: string;
  /** 256 pixels from the background (0) to the full colour (255), as words of an ImageData. */
  readonly shades: Uint32Array;
}

/** Looks of all kinds; begin and end of a span share that of the span. */
export class Palette {
  readonly theme: Theme;
  readonly background: string;
  readonly neutral: Look;
  readonly #looks = new Map<string, Look>();
  readonly #types: readonly TypeSummary[];
  readonly #hueLooks: (Look | undefined)[] = [];

  constructor(theme: Theme, types: readonly TypeSummary[]) {
    this.theme = theme;
    this.background = theme === 'dark' ? '#11161d' : '#ffffff';
    this.neutral = {
      colour: theme === 'dark' ? '#8a9bb3' : '#66768c',
      glyph: '·',
      shades: shadesOf(theme === 'dark' ? '#8a9bb3' : '#66768c', this.background),
    };
    this.#types = types;
    const slots = hues[theme].length;
    let taken = new Set<number>();
    for (const { spanName } of types) {
      if (this.#looks.has(spanName)) continue;
      // A kind has its colour by its name, so that it looks the same in every trace, unless that is taken.
      const hash = hashOf(spanName);
      if (taken.size === slots) taken = new Set();
      let slot = hash % slots;
      while (taken.has(slot)) slot = (slot + 5) % slots;
      taken.add(slot);
      const colour = hues[theme][slot]!;
      const glyph = glyphs[Math.floor(hash / slots) % glyphs.length]!;
      this.#looks.set(spanName, { colour, glyph, shades: shadesOf(colour, this.background) });
    }
  }

  ofType(type: number): Look {
    const spanName = this.#types[type]?.spanName;
    return (spanName === undefined ? undefined : this.#looks.get(spanName)) ?? this.neutral;
  }

  ofSpan(spanName: string): Look {
    return this.#looks.get(spanName) ?? this.neutral;
  }

  /** Of a call, by what its function's hue is. */
  ofHue(hue: number): Look {
    const slots = hues[this.theme].length;
    const slot = hue % slots;
    let look = this.#hueLooks[slot];
    if (look === undefined) {
      const colour = hues[this.theme][slot]!;
      const glyph = glyphs[slot % glyphs.length]!;
      look = { colour, glyph, shades: shadesOf(colour, this.background) };
      this.#hueLooks[slot] = look;
    }
    return look;
  }

  /** Of a span: by its hue if it has one, else by its name. */
  of({ name, hue }: { readonly name: string; readonly hue?: number }): Look {
    return hue === undefined ? this.ofSpan(name) : this.ofHue(hue);
  }
}

/** FNV-1a, 32 bits. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}

function shadesOf(colour: string, background: string): Uint32Array {
  const from = channels(background);
  const to = channels(colour);
  const shades = new Uint32Array(256);
  for (let i = 0; i < 256; i++) {
    const mix = (channel: number): number =>
      Math.round(from[channel]! + ((to[channel]! - from[channel]!) * i) / 255);
    // Canvas pixels are bytes in the order R G B A; every machine that browsers run on is little-endian.
    shades[i] = ((255 << 24) | (mix(2) << 16) | (mix(1) << 8) | mix(0)) >>> 0;
  }
  return shades;
}

function channels(colour: string): readonly number[] {
  return [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16));
}

/** Black or white, whichever reads better on `colour`. */
export function inkOn(colour: string): string {
  const [red, green, blue] = channels(colour).map((channel) => {
    const share = channel / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  const luminance = 0.2126 * red! + 0.7152 * green! + 0.0722 * blue!;
  // At this luminance black and white have the same contrast, 4.5 to 1.
  return luminance > 0.18 ? '#000000' : '#ffffff';
}
