/**
 * The current trace chunk of a session. The first lies in the session's output directory itself, later ones in folders
 * `BEGIN-ID` of it, and finished ones in `archives/BEGIN-END-ID`, as LTTng has them. The step from one to the next is
 * noted before it is done, so that whoever comes after a kill in the middle completes it.
 */
import { ensureDirectory } from '@spoor/ctf/node';
import { existsSync, readFileSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type FileUser, asUser } from '@spoor/sys';
import { outputError } from '../output-error.ts';
import type { ChunkChange } from './host-protocol.ts';

/** Folders of a chunk, one a domain. */
const domainFolders = ['ust', 'kernel'] as const;
/** Where a session's directory in shared memory says what its current chunk is. */
const CHUNK_FILE = 'chunk.json';

interface ChunkNote {
  readonly outputDir: string;
  /** A step that was begun: nothing is written to the chunk any more. */
  readonly change?: ChunkChange;
}

/** Directory of the current chunk of a session, as its consumer noted it; undefined where it did not. */
export function currentChunkDir(sessionPath: string): string | undefined {
  return readNote(join(sessionPath, CHUNK_FILE))?.outputDir;
}

function readNote(path: string): ChunkNote | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as ChunkNote;
  } catch {
    return undefined;
  }
}

/** Where the current chunk of a session lies. */
export class TraceChunk {
  readonly #notePath: string;
  readonly #writer: FileUser | undefined;
  #outputDir: string;

  /**
   * Completes the step that an earlier consumer was killed in.
   * @param firstDir of the first chunk.
   * @param writer with whose rights it is written, where not with those of this process.
   * @throws SpoorError `record/output`.
   */
  constructor(sessionPath: string, firstDir: string, writer?: FileUser) {
    this.#writer = writer;
    this.#notePath = join(sessionPath, CHUNK_FILE);
    const note = readNote(this.#notePath);
    this.#outputDir = note?.outputDir ?? firstDir;
    if (note?.change !== undefined) this.#carryOut(note.change);
  }

  get outputDir(): string {
    return this.#outputDir;
  }

  /** Whether the step is done already: the current chunk is the next one, or a later one. */
  isDone(change: ChunkChange): boolean {
    return this.#outputDir !== change.from;
  }

  /**
   * Goes to the next chunk. Nothing may be written to the current one meanwhile.
   * @throws SpoorError `record/output`.
   */
  change(change: ChunkChange): void {
    this.#write({ outputDir: this.#outputDir, change });
    this.#carryOut(change);
  }

  /** Bytes of the stream files of the current chunk. */
  sizeBytes(): number {
    let sum = 0;
    for (const folder of domainFolders) {
      sum += asUser(this.#writer, () => sizeOf(join(this.#outputDir, folder)));
    }
    return sum;
  }

  #carryOut(change: ChunkChange): void {
    try {
      asUser(this.#writer, () => moveChunk(change));
    } catch (cause) {
      // The chunk goes on.
      this.#write({ outputDir: this.#outputDir });
      throw outputError(change.archive ?? change.from, cause);
    }
    this.#outputDir = change.next;
    this.#write({ outputDir: change.next });
  }

  #write(note: ChunkNote): void {
    const draft = `${this.#notePath}.draft`;
    writeFileSync(draft, JSON.stringify(note), { mode: 0o600 });
    renameSync(draft, this.#notePath);
  }
}

/** Moves or removes what lies in `from`. Done again after a kill in the middle, it moves what was left. */
export function moveChunk({ from, archive, next }: ChunkChange): void {
  if (archive === null) {
    if (next !== from) {
      rmSync(from, { recursive: true, force: true });
      return;
    }
    for (const folder of domainFolders) rmSync(join(from, folder), { recursive: true, force: true });
    return;
  }
  // A folder of its own is moved as a whole; it is that of the archives where the first chunk lies.
  const isWhole = dirname(archive) !== join(from, 'archives');
  if (isWhole) {
    if (!existsSync(from)) return;
    ensureDirectory(dirname(archive));
    renameSync(from, archive);
    return;
  }
  ensureDirectory(archive);
  for (const folder of domainFolders) {
    const path = join(from, folder);
    if (existsSync(path)) renameSync(path, join(archive, folder));
  }
}

function sizeOf(path: string): number {
  let sum = 0;
  try {
    for (const entry of readdirSync(path, { withFileTypes: true })) {
      const below = join(path, entry.name);
      if (entry.isDirectory()) sum += entry.name === 'index' ? 0 : sizeOf(below);
      else if (entry.name !== 'metadata') sum += statSync(below).size;
    }
  } catch {
    // It is not there, or going.
  }
  return sum;
}
