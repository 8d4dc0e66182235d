// From the text that a loader gave to the file that somebody wrote: by the source map that the text names, if any.
import remapping, { type EncodedSourceMap } from '@jridgewell/remapping';
import { TraceMap, originalPositionFor } from '@jridgewell/trace-mapping';
import { readFileSync, statSync } from '@spoor/sys';
import type { SourceMap } from 'magic-string';
import { fileURLToPath } from 'node:url';

const mapComment = /^[ \t]*\/\/[#@] sourceMappingURL=(\S+)[ \t]*$/gm;
/** Maps of the largest bundles have some tens of megabytes. */
const maxMapSizeBytes = 256 * 1024 * 1024;
const dataUrl = /^data:application\/json[^,]*?(;base64)?,(.*)$/s;

/** Where a place of a text comes from. */
export interface OriginalPlace {
  /** A path, or an address that is none of a file. */
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 1. */
  readonly column: number;
}

/** The source map of a module's text. */
export class ModuleMap {
  readonly #map: EncodedSourceMap;
  readonly #trace: TraceMap;

  private constructor(map: EncodedSourceMap) {
    this.#map = map;
    this.#trace = new TraceMap(map);
  }

  /** Reads the map that the text names last; undefined when it names none that can be read. */
  static of(source: string, url: string): ModuleMap | undefined {
    // Most texts name none, and they may be long.
    if (!source.includes('sourceMappingURL=')) return undefined;
    const named = [...source.matchAll(mapComment)].at(-1)?.[1];
    if (named === undefined) return undefined;
    try {
      const mapUrl = named.startsWith('data:') ? url : new URL(named, url).href;
      const map = JSON.parse(mapText(named, mapUrl)) as EncodedSourceMap;
      const root = map.sourceRoot ?? '';
      const prefix = root === '' || root.endsWith('/') ? root : `${root}/`;
      const sources = map.sources.map((path) => new URL(`${prefix}${path ?? ''}`, mapUrl).href);
      const { sourceRoot: _, ...rest } = map;
      return new ModuleMap({ ...rest, sources });
    } catch {
      return undefined;
    }
  }

  /** The original of a place of the text, which are both counted from 1; undefined where the map has none. */
  originalOf(line: number, column: number): OriginalPlace | undefined {
    const found = originalPositionFor(this.#trace, { line, column: column - 1 });
    if (found.source === null) return undefined;
    return { file: pathOf(found.source), line: found.line, column: found.column + 1 };
  }

  /** The map of a text that was made of this map's text, back to the originals. */
  composedWith(map: SourceMap): string {
    return remapping([map.toString(), this.#map], () => null).toString();
  }
}

/** A comment that names the map itself; Node.js takes the last of a text. */
export function mapCommentText(map: string): string {
  return `\n//# sourceMappingURL=data:application/json;base64,${Buffer.from(map).toString('base64')}\n`;
}

function mapText(named: string, mapUrl: string): string {
  const [, isBase64, text] = dataUrl.exec(named) ?? [];
  if (text === undefined) return mapFileText(fileURLToPath(mapUrl));
  return isBase64 === undefined ? decodeURIComponent(text) : Buffer.from(text, 'base64').toString('utf8');
}

/** Text of a file. A text may name anything: a FIFO would hold the program up, a device fill its memory. */
function mapFileText(path: string): string {
  const stat = statSync(path);
  if (!stat.isFile() || stat.size > maxMapSizeBytes) throw new Error(`${path} is no source map`);
  return readFileSync(path, 'utf8');
}

function pathOf(address: string): string {
  try {
    return fileURLToPath(address);
  } catch {
    return address;
  }
}
