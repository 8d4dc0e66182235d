/**
 * Sessions in files, one file a session: version 1 is JSON, `{ "version": 1, "session": … }` (docs/design/formats.md), or
 * LTTng's XML.
 */
import { mkdirSync, readFileSync, readdirSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { SpoorError } from '@spoor/base';
import { type Output, type SavedSession, homeDirectory } from '@spoor/control';
import { renamedTriggers, type SessionWithTriggers } from './saved-triggers.ts';
import { usualPath } from './usual-path.ts';

const SAVED_VERSION = 1;
/** Ours, or LTTng's. */
export type SavedFormat = 'json' | 'lttng';

const suffixes: Readonly<Record<SavedFormat, string>> = { json: '.json', lttng: '.lttng' };
/** Folders of the home directory that are meant where none is named. */
const folders: Readonly<Record<SavedFormat, string>> = {
  json: '.spoor/sessions',
  lttng: '.lttng/sessions',
};
/** Session files are small; what is larger is something else. */
const MOST_FILE_BYTES = 64 * 1024 * 1024;
/** What the usual directory of a session ends with. */
const dated = /-\d{8}-\d{6}(?:-\d+)?$/;

/** The directory or file that is meant: the usual directory when none is named. */
export function savedPath(path: string | undefined, format: SavedFormat = 'json'): string {
  return path === undefined ? join(homeDirectory(process.env), folders[format]) : resolve(path);
}

/** How sessions are saved. */
export interface SavingOptions {
  readonly format: SavedFormat;
  /** Whether files that are there give way. */
  readonly force?: true;
}

/** Files that were written. */
export interface SavedFiles {
  readonly paths: readonly { readonly session: string; readonly path: string }[];
  /** What the form has no place for, a line each. */
  readonly warnings: readonly string[];
}

/**
 * Writes a file for each session.
 * @throws SpoorError `control/file-exists`, `control/cannot-save`.
 */
export async function saveSessions(
  sessions: readonly SessionWithTriggers[],
  folder: string | undefined,
  { format, force }: SavingOptions,
): Promise<SavedFiles> {
  const target = savedPath(folder, format);
  const warnings: string[] = [];
  const paths = [];
  for (const session of sessions) {
    const path = join(target, `${session.name}${suffixes[format]}`);
    if (force !== true && statSync(path, { throwIfNoEntry: false }) !== undefined) {
      throw new SpoorError('control/file-exists', `session ${session.name} is saved already`, {
        where: path,
        hint: '--force replaces the file',
      });
    }
    const written = await textOf(session, format);
    warnings.push(...written.warnings);
    try {
      mkdirSync(target, { recursive: true, mode: 0o700 });
      writeFileSync(`${path}.draft`, written.text, { mode: 0o600 });
      renameSync(`${path}.draft`, path);
    } catch (cause) {
      throw new SpoorError('control/cannot-save', `cannot save session ${session.name}`, {
        where: path,
        cause,
      });
    }
    paths.push({ session: session.name, path });
  }
  return { paths, warnings };
}

async function textOf(
  session: SessionWithTriggers,
  format: SavedFormat,
): Promise<{ readonly text: string; readonly warnings: readonly string[] }> {
  const {
    id: _id,
    ownerUid: _owner,
    createdMs: _made,
    hasStarted: _s,
    snapshotCount: _n,
    chunkId: _c,
    ...saved
  } = session;
  if (format === 'lttng') {
    const { writeSessionFile } = await import('../lttng/write-session-file.ts');
    return writeSessionFile(saved);
  }
  return {
    text: `${JSON.stringify({ version: SAVED_VERSION, session: saved }, null, 2)}\n`,
    warnings: [],
  };
}

/** How loaded sessions differ from what the files say. */
export interface Overrides {
  readonly name?: string;
  readonly output?: Output;
}

/** Sessions of files. */
export interface LoadedFiles {
  readonly saved: readonly SavedSession[];
  /** What of the files has no meaning here, a line each. */
  readonly warnings: readonly string[];
}

/**
 * Reads sessions from a file, or from the files of a directory.
 * @param name the session that is wanted; all when undefined.
 * @throws SpoorError `control/cannot-load`, `control/no-session`; about files of LTTng `lttng/session-file`,
 *   `lttng/malformed-xml`.
 */
export async function loadSessions(
  path: string | undefined,
  name: string | undefined,
  overrides: Overrides,
): Promise<LoadedFiles> {
  const place = savedPath(path);
  const found = statSync(place, { throwIfNoEntry: false });
  if (found === undefined) {
    throw new SpoorError('control/cannot-load', 'there is no such file or directory', { where: place });
  }
  const files = found.isDirectory() ? sessionFiles(place) : [place];
  const warnings: string[] = [];
  const saved: SavedSession[] = [];
  for (const file of files) {
    const read = await readSaved(file);
    const wanted = read.sessions.filter((session) => name === undefined || session.name === name);
    saved.push(...wanted.map((session) => overridden(session, overrides)));
    if (wanted.length > 0) warnings.push(...read.warnings);
  }
  if (saved.length === 0) {
    throw new SpoorError(
      'control/no-session',
      name === undefined ? 'no session is saved' : `no saved session is named ${name}`,
      { where: place },
    );
  }
  return { saved, warnings };
}

/** Files of a directory in their order; of a session that is there in both forms ours, which says more. */
function sessionFiles(folder: string): readonly string[] {
  const names = readdirSync(folder).sort();
  return names
    .filter((file) => {
      if (file.endsWith(suffixes.json)) return true;
      const stem = file.slice(0, -suffixes.lttng.length);
      return file.endsWith(suffixes.lttng) && !names.includes(`${stem}${suffixes.json}`);
    })
    .map((file) => join(folder, file));
}

async function readSaved(
  path: string,
): Promise<{ readonly sessions: readonly SavedSession[]; readonly warnings: readonly string[] }> {
  let text: string;
  try {
    const found = statSync(path);
    // A pipe that nobody writes to would never be read.
    if (!found.isFile()) throw new SpoorError('control/cannot-load', 'it is no file');
    if (found.size > MOST_FILE_BYTES) {
      throw new SpoorError('control/cannot-load', `it is larger than ${MOST_FILE_BYTES} bytes`);
    }
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    throw new SpoorError('control/cannot-load', 'the file is no saved session', { where: path, cause });
  }
  if (path.endsWith(suffixes.lttng) || /^\s*</.test(text)) {
    const { readSessionFile } = await import('../lttng/read-session-file.ts');
    return readSessionFile(text, path);
  }
  return { sessions: [savedOf(text, path)], warnings: [] };
}

function savedOf(text: string, path: string): SavedSession {
  try {
    const { version, session } = JSON.parse(text) as {
      readonly version?: unknown;
      readonly session?: unknown;
    };
    if (version !== SAVED_VERSION) {
      throw new SpoorError('control/version', `it is of version ${String(version)}, not ${SAVED_VERSION}`);
    }
    if (typeof session !== 'object' || session === null) {
      throw new SpoorError('control/cannot-load', 'it has no session');
    }
    return session as SavedSession;
  } catch (cause) {
    throw new SpoorError('control/cannot-load', 'the file is no saved session', { where: path, cause });
  }
}

/** A trace is never mixed with that of an earlier time: a directory that has a date in its name gets that of now. */
function overridden(saved: SavedSession, { name = saved.name, output }: Overrides): SavedSession {
  const session = { ...saved, ...renamedTriggers(saved, name) };
  const place = output ?? session.output;
  if (place === undefined) return { ...session, name };
  const isUsual = output === undefined && place.kind === 'local' && dated.test(place.path);
  return { ...session, name, output: isUsual ? { kind: 'local', path: usualPath(name) } : place };
}
