// Events that a session counts: each key of a map is a cell of shared memory, to which the serialiser adds.
import { expandNameTemplate, parseNameTemplate, type NameTemplatePart } from '@spoor/filter';
import { join } from 'node:path';
import {
  ThreadCounters,
  makePrivateFolder,
  type CountDescription,
  type CounterCell,
} from '@spoor/ringbuffer';
import type { ContextCatalogue } from './contexts.ts';
import type { Declaration } from './declaration.ts';
import { RuleSet, markTaken } from './event-rules.ts';
import type { Tally } from './serialiser.ts';

/** Counters by key of one thread: as many files as the keys need. */
export class MapCounters {
  readonly #processPath: string;
  readonly #folders: readonly string[];
  readonly #onCopied: () => void;
  readonly #files: ThreadCounters[] = [];
  readonly #cells = new Map<string, CounterCell>();

  /**
   * @param processPath directory of this process in a session, which is there as long as the session is.
   * @param folders that the files go to, one in the other, below it; made when there is something to count.
   * @param onCopied called when there is a file that has to be saved now and then.
   */
  constructor(processPath: string, folders: readonly string[], onCopied: () => void) {
    this.#processPath = processPath;
    this.#folders = folders;
    this.#onCopied = onCopied;
  }

  /**
   * The cell of a key; undefined when the map has as many as it may, or the key is too long. Throws what the file system
   * throws.
   */
  cell(key: string, maxKeys: number): CounterCell | undefined {
    const known = this.#cells.get(key);
    if (known !== undefined) return known;
    if (this.#cells.size >= maxKeys) return undefined;
    const cell = this.#files.at(-1)?.cell(key) ?? this.#inNewFile(key);
    if (cell !== undefined) this.#cells.set(key, cell);
    return cell;
  }

  /** Writes the values out, where the files are not the memory itself. Throws what the file system throws. */
  save(): void {
    for (const file of this.#files) file.save();
  }

  #inNewFile(key: string): CounterCell | undefined {
    if (!ThreadCounters.takesName(key)) return undefined;
    let path = this.#processPath;
    for (const folder of this.#folders) {
      path = join(path, folder);
      makePrivateFolder(path);
    }
    const file = new ThreadCounters(path);
    this.#files.push(file);
    if (!file.isMapped) this.#onCopied();
    return file.cell(key);
  }
}

/** One rule by which events are counted, in one thread. */
export class CountWriter {
  readonly #description: CountDescription;
  readonly #rules: RuleSet;
  readonly #key: readonly NameTemplatePart[];
  readonly #counters: MapCounters;
  readonly #contexts: ContextCatalogue;

  /** @throws SpoorError `filter/…` when a filter or the key cannot be read. */
  constructor(description: CountDescription, counters: MapCounters, contexts: ContextCatalogue) {
    this.#description = description;
    this.#rules = new RuleSet(description.rules);
    this.#key = parseNameTemplate(description.key);
    this.#counters = counters;
    this.#contexts = contexts;
  }

  /** Whether events of this class may be counted. */
  takes(declaration: Declaration): boolean {
    return this.#rules.takes(declaration);
  }

  /** Marks the values of the event's first field with which it may be counted. */
  markTaken(declaration: Declaration, marks: Uint8Array): void {
    markTaken(this.#rules.verdict(declaration, this.#contexts), marks);
  }

  /** Where events of this class are counted; undefined when none are. Throws what the file system throws. */
  tallyOf(declaration: Declaration): Tally | undefined {
    const verdict = this.#rules.verdict(declaration, this.#contexts);
    if (verdict === 'none') return undefined;
    const cell = this.#counters.cell(
      expandNameTemplate(this.#key, declaration.name),
      this.#description.maxKeys,
    );
    return cell === undefined ? undefined : { cell, filters: verdict === 'all' ? undefined : verdict };
  }
}
