/** Whether what lies at a path is still what lay there: somebody may have removed it, and another process made the same anew. */
import { type BigIntStats, statSync } from 'node:fs';

/** A file or directory as it was when this was made. */
export class PathMark {
  readonly #path: string;
  readonly #device: bigint | undefined;
  readonly #inode: bigint | undefined;

  /** @param path may be a symbolic link: what it leads to counts. */
  constructor(path: string) {
    this.#path = path;
    const { dev, ino } = statOf(path) ?? {};
    this.#device = dev;
    this.#inode = ino;
  }

  /** What is at the path now: the same, another one, or nothing. */
  get state(): 'same' | 'replaced' | 'removed' {
    const found = statOf(this.#path);
    if (found === undefined) return 'removed';
    return found.ino === this.#inode && found.dev === this.#device ? 'same' : 'replaced';
  }
}

/** @returns undefined where there is nothing. */
function statOf(path: string): BigIntStats | undefined {
  try {
    return statSync(path, { bigint: true, throwIfNoEntry: false });
  } catch (error) {
    // A file took the place of a directory above it.
    if ((error as NodeJS.ErrnoException).code === 'ENOTDIR') return undefined;
    throw error;
  }
}
