/** The hub of a session daemon: by it programs learn of sessions (docs/design/control.md). */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import {
  CONSUMER_FILE,
  HUB_FILE,
  HUB_SESSIONS_FOLDER,
  RUN_VERSION,
  SESSION_FILE,
  type SessionDescription,
} from '@spoor/ringbuffer';
import { KERNEL_FILE, type KernelFile } from '../hosted/kernel-worker.ts';
import { ownIdentity } from '../process-identity.ts';
import { openToUsers, removeSession, servesUsers } from '../other-users.ts';
import { isGone } from '../removal.ts';
import { ensureRunDirectory, memoryError } from '../run-directory.ts';

/** How often idle programs look for changes. */
const WATCH_MS = 100;
/** Between the times of two files that replace each other: what a double has of a time in milliseconds is finer. */
const TIME_STEP_MS = 0.01;
/** Size of the file that names the consumer, always the same. */
const CONSUMER_FILE_BYTES = 128;

/** The directory of all sessions of a daemon. */
export class Hub {
  readonly path: string;
  readonly #sessions: string;
  #replacedMs = 0;

  /**
   * Makes the hub if it is not there.
   * @throws SpoorError `record/run-directory`, `record/run-directory-unsafe`, `record/no-shared-memory`.
   */
  constructor(path: string) {
    this.path = path;
    this.#sessions = join(path, HUB_SESSIONS_FOLDER);
    this.#make();
    // What could not be removed before.
    for (const name of readdirSync(this.#sessions))
      if (isGone(name)) removeSession(join(this.#sessions, name));
    this.touch();
  }

  /** Makes the directories that are not there: somebody may have removed them. */
  #make(): void {
    const { path } = this;
    // Who could put another directory in the place of this one could read what programs record.
    ensureRunDirectory(dirname(path));
    ensureRunDirectory(path);
    ensureRunDirectory(this.#sessions);
    if (servesUsers()) this.#letUsersIn();
  }

  /** Programs of all users find the hub and what its sessions ask for. */
  #letUsersIn(): void {
    for (const path of [dirname(this.path), this.path]) chmodSync(path, 0o711);
    chmodSync(this.#sessions, 0o755);
  }

  /** Directory of a session, whether or not it is there. */
  sessionPath(id: number): string {
    return join(this.#sessions, String(id));
  }

  /** Whether a session has a directory. */
  has(id: number): boolean {
    return existsSync(this.sessionPath(id));
  }

  /** Numbers of the sessions that have a directory. */
  sessionIds(): number[] {
    return readdirSync(this.#sessions)
      .filter((name) => /^\d+$/.test(name))
      .map(Number);
  }

  /**
   * Makes the directory of a session.
   * @param place of its rings; below it a directory is made.
   * @throws SpoorError `record/no-shared-memory`, `record/run-directory`.
   */
  create(id: number, place?: string): void {
    const path = this.sessionPath(id);
    if (!existsSync(this.#sessions)) this.#make();
    try {
      if (place === undefined) {
        mkdirSync(path, { mode: 0o700 });
      } else {
        mkdirSync(place, { mode: 0o700, recursive: true });
        symlinkSync(place, path);
      }
      // Its memory is taken now: later there may be none, and a consumer has to be able to say who it is.
      const consumer = join(path, CONSUMER_FILE);
      writeFileSync(consumer, ' '.repeat(CONSUMER_FILE_BYTES), { mode: 0o600 });
      if (servesUsers()) {
        // A thread that waits for room looks whether the consumer still lives.
        chmodSync(consumer, 0o644);
        openToUsers(path);
      }
    } catch (cause) {
      throw memoryError(path, cause);
    }
  }

  /**
   * Replaces what a session asks of programs; they learn of it by {@link touch}.
   * @throws SpoorError `record/no-shared-memory`, `record/run-directory`.
   */
  describe(id: number, description: SessionDescription): void {
    const shared = servesUsers() ? { ownerUid: process.geteuid?.() } : {};
    this.#replace(this.sessionPath(id), SESSION_FILE, { ...description, ...shared, owner: ownIdentity() });
  }

  /**
   * Replaces what a session asks of the kernel; the consumer looks at it when it is asked to attach.
   * @throws SpoorError `record/no-shared-memory`, `record/run-directory`.
   */
  describeKernel(id: number, file: KernelFile): void {
    const path = this.sessionPath(id);
    const draft = join(path, `.${KERNEL_FILE}`);
    try {
      writeFileSync(draft, JSON.stringify(file), { mode: 0o600 });
      renameSync(draft, join(path, KERNEL_FILE));
    } catch (cause) {
      throw memoryError(path, cause);
    }
  }

  /** Takes the directory of a session away with all that is in it. */
  remove(id: number, place?: string): void {
    if (place === undefined) {
      removeSession(this.sessionPath(id));
      return;
    }
    rmSync(this.sessionPath(id), { force: true });
    removeSession(place);
  }

  /** Has programs look at what is here now. */
  touch(): void {
    if (!existsSync(this.#sessions)) this.#make();
    this.#replace(this.path, HUB_FILE, { version: RUN_VERSION, watchMs: WATCH_MS });
  }

  /** Puts a file that programs of all users read in the place of what it was. They tell both apart by number and time. */
  #replace(folder: string, name: string, content: object): void {
    const draft = join(folder, `.${name}`);
    try {
      writeFileSync(draft, JSON.stringify(content), { mode: 0o600 });
      if (servesUsers()) chmodSync(draft, 0o644);
      // The clock of a file system stands still for milliseconds, and on a disk the number of the file before is given out again.
      this.#replacedMs = Math.max(Date.now(), this.#replacedMs + TIME_STEP_MS);
      utimesSync(draft, this.#replacedMs / 1000, this.#replacedMs / 1000);
      renameSync(draft, join(folder, name));
    } catch (cause) {
      throw memoryError(folder, cause);
    }
  }
}
