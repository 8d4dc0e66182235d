/** Which sources read what a command line names: component classes are asked, directories searched. */
import { lstatSync, opendirSync, statSync, type Dir, type Stats } from 'node:fs';
import { SpoorError } from '@spoor/base';
import type { ComponentClass, Logger, PluginRegistry, QueryAnswer } from '@spoor/graph';
import type { EventFlow } from '@spoor/components/node';

/** A source, and the inputs that it reads together. */
export interface DiscoveredSource {
  /** `source.ctf.fs`. */
  readonly className: string;
  readonly inputs: readonly string[];
  /** Indexes of the words of the command line that they come from, ascending. */
  readonly wordIndexes: readonly number[];
}

interface GrowingSource {
  readonly className: string;
  readonly group: string | undefined;
  readonly inputs: string[];
  readonly wordIndexes: number[];
}

/** What a class says of an input. */
interface Support {
  readonly weight: number;
  readonly group?: string;
}

type InputType = 'string' | 'file' | 'directory';

function supportOf(answer: QueryAnswer): Support | undefined {
  const isMap = typeof answer === 'object' && answer !== null && !Array.isArray(answer);
  const { weight, group } = isMap
    ? (answer as { readonly weight?: QueryAnswer; readonly group?: QueryAnswer })
    : { weight: answer, group: undefined };
  if (typeof weight !== 'number' && typeof weight !== 'bigint') return undefined;
  const value = Number(weight);
  if (!(value > 0 && value <= 1)) return undefined;
  return { weight: value, ...(typeof group === 'string' ? { group } : {}) };
}

/** What a class is found by, and what it may be asked. */
export interface Discovery {
  readonly registry: PluginRegistry<EventFlow>;
  /** The only class to ask, by its dotted name. */
  readonly only?: string | undefined;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

class Search {
  readonly found: GrowingSource[] = [];
  private readonly discovery: Discovery;
  private readonly classes: readonly (readonly [string, ComponentClass<EventFlow>])[];

  constructor(discovery: Discovery) {
    this.discovery = discovery;
    const { registry, only } = discovery;
    this.classes = registry.classNames
      .map((name) => [name, registry.find(name).componentClass] as const)
      .filter(([name, { kind }]) => kind === 'source' && (only === undefined || name === only));
  }

  /** Looks for sources of one word. @returns whether there are any. */
  async word(word: string, wordIndex: number): Promise<boolean> {
    if (await this.ask(word, 'string', wordIndex)) return true;
    return this.place(word, wordIndex);
  }

  private async place(path: string, wordIndex: number): Promise<boolean> {
    const stat = statOf(path);
    if (stat === undefined) return false;
    if (stat.isFile()) return this.ask(path, 'file', wordIndex);
    if (!stat.isDirectory()) return false;
    if (await this.ask(path, 'directory', wordIndex)) return true;
    let any = false;
    for (const name of namesIn(path)) {
      const below = `${path}/${name}`;
      // A link that leads up again would be followed for ever.
      if (isLink(below) && isAbove(below, path)) continue;
      if (await this.place(below, wordIndex)) any = true;
    }
    return any;
  }

  /** Gives the input to the class that says that it fits best. */
  private async ask(input: string, type: InputType, wordIndex: number): Promise<boolean> {
    let best: { readonly className: string; readonly support: Support } | undefined;
    for (const [className, { queries }] of this.classes) {
      const query = queries?.['babeltrace.support-info'];
      if (query === undefined) continue;
      const { log, signal } = this.discovery;
      signal.throwIfAborted();
      let answer: QueryAnswer;
      try {
        const parameters = new Map([
          ['type', type],
          ['input', input],
        ]);
        answer = await query.answer(parameters, { log, signal, progress: () => Promise.resolve() });
      } catch (cause) {
        throw new SpoorError('babeltrace2/discovery', 'babeltrace.support-info query failed.', { cause });
      }
      const support = supportOf(answer);
      if (support !== undefined && support.weight > (best?.support.weight ?? 0))
        best = { className, support };
    }
    if (best === undefined) return false;
    this.add(best.className, best.support.group, input, wordIndex);
    return true;
  }

  private add(className: string, group: string | undefined, input: string, wordIndex: number): void {
    let source =
      group === undefined
        ? undefined
        : this.found.find((candidate) => candidate.className === className && candidate.group === group);
    if (source === undefined) {
      source = { className, group, inputs: [], wordIndexes: [] };
      this.found.push(source);
    }
    source.inputs.push(input);
    if (source.wordIndexes.at(-1) !== wordIndex) source.wordIndexes.push(wordIndex);
  }
}

/** What is there; nothing where it may not be seen, or is gone by now. */
function statOf(path: string): Stats | undefined {
  try {
    return statSync(path);
  } catch {
    return undefined;
  }
}

function isLink(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() ?? false;
}

/** Names in the order in which the directory has them: that is babeltrace2's, which decides between equal times. */
function namesIn(path: string): readonly string[] {
  const names: string[] = [];
  let directory: Dir | undefined;
  try {
    directory = opendirSync(path);
    for (let entry = directory.readSync(); entry !== null; entry = directory.readSync())
      names.push(entry.name);
  } catch {
    // What may not be read, or is gone by now, is passed over.
  } finally {
    directory?.closeSync();
  }
  return names;
}

function isAbove(link: string, path: string): boolean {
  const target = statOf(link);
  if (target?.isDirectory() !== true) return false;
  for (let at = path; at !== ''; at = at.includes('/') ? at.slice(0, at.lastIndexOf('/')) : '') {
    const stat = statOf(at);
    if (stat?.ino === target.ino && stat.dev === target.dev) return true;
  }
  return false;
}

/**
 * The sources of words of a command line, in the order of their first inputs.
 * @throws SpoorError `babeltrace2/discovery` when a class fails to tell, as for metadata that cannot be read.
 */
export async function discoverSources(
  words: readonly string[],
  discovery: Discovery,
): Promise<readonly DiscoveredSource[]> {
  const search = new Search(discovery);
  for (const [index, word] of words.entries()) {
    if (!(await search.word(word, index))) {
      discovery.log.warn(`No trace was found based on input \`${word}\`.`);
    }
  }
  return search.found;
}
