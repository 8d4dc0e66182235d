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

  /** All sessions that an earlier daemon left, in the order of their numbers, and files that cannot be used. */
  readAll(): { readonly sessions: readonly StoredSession[]; readonly unusable: readonly string[] } {
    const sessions: StoredSession[] = [];
    const unusable: string[] = [];
    for (const name of readdirSync(this.#folder)) {
      if (!fileName.test(name)) continue;
      const path = join(this.#folder, name);
      try {
        const { version, session, run } = JSON.parse(readFileSync(path, 'utf8')) as StoredSession & {
          readonly version: number;
        };
        if (version !== STATE_VERSION) throw new SpoorError('control/state', `its version is ${version}`);
        sessions.push({ session, run });
      } catch {
        unusable.push(path);
      }
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
