// Hears the threads that wake the reader of the watch session: each writes to a file beside its process's directory.
import { type FSWatcher, mkdirSync, watch } from 'node:fs';
import { join } from 'node:path';
import { USERS_FOLDER, WAKES_FOLDER } from '@spoor/ringbuffer';
import { type FileUser, asUser } from '@spoor/sys';
import { userFolders } from '../other-users.ts';

const wakeName = /^(\d+-\d+)\.(\d+)$/;

/** Watches the folder of wakes of this user, and that of each user whose programs have joined. */
export class WakeWatch {
  readonly #path: string;
  readonly #onWake: (process: string, ring: number) => void;
  /** By the folder that it is in: '' of this user. */
  readonly #watchers = new Map<string, FSWatcher>();
  readonly #newcomers: FSWatcher | undefined;

  /**
   * @param path of the watch session, which is there.
   * @param onWake takes the name of a process's directory, below that of the session, and the number of a ring. What is not
   * heard, for programs of other users may wake before their folder is known, is found by looking now and then.
   */
  constructor(path: string, onWake: (process: string, ring: number) => void) {
    this.#path = path;
    this.#onWake = onWake;
    this.#watch('', undefined);
    this.#newcomers = tryWatch(join(path, USERS_FOLDER), () => this.update());
    this.update();
  }

  /** Takes users in that are new, and leaves those alone that are gone. */
  update(): void {
    const folders = userFolders(this.#path);
    const names = new Set(['', ...folders.map(({ name }) => `${name}/`)]);
    for (const [name, watcher] of this.#watchers) {
      if (names.has(name)) continue;
      watcher.close();
      this.#watchers.delete(name);
    }
    for (const { name, user } of folders) {
      if (!this.#watchers.has(`${name}/`)) this.#watch(`${name}/`, user);
    }
  }

  close(): void {
    this.#newcomers?.close();
    for (const watcher of this.#watchers.values()) watcher.close();
    this.#watchers.clear();
  }

  #watch(place: string, user: FileUser | undefined): void {
    const folder = join(this.#path, place, WAKES_FOLDER);
    const watcher = asUser(user, () => {
      try {
        mkdirSync(folder, { mode: 0o700 });
      } catch {
        // It is there, or its user wants none.
      }
      return tryWatch(folder, (name) => {
        const parts = wakeName.exec(name ?? '');
        if (parts !== null) this.#onWake(place + parts[1], Number(parts[2]));
      });
    });
    if (watcher !== undefined) this.#watchers.set(place, watcher);
  }
}

/** Watches a directory; undefined where that is not there, or the system has no watch to give. */
function tryWatch(path: string, onChange: (name: string | null) => void): FSWatcher | undefined {
  try {
    return watch(path, (_, name) => onChange(name)).on('error', () => undefined);
  } catch {
    return undefined;
  }
}
