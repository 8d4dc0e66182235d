/**
 * Names a row of the time line:
 * `pN` all events of process N; `aN` all events of lane N; `lN` events of lane N that are no edge of a span;
 * `tN` all depths of track N as one row; `sN.D` depth D of track N.
 */
export type RowKey =
  | { readonly kind: 'process'; readonly process: number }
  | { readonly kind: 'lane'; readonly lane: number }
  | { readonly kind: 'points'; readonly lane: number }
  | { readonly kind: 'track'; readonly track: number }
  | { readonly kind: 'depth'; readonly track: number; readonly depth: number };

/** Text of a row's name, as in addresses of tiles. */
export function formatRowKey(key: RowKey): string {
  switch (key.kind) {
    case 'process':
      return `p${key.process}`;
    case 'lane':
      return `a${key.lane}`;
    case 'points':
      return `l${key.lane}`;
    case 'track':
      return `t${key.track}`;
    case 'depth':
      return `s${key.track}.${key.depth}`;
    default: {
      const never: never = key;
      return never;
    }
  }
}

/** Reads a row's name; undefined when the text is none. */
export function parseRowKey(text: string): RowKey | undefined {
  const match = /^([palts])(\d{1,9})(?:\.(\d{1,9}))?$/.exec(text);
  if (match === null) return undefined;
  const number = Number(match[2]);
  const depth = match[3];
  if ((match[1] === 's') !== (depth !== undefined)) return undefined;
  if (depth !== undefined) return { kind: 'depth', track: number, depth: Number(depth) };
  if (match[1] === 'p') return { kind: 'process', process: number };
  if (match[1] === 'a') return { kind: 'lane', lane: number };
  return match[1] === 'l' ? { kind: 'points', lane: number } : { kind: 'track', track: number };
}
