/** Sessions in files: version 1 is JSON, `{ "version": 1, "session": … }`, one file a session (docs/design/formats.md). */
import { mkdirSync, readFileSync, readdirSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { SpoorError } from '@spoor/base';
import {
  type Environment,
  type Output,
  type SavedSession,
  type Session,
  homeDirectory,
} from '@spoor/control';
import { usualPath } from './usual-path.ts';

const SAVED_VERSION = 1;
const SUFFIX = '.json';
/** What the usual directory of a session ends with. */
const dated = /-\d{8}-\d{6}(?:-\d+)?$/;

function usualFolder(environment: Environment): string {
  return join(homeDirectory(environment), '.spoor', 'sessions');
}

/** The directory or file that is meant: the usual directory when none is named. */
export function savedPath(path: string | undefined): string {
  return path === undefined ? usualFolder(process.env) : resolve(path);
}

/**
 * Writes a file for each session.
 * @throws SpoorError `control/file-exists`, `control/cannot-save`.
 */
export function saveSessions(
  sessions: readonly Session[],
  folder: string | undefined,
  isForced: boolean,
): readonly { readonly session: string; readonly path: string }[] {
  const target = savedPath(folder);
  return sessions.map((session) => {
    const path = join(target, `${session.name}${SUFFIX}`);
    if (!isForced && statSync(path, { throwIfNoEntry: false }) !== undefined) {
      throw new SpoorError('control/file-exists', `session ${session.name} is saved already`, {
        where: path,
        hint: '--force replaces the file',
      });
    }
    const { id: _id, createdMs: _made, hasStarted: _s, snapshotCount: _n, chunkId: _c, ...saved } = session;
    try {
      mkdirSync(target, { recursive: true, mode: 0o700 });
      writeFileSync(
        `${path}.draft`,
        `${JSON.stringify({ version: SAVED_VERSION, session: saved }, null, 2)}\n`,
        {
          mode: 0o600,
        },
      );
      renameSync(`${path}.draft`, path);
    } catch (cause) {
      throw new SpoorError('control/cannot-save', `cannot save session ${session.name}`, {
        where: path,
        cause,
      });
    }
    return { session: session.name, path };
  });
}

/** How loaded sessions differ from what the files say. */
export interface Overrides {
  readonly name?: string;
  readonly output?: Output;
}

/**
 * Reads sessions from a file, or from the files of a directory.
 * @param name the session that is wanted; all when undefined.
 * @throws SpoorError `control/cannot-load`, `control/no-session`.
 */
export function loadSessions(
  path: string | undefined,
  name: string | undefined,
  overrides: Overrides,
): readonly SavedSession[] {
  const place = savedPath(path);
  const found = statSync(place, { throwIfNoEntry: false });
  if (found === undefined) {
    throw new SpoorError('control/cannot-load', 'there is no such file or directory', { where: place });
  }
  const files = found.isDirectory()
    ? readdirSync(place)
        .filter((file) => file.endsWith(SUFFIX))
        .map((file) => join(place, file))
    : [place];
  const sessions = files.map(readSaved).filter((session) => name === undefined || session.name === name);
  if (sessions.length === 0) {
    throw new SpoorError(
      'control/no-session',
      name === undefined ? 'no session is saved' : `no saved session is named ${name}`,
      {
        where: place,
      },
    );
  }
  return sessions.map((session) => overridden(session, overrides));
}

function readSaved(path: string): SavedSession {
  try {
    const { version, session } = JSON.parse(readFileSync(path, 'utf8')) as {
      readonly version?: unknown;
      readonly session?: unknown;
    };
    if (version !== SAVED_VERSION || typeof session !== 'object' || session === null) {
      throw new SpoorError('control/version', `it is of version ${String(version)}, not ${SAVED_VERSION}`);
    }
    return session as SavedSession;
  } catch (cause) {
    throw new SpoorError('control/cannot-load', 'the file is no saved session', { where: path, cause });
  }
}

/** A trace is never mixed with that of an earlier time: a directory that has a date in its name gets that of now. */
function overridden(session: SavedSession, { name = session.name, output }: Overrides): SavedSession {
  const place = output ?? session.output;
  if (place === undefined) return { ...session, name };
  const isUsual = output === undefined && place.kind === 'local' && dated.test(place.path);
  return { ...session, name, output: isUsual ? { kind: 'local', path: usualPath(name) } : place };
}
