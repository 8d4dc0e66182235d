import { accessSync, constants, mkdirSync, readdirSync, rmdirSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { SpoorError } from '@spoor/base';
import { localTimestamp } from '@spoor/control';

export { localTimestamp };

/** A text as one component of a path: what the shell or a reader may stumble over becomes `_`. */
export function pathComponent(text: string): string {
  const safe = text.replace(/[^\w.+@=,-]/g, '_').slice(0, 100);
  return /^\.*$/.test(safe) ? `_${safe}` : safe;
}

/** Name of a recording: the last part of the program's path. */
export function recordingName(command: string): string {
  return pathComponent(basename(command));
}

/**
 * Where a recording goes when nobody says: `$LTTNG_HOME/lttng-traces/NAME-YYYYmmdd-HHMMSS`, or below the home
 * directory. A number is appended when that exists already.
 */
export function defaultOutputDirectory(
  name: string,
  date: Date,
  environment: Readonly<Record<string, string | undefined>>,
): string {
  const lttngHome = environment['LTTNG_HOME'];
  const home = lttngHome !== undefined && lttngHome !== '' ? lttngHome : homedir();
  const path = join(home, 'lttng-traces', `${name}-${localTimestamp(date)}`);
  for (let number = 1; ; number += 1) {
    const candidate = number === 1 ? path : `${path}-${number}`;
    if (statSync(candidate, { throwIfNoEntry: false }) === undefined) return candidate;
  }
}

/** An output directory that is ready to be written to. */
export interface PreparedDirectory {
  /** Absolute path. */
  readonly path: string;
  /** Takes away the directories that were made, as far as they are still empty. */
  removeIfEmpty(): void;
}

/**
 * Makes a directory and those above it; returns the topmost that was made. (Node's recursive `mkdirSync` of 20.x
 * never returns where the file system answers ENOENT to any creation, as /proc does.)
 */
export function makeWithParents(path: string, mode: number = 0o777): string {
  const parent = dirname(path);
  const isMissing = statSync(parent, { throwIfNoEntry: false }) === undefined;
  const above = isMissing ? makeWithParents(parent, mode) : undefined;
  mkdirSync(path, mode);
  return above ?? path;
}

/**
 * Makes the output directory with its parents, or takes an existing one that is empty.
 * @throws SpoorError `record/output-not-empty`, `record/output-not-a-directory`, `record/output-not-writable`.
 */
export function prepareOutputDirectory(given: string): PreparedDirectory {
  const path = resolve(given);
  const existing = statSync(path, { throwIfNoEntry: false });
  let firstMade: string | undefined;
  try {
    if (existing === undefined) {
      firstMade = makeWithParents(path);
    } else if (!existing.isDirectory()) {
      throw new SpoorError('record/output-not-a-directory', 'the output is not a directory', {
        where: path,
        hint: 'name a new directory with -o',
      });
    } else if (readdirSync(path).length > 0) {
      throw new SpoorError('record/output-not-empty', 'the output directory is not empty', {
        where: path,
        hint: 'a trace is never mixed with other files; name a new directory with -o',
      });
    }
    accessSync(path, constants.W_OK | constants.X_OK);
  } catch (error) {
    if (error instanceof SpoorError) throw error;
    throw new SpoorError('record/output-not-writable', 'cannot write to the output directory', {
      where: path,
      hint: 'choose another place with -o DIR or LTTNG_HOME',
      cause: error,
    });
  }
  return {
    path,
    removeIfEmpty() {
      if (firstMade === undefined) return;
      try {
        for (let at = path; ; at = dirname(at)) {
          rmdirSync(at);
          if (at === firstMade) return;
        }
      } catch {
        // Something is in it: it stays.
      }
    },
  };
}
