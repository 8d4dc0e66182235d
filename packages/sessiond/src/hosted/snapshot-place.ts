/**
 * Where a snapshot is written: aside, under a name that no reader of traces looks for, until it is whole. What is under
 * way is noted beside the rings, so that whoever comes after a kill takes half a snapshot away, and completes a whole one.
 */
import { ensureDirectory } from '@spoor/ctf/node';
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { type FileUser, asUser } from '@spoor/sys';
import { outputError } from '../output-error.ts';
import type { HostMethods } from './host-protocol.ts';

/** Where a session's directory in shared memory says what snapshot was begun last. */
const SNAPSHOT_FILE = 'snapshot.json';

type SnapshotResult = HostMethods['snapshot']['result'];

interface SnapshotNote {
  readonly path: string;
  /** There once all of it is written. */
  readonly result?: SnapshotResult;
}

/** The snapshots of one session, one at a time. */
export class SnapshotPlace {
  readonly #notePath: string;
  readonly #writer: FileUser | undefined;

  /**
   * Ends what an earlier consumer was killed over.
   * @param writer with whose rights snapshots are written, where not with those of this process.
   */
  constructor(sessionPath: string, writer?: FileUser) {
    this.#writer = writer;
    this.#notePath = join(sessionPath, SNAPSHOT_FILE);
    const note = this.#read();
    if (note === undefined) return;
    asUser(writer, () => {
      if (note.result === undefined) rmSync(draftOf(note.path), { recursive: true, force: true });
      else settle(note.path);
    });
  }

  /**
   * Has `write` make a snapshot below the directory that it is given, and puts it in its place.
   * @returns at once when an earlier consumer made this one, and died over its answer.
   * @throws SpoorError `record/output`, and what `write` throws; nothing is left then.
   */
  async make(path: string, write: (draft: string) => Promise<SnapshotResult>): Promise<SnapshotResult> {
    const earlier = this.#read();
    if (earlier?.path === path && earlier.result !== undefined) return earlier.result;
    const draft = draftOf(path);
    this.#write({ path });
    try {
      asUser(this.#writer, () => makeDirectory(draft));
      const result = await write(draft);
      this.#write({ path, result });
      asUser(this.#writer, () => settle(path));
      return result;
    } catch (error) {
      asUser(this.#writer, () => rmSync(draft, { recursive: true, force: true }));
      this.#write(undefined);
      throw error;
    }
  }

  #read(): SnapshotNote | undefined {
    try {
      return JSON.parse(readFileSync(this.#notePath, 'utf8')) as SnapshotNote;
    } catch {
      return undefined;
    }
  }

  #write(note: SnapshotNote | undefined): void {
    if (note === undefined) {
      rmSync(this.#notePath, { force: true });
      return;
    }
    const draft = `${this.#notePath}.draft`;
    try {
      writeFileSync(draft, JSON.stringify(note), { mode: 0o600 });
      renameSync(draft, this.#notePath);
    } catch {
      // Shared memory is full: the snapshot counts more than what a kill would leave of it.
      rmSync(draft, { force: true });
    }
  }
}

function draftOf(path: string): string {
  return join(dirname(path), `.${basename(path)}.part`);
}

/** Also where no program has recorded anything: whoever asked is told of a directory that is there. */
function makeDirectory(path: string): void {
  try {
    ensureDirectory(path);
  } catch (cause) {
    throw outputError(path, cause);
  }
}

/** @throws SpoorError `record/output`. */
function settle(path: string): void {
  const draft = draftOf(path);
  // It was done before a kill.
  if (!existsSync(draft)) return;
  try {
    renameSync(draft, path);
  } catch (cause) {
    throw outputError(path, cause);
  }
}
