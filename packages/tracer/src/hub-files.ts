// The files by which hubs say that their sessions have changed.
import { HUB_FILE } from '@spoor/ringbuffer';
import { statSync } from '@spoor/sys';
import { join } from 'node:path';

/** One, as it was when it was last looked at; a file that there is not has no inode. */
interface HubFile {
  readonly path: string;
  inode: number;
  changedMs: number;
}

const missingIsNone = { throwIfNoEntry: false } as const;
/** What a file is that there is not. */
const none = { ino: 0, mtimeMs: 0 } as const;

export class HubFiles {
  readonly #files: readonly HubFile[];

  /** @param roots directories of sessions, or of hubs of sessions. */
  constructor(roots: readonly string[]) {
    this.#files = roots.map((root) => ({ path: join(root, HUB_FILE), inode: 0, changedMs: 0 }));
  }

  /** Whether any of the roots is that of a hub now. */
  get areThere(): boolean {
    return this.#files.some(({ path }) => statSync(path, missingIsNone) !== undefined);
  }

  /** Whether any has changed since this was asked last. */
  haveChanged(): boolean {
    let haveChanged = false;
    for (const file of this.#files) {
      const { ino: inode, mtimeMs } = statSync(file.path, missingIsNone) ?? none;
      if (inode === file.inode && mtimeMs === file.changedMs) continue;
      file.inode = inode;
      file.changedMs = mtimeMs;
      haveChanged = true;
    }
    return haveChanged;
  }
}
