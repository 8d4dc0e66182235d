/** Taking a directory away so that nobody, also after a kill in the middle, takes what is left of it for a whole one. */
import { readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const mark = '.gone';

/** Whether a directory of this name is on its way out. */
export function isGone(name: string): boolean {
  return name.endsWith(mark);
}

/** Removes a directory with all that is in it: from the first moment on it has a name that {@link isGone}. */
export function removeDirectory(path: string): void {
  let doomed = path;
  if (!isGone(path)) {
    try {
      renameSync(path, path + mark);
      doomed = path + mark;
    } catch {
      // It is not there, or one that was killed over its own removal left something under that name.
    }
  }
  rmSync(doomed, { recursive: true, force: true });
}

/** Removes what is left below `path` of directories whose removal was broken off. */
export function finishRemovals(path: string): void {
  try {
    for (const name of readdirSync(path)) {
      if (isGone(name)) rmSync(join(path, name), { recursive: true, force: true });
    }
  } catch {
    // It goes with the directory that it is in.
  }
}
