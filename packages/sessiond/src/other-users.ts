/**
 * Programs of other users in the sessions of root's daemon. Each user has a folder of their own in `users` of a session's
 * directory; names of processes are then `users/FOLDER/PID-STARTTIME`. Whatever lies in such a folder is touched with that
 * user's rights only, and is no more believed than what any program writes.
 */
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  opendirSync,
  readFileSync,
  renameSync,
  rmSync,
  rmdirSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { SpoorError } from '@spoor/base';
import { SESSION_FILE, USERS_FOLDER, WAKE_FILE } from '@spoor/ringbuffer';
import { type FileUser, asUser, canActAsUsers } from '@spoor/sys';
import { type ProcessIdentity, isProcessAlive } from './process-identity.ts';
import { isGone, removeDirectory } from './removal.ts';

/** Most folders of users, and most processes in each, that are looked at: somebody may make millions. */
const MOST_ENTRIES = 1024;
/** Most rings of a user in one session: each takes three open files of the consumer, which all users share. */
const MOST_RINGS = 2048;

const userFolder = /^(\d+)(?:\.[\w-]+)?$/;

/** Whether programs of other users join the sessions of this one: root's, as of LTTng's. */
export function servesUsers(): boolean {
  return process.geteuid?.() === 0;
}

/**
 * Lets programs of other users into a session's directory. They can read what it asks of them and call its consumer, and
 * make a folder each, which they can neither list nor touch of another one.
 */
export function openToUsers(sessionPath: string): void {
  const users = join(sessionPath, USERS_FOLDER);
  if (!existsSync(users)) mkdirSync(users);
  chmodSync(users, 0o1733);
  const wake = join(sessionPath, WAKE_FILE);
  writeFileSync(wake, '', { flag: 'a' });
  chmodSync(wake, 0o666);
  chmodSync(sessionPath, 0o711);
}

/** Whether other users have folders in a session's directory: one without directories in it has two links. */
function hasUsers(sessionPath: string): boolean {
  return (lstatSync(join(sessionPath, USERS_FOLDER), { throwIfNoEntry: false })?.nlink ?? 2) > 2;
}

/** Whether programs of other users have joined a session whose consumer, of this process's rights, cannot record them. */
export function leavesUsersOut(sessionPath: string): boolean {
  return hasUsers(sessionPath) && !canActAsUsers();
}

/** A user's folder in a session's directory. */
export interface UserFolder {
  /** Below the session's directory. */
  readonly name: string;
  readonly user: FileUser;
}

/** The folders of other users; none where this process cannot act as them. */
export function userFolders(sessionPath: string): readonly UserFolder[] {
  if (!hasUsers(sessionPath) || !canActAsUsers()) return [];
  return firstEntries(join(sessionPath, USERS_FOLDER)).flatMap((folder) => {
    const name = `${USERS_FOLDER}/${folder}`;
    const user = userOf(sessionPath, name);
    return user === undefined ? [] : [{ name, user }];
  });
}

/** Names of the directories of other users' processes; none where this process cannot act as them. */
export function processesOfUsers(sessionPath: string, processName: RegExp): readonly string[] {
  return userFolders(sessionPath).flatMap(({ name, user }) => {
    try {
      return asUser(user, () => firstEntries(join(sessionPath, name)))
        .filter((process) => processName.test(process))
        .map((process) => `${name}/${process}`);
    } catch {
      // It is gone, or its user lets nobody in.
      return [];
    }
  });
}

/** The user of a process's directory, or of a folder in `users`; undefined for those of the session's own user. */
export function userOf(sessionPath: string, name: string): FileUser | undefined {
  const [folder, own = ''] = name.split('/');
  if (folder !== USERS_FOLDER) return undefined;
  const uid = Number(userFolder.exec(own)?.[1] ?? Number.NaN);
  const found = lstatSync(join(sessionPath, USERS_FOLDER, own), { throwIfNoEntry: false });
  if (found === undefined || !found.isDirectory() || found.uid !== uid || uid === 0) return undefined;
  return { uid, gid: found.gid };
}

/**
 * Makes sure that a process whose directory a user made is not another one's.
 * @throws SpoorError `process/not-its-user`.
 */
export function checkProcessUser(identity: ProcessIdentity, user: FileUser): void {
  if (!isProcessAlive(identity)) return;
  let uids: readonly string[] = [];
  try {
    uids = (/^Uid:\s*(.*)$/m.exec(readFileSync(`/proc/${identity.pid}/status`, 'latin1'))?.[1] ?? '').split(
      /\s+/,
    );
  } catch {
    return; // It ended just now.
  }
  // Real and effective, saved: a program may have changed its user since.
  if (uids.includes(String(user.uid))) return;
  throw new SpoorError(
    'process/not-its-user',
    `user ${user.uid} says that process ${identity.pid} is theirs`,
  );
}

/** How many more rings each user may have in a session. */
export class RingAllowance {
  readonly #counts = new Map<number, number>();

  /** Counts one more; false if that is too many. */
  take({ uid }: FileUser): boolean {
    const count = this.#counts.get(uid) ?? 0;
    if (count >= MOST_RINGS) return false;
    this.#counts.set(uid, count + 1);
    return true;
  }

  /** Counts one less. */
  giveBack({ uid }: FileUser): void {
    this.#counts.set(uid, Math.max(0, (this.#counts.get(uid) ?? 0) - 1));
  }
}

/** Removes a session's directory with all that is in it, what other users have there included as far as that can be. */
export function removeSession(path: string): void {
  if (removeUsers(path)) {
    removeDirectory(path);
    return;
  }
  // Nobody joins it any more; the next daemon tries again.
  rmSync(join(path, SESSION_FILE), { force: true });
  if (isGone(path)) return;
  // A session of the daemon itself may be there again and again.
  let gone = `${path}.gone`;
  for (let number = 2; existsSync(gone); number += 1) gone = `${path}.${number}.gone`;
  renameSync(path, gone);
}

/**
 * Takes away what users have in a session's directory, each with that user's rights: a directory that becomes a link
 * meanwhile leads to nothing that they could not have removed themselves.
 * @returns whether nothing is left.
 */
function removeUsers(sessionPath: string): boolean {
  const users = join(sessionPath, USERS_FOLDER);
  if (!existsSync(users)) return true;
  try {
    // From now on nobody makes anything new there.
    chmodSync(users, 0o711);
    for (;;) {
      const folders = firstEntries(users);
      if (folders.length === 0) break;
      for (const folder of folders) removeFolder(sessionPath, folder);
    }
    rmdirSync(users);
    return true;
  } catch {
    // Somebody still writes there, or has mounted something.
    return false;
  }
}

function removeFolder(sessionPath: string, folder: string): void {
  const name = `${USERS_FOLDER}/${folder}`;
  const path = join(sessionPath, name);
  const user = userOf(sessionPath, name);
  if (user !== undefined) {
    asUser(user, () => {
      for (let names = firstEntries(path); names.length > 0; names = firstEntries(path)) {
        for (const own of names) rmSync(join(path, own), { recursive: true });
      }
    });
  }
  if (lstatSync(path).isDirectory()) rmdirSync(path);
  else unlinkSync(path);
}

/** Names in a directory, so many that it takes no time to speak of. Throws what the file system throws. */
function firstEntries(path: string): string[] {
  const directory = opendirSync(path);
  try {
    const names: string[] = [];
    for (let entry = directory.readSync(); entry !== null && names.length < MOST_ENTRIES;) {
      names.push(entry.name);
      entry = directory.readSync();
    }
    return names;
  } finally {
    directory.closeSync();
  }
}
