// One module's way: chosen? → parsed and rewritten → its functions made known. Whatever goes wrong leaves the module as
// it is, and is told once.
import { describeError } from '@spoor/base';
import { relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { ModuleFormat } from './ast.ts';
import { isChosen, type ModuleChoice } from './choice.ts';
import type { FunctionFacts } from './facts.ts';
import { PROBE_NAME } from './probe-text.ts';
import { rewriteModule, type FoundFunction, type RewrittenModule } from './rewrite.ts';
import { ModuleMap, mapCommentText } from './source-maps.ts';

/** Where functions go, and what there is to say. */
export interface ModuleHost {
  /** The id that the next function gets. */
  readonly nextId: () => number;
  /** Takes functions with ids from the next on; false when there is no room for them. */
  readonly add: (firstId: number, functions: readonly FunctionFacts[]) => boolean;
  readonly tell: (reason: string) => void;
}

/** How modules are rewritten. */
export interface ModuleSettings {
  readonly choice: ModuleChoice;
  /** Paths below it are shown relative to it. */
  readonly folder: string;
  /** Whether stack traces go by source maps now, so that every rewritten module needs one. */
  readonly hasSourceMaps: () => boolean;
}

/** Rewrites the modules of a thread. */
export class ModuleRewriter {
  readonly #settings: ModuleSettings;
  readonly #host: ModuleHost;

  constructor(settings: ModuleSettings, host: ModuleHost) {
    this.#settings = settings;
    this.#host = host;
  }

  /** The path of a module that is to be rewritten, by its address or path. */
  chosenPath(urlOrPath: string): string | undefined {
    try {
      const isUrl = urlOrPath.startsWith('file:');
      if (!isUrl && !urlOrPath.startsWith('/')) return undefined;
      const path = isUrl ? fileURLToPath(urlOrPath) : urlOrPath;
      return isChosen(this.#settings.choice, path) ? path : undefined;
    } catch {
      return undefined;
    }
  }

  /**
   * The new text; undefined where it is the old one. Never throws.
   * @param format undefined when Node.js finds out by the text: CommonJS if it is that.
   */
  rewrite(source: string, path: string, format: ModuleFormat | undefined): string | undefined {
    // It has been here before, on another way through the loaders, or it is of Spoor itself.
    if (source.includes(PROBE_NAME)) return undefined;
    try {
      return this.#rewrite(source, path, format);
    } catch (error) {
      this.#tell(path, error instanceof SyntaxError ? error.message : describeError(error));
      return undefined;
    }
  }

  #rewrite(source: string, path: string, format: ModuleFormat | undefined): string | undefined {
    const firstId = this.#host.nextId();
    const rewritten = rewriteAs(source, format, firstId);
    const { functions, leftOutCount } = rewritten;
    if (leftOutCount > 0) {
      this.#host.tell(`${this.#shown(path)}: ${leftOutCount} functions cannot be recorded`);
    }
    if (functions.length === 0) return undefined;
    const url = pathToFileURL(path).href;
    const map = ModuleMap.of(source, url);
    if (!this.#host.add(firstId, this.#factsOf(source, path, functions, map))) {
      this.#tell(path, 'there are too many functions');
      return undefined;
    }
    // A map that came with the text is wrong for the new one, whether or not anybody reads it.
    if (map === undefined && !this.#settings.hasSourceMaps()) return rewritten.code;
    const own = rewritten.map(url);
    return rewritten.code + mapCommentText(map === undefined ? own.toString() : map.composedWith(own));
  }

  #factsOf(
    source: string,
    path: string,
    functions: readonly FoundFunction[],
    map: ModuleMap | undefined,
  ): FunctionFacts[] {
    const placeOf = linesOf(source);
    return functions.map(({ name, offset, isCoroutine }) => {
      const place = placeOf(offset);
      const original = map?.originalOf(place.line, place.column);
      const { file, line, column } = original ?? { file: path, ...place };
      return { name, file: this.#shown(file), line, column, isCoroutine };
    });
  }

  #tell(path: string, reason: string): void {
    this.#host.tell(`functions of ${this.#shown(path)} are not recorded: ${reason}`);
  }

  /** Also without what metadata would have to escape. */
  #shown(path: string): string {
    const below = path.startsWith('/') ? relative(this.#settings.folder, path) : path;
    return (below.startsWith('../') ? path : below).replace(/[\p{Cc}"\\]/gu, '?');
  }
}

function rewriteAs(source: string, format: ModuleFormat | undefined, firstId: number): RewrittenModule {
  if (format !== undefined) return rewriteModule(source, format, firstId);
  try {
    return rewriteModule(source, 'commonjs', firstId);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return rewriteModule(source, 'module', firstId);
  }
}

/** Line and column, from 1, of offsets in a text. */
function linesOf(source: string): (offset: number) => { readonly line: number; readonly column: number } {
  const starts = [0];
  for (let at = source.indexOf('\n'); at >= 0; at = source.indexOf('\n', at + 1)) starts.push(at + 1);
  return (offset) => {
    let low = 0;
    let high = starts.length;
    while (high - low > 1) {
      const middle = (low + high) >>> 1;
      if (starts[middle]! <= offset) low = middle;
      else high = middle;
    }
    return { line: low + 1, column: offset - starts[low]! + 1 };
  };
}
