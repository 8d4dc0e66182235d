/** The sessions of a daemon on disk, so that the next daemon finds them: one file each, replaced whole. */
import { mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SpoorError } from '@spoor/base';
import type { Session } from '@spoor/control';
import type { SessionRun } from './describe-session.ts';

/** Version of the files. */
const STATE_VERSION = 1;
const fileName = /^(\d+)\.json$/;

/** A session as it is kept. */
export interface StoredSession {
  readonly session: Session;
  readonly run: SessionRun;
}

/** What a file has; undefined of one that nobody wrote whole. */
function readStored(path: string): (StoredSession & { readonly version: number }) | undefined {
  try {
    const stored = JSON.parse(readFileSync(path, 'utf8')) as StoredSession & { readonly version: number };
    return typeof stored.version === 'number' ? stored : undefined;
  } catch {
    return undefined;
  }
}

function otherState(where: string, version: number): SpoorError {
  return new SpoorError(
    'control/state',
    `a session was noted by a daemon of another release (version ${version} of the file, not ${STATE_VERSION})`,
    {
      where,
      hint: 'have that release destroy its sessions: spoor destroy --all; or remove the file, and what is in its buffers is lost',
    },
  );
}

export class SessionStore {
  readonly #folder: string;
  #lastId: number | undefined;

  constructor(folder: string) {
    this.#folder = folder;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  }

  /** @throws SpoorError `control/state` when it cannot be written. */
  write(stored: StoredSession): void {
    const path = join(this.#folder, `${stored.session.id}.json`);
    const draft = `${path}.draft`;
    try {
      writeFileSync(draft, JSON.stringify({ version: STATE_VERSION, ...stored }), { mode: 0o600 });
      renameSync(draft, path);
    } catch (cause) {
      throw new SpoorError('control/state', 'the session cannot be noted for the next daemon', {
        where: path,
        cause,
      });
    }
  }

  remove(id: number): void {
    rmSync(join(this.#folder, `${id}.json`), { force: true });
  }

  /**
   * All sessions that an earlier daemon left, in the order of their numbers, and files that cannot be used.
   * @throws SpoorError `control/state` for what another release noted: its sessions may still be recorded.
   */
  readAll(): { readonly sessions: readonly StoredSession[]; readonly unusable: readonly string[] } {
    const sessions: StoredSession[] = [];
    const unusable: string[] = [];
    for (const name of readdirSync(this.#folder)) {
      if (!fileName.test(name)) continue;
      const path = join(this.#folder, name);
      const stored = readStored(path);
      if (stored === undefined) unusable.push(path);
      else if (stored.version === STATE_VERSION) sessions.push({ session: stored.session, run: stored.run });
      else throw otherState(path, stored.version);
    }
    return { sessions: sessions.sort((a, b) => a.session.id - b.session.id), unusable };
  }

  /** The number for the next session: no session ever had it. */
  nextId(): number {
    const path = join(this.#folder, 'last-id');
    const next = (this.#lastId ?? this.#readLastId(path)) + 1;
    writeFileSync(path, String(next), { mode: 0o600 });
    this.#lastId = next;
    return next;
  }

  #readLastId(path: string): number {
    let last = 0;
    try {
      const noted = Number(readFileSync(path, 'utf8'));
      if (Number.isSafeInteger(noted) && noted > 0) last = noted;
    } catch {
      // The first one.
    }
    for (const name of readdirSync(this.#folder))
      last = Math.max(last, Number(fileName.exec(name)?.[1] ?? 0));
    return last;
  }
}
