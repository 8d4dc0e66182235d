/** One daemon in a directory: a file that names the process, made by link(2), and left behind by a killed one. */
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PathMark } from '../path-mark.ts';
import { isProcessAlive, ownIdentity, parseIdentity, type ProcessIdentity } from '../process-identity.ts';

const LOCK_FILE = 'daemon.json';

/** The lock that this process has taken, as long as it has it: see {@link PathMark.state}. */
export function lockMark(directory: string): PathMark {
  return new PathMark(join(directory, LOCK_FILE));
}

/** The daemon of a directory, if one runs. */
export function runningDaemon(directory: string): ProcessIdentity | undefined {
  const identity = readIdentity(join(directory, LOCK_FILE));
  return identity !== undefined && isProcessAlive(identity) ? identity : undefined;
}

/** Makes this process the daemon of a directory; false when another one is. */
export function takeLock(directory: string): boolean {
  const path = join(directory, LOCK_FILE);
  const draft = `${path}.${process.pid}`;
  writeFileSync(draft, JSON.stringify(ownIdentity()), { mode: 0o600 });
  try {
    for (;;) {
      try {
        linkSync(draft, path);
        return true;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      }
      const holder = readIdentity(path);
      if (holder !== undefined && isProcessAlive(holder)) return false;
      removeStale(path, draft, holder);
    }
  } finally {
    rmSync(draft, { force: true });
  }
}

/** Takes away what a killed daemon left, unless another one has put its own there meanwhile. */
function removeStale(path: string, draft: string, stale: ProcessIdentity | undefined): void {
  const aside = `${draft}.stale`;
  try {
    renameSync(path, aside);
  } catch {
    return; // Another one was faster.
  }
  const moved = readIdentity(aside);
  try {
    if (moved !== undefined && moved.pid !== stale?.pid && isProcessAlive(moved)) linkSync(aside, path);
  } catch {
    // A third one has it: it lives, or is found stale in its turn.
  }
  rmSync(aside, { force: true });
}

/** Ends being the daemon. */
export function leaveLock(directory: string): void {
  rmSync(join(directory, LOCK_FILE), { force: true });
}

function readIdentity(path: string): ProcessIdentity | undefined {
  try {
    return parseIdentity(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}
