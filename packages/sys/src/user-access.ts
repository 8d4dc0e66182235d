/**
 * Access to files with the rights of another user, for one who is root: whatever that user puts in the way, a link, a pipe, a
 * mount, it is as if they had opened it themselves. By setfsuid(2), which is of the calling thread alone.
 */
import { SpoorError } from '@spoor/base';
import { isAvailable, library } from './library.ts';

/** A user and one of their groups. */
export interface FileUser {
  readonly uid: number;
  readonly gid: number;
}

interface UserCalls {
  readonly setfsuid: (uid: number) => number;
  readonly setfsgid: (gid: number) => number;
}

/** setgroups(2) of the calling thread alone; the function of the C library is of all threads. */
const setgroupsNumbers: Readonly<Record<string, bigint>> = { x64: 116n, arm64: 159n, riscv64: 159n };
/** Asks for the number alone. */
const NOBODY = 0xffff_ffff;

let calls: UserCalls | undefined;
let current: FileUser | undefined;

/** Whether {@link asUser} works here: for root, with koffi. */
export function canActAsUsers(): boolean {
  return process.geteuid?.() === 0 && process.arch in setgroupsNumbers && isAvailable().available;
}

/**
 * Runs `work`, which must be synchronous, with the rights of `user` to files; of this process's own user where it is undefined,
 * also within a call for another one. What is open already stays as it is.
 * @throws SpoorError `sys/user` when it cannot be done, and what `work` throws.
 */
export function asUser<Result>(user: FileUser | undefined, work: () => Result): Result {
  if (user === current || (user?.uid === current?.uid && user?.gid === current?.gid)) return work();
  const before = current;
  become(user);
  try {
    return work();
  } finally {
    become(before);
  }
}

function become(user: FileUser | undefined): void {
  calls ??= open();
  const { uid, gid } = user ?? { uid: process.geteuid?.() ?? 0, gid: process.getegid?.() ?? 0 };
  const { setfsuid, setfsgid } = calls;
  // On the way back the user goes first: only root may take any group.
  if (user === undefined) setfsuid(uid);
  setfsgid(gid);
  if (user !== undefined) setfsuid(uid);
  const isDone = setfsuid(NOBODY) === uid && setfsgid(NOBODY) === gid;
  if (!isDone) throw new SpoorError('sys/user', `cannot access files as user ${uid}`);
  current = user;
}

function open(): UserCalls {
  const number = setgroupsNumbers[process.arch];
  if (number === undefined) throw new SpoorError('sys/user', `no access as other users on ${process.arch}`);
  const c = library().koffi.load(null);
  // Groups of root's are no groups of theirs.
  const setgroups = c.func('long syscall(long number, size_t count, void *groups)');
  if (Number(setgroups(number, 0, null)) !== 0) {
    throw new SpoorError('sys/user', 'cannot leave the groups of this user');
  }
  return {
    setfsuid: c.func('int setfsuid(unsigned int uid)') as UserCalls['setfsuid'],
    setfsgid: c.func('int setfsgid(unsigned int gid)') as UserCalls['setfsgid'],
  };
}
