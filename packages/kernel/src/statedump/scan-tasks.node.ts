/** All threads of the machine, as /proc has them. */
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import {
  namespaceInode,
  parseThreadStat,
  parseThreadStatus,
  type ThreadStat,
  type ThreadStatus,
} from './proc-text.ts';

/** Namespaces of a task, by the names of their links. */
export const namespaceNames = ['cgroup', 'ipc', 'mnt', 'net', 'pid', 'time', 'user', 'uts'] as const;

/** Inodes by name; 0 where it could not be read. */
export type Namespaces = Readonly<Record<(typeof namespaceNames)[number], number>>;

/** One thread. */
export interface ScannedTask {
  /** When its files began to be read: what happens to it later is in events, and overrules what was read. */
  readonly timeNs: bigint;
  readonly pid: number;
  readonly stat: ThreadStat;
  readonly status: ThreadStatus;
  readonly namespaces: Namespaces;
}

// Node.js copies options that are given as a text, for each call.
const asText = { encoding: 'utf8', flag: 'r' } as const;
const asLatin = { encoding: 'latin1' } as const;
const orNothing = { throwIfNoEntry: false } as const;

/** Reads a file of /proc; undefined where what it is about is gone, or may not be read. */
export function readProc(path: string): string | undefined {
  try {
    return readFileSync(path, asText);
  } catch {
    return undefined;
  }
}

/** Numbers of the processes that there are. */
export function processNumbers(): readonly number[] {
  return readdirSync('/proc').flatMap((name) => (/^\d+$/.test(name) ? [Number(name)] : []));
}

/** Threads of another process, so that they can be hidden or followed. */
export function threadsOf(pid: number): readonly number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).map(Number);
  } catch {
    return [];
  }
}

/** Names in a folder of /proc; none where it is gone. */
export function listProc(path: string): readonly string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}

/** The inode of a task's namespace; 0 where it may not be read. */
function namespaceOf(folder: string, name: keyof Namespaces): number {
  try {
    return namespaceInode(readlinkSync(`${folder}/ns/${name}`, asLatin));
  } catch {
    return 0;
  }
}

/**
 * The namespaces of a thread. Their links are the dearest of all that is read of it, and nearly every thread has those of
 * its process: where the two that threads do change alone, for mounts and the network, are the same, the rest is taken
 * to be.
 * @param ofLeader those of the first thread of its process.
 */
function namespacesOf(folder: string, ofLeader?: Namespaces): Namespaces {
  const inode = (name: keyof Namespaces): number => namespaceOf(folder, name);
  if (ofLeader !== undefined && inode('net') === ofLeader.net && inode('mnt') === ofLeader.mnt) {
    return ofLeader;
  }
  return {
    cgroup: inode('cgroup'),
    ipc: inode('ipc'),
    mnt: inode('mnt'),
    net: inode('net'),
    pid: inode('pid'),
    time: inode('time'),
    user: inode('user'),
    uts: inode('uts'),
  };
}

/** Namespaces of the kernel's own threads: they all have those of the machine's first process. */
let ofKernelThreads: Namespaces | undefined;

/** What `status` says of a thread of the kernel: they are root's, and have no other numbers. */
function kernelThreadStatus(pid: number, tid: number): ThreadStatus {
  return { tgid: pid, uids: [0, 0, 0, 0], gids: [0, 0, 0, 0], tids: [tid], pids: [pid] };
}

/** Effective user and group of a thread: its folder is theirs. Undefined where it is gone. */
function ownersOf(folder: string): { readonly uid: number; readonly gid: number } | undefined {
  return lstatSync(folder, orNothing);
}

/** What is known of the first thread of a process. */
interface Leader {
  readonly status: ThreadStatus;
  readonly namespaces: Namespaces;
  readonly uid: number;
  readonly gid: number;
}

/**
 * What `status` would say of a thread, without reading it: it is dear, and the C library keeps users and groups of a
 * process the same in all threads. Where the effective ones are, the rest is taken to be; in a PID namespace of its own
 * only the file tells a thread's numbers. Undefined where it has to be read.
 */
function statusAsLeader(folder: string, tid: number, leader: Leader | undefined): ThreadStatus | undefined {
  if (leader === undefined || leader.status.tids.length !== 1) return undefined;
  const owners = ownersOf(folder);
  if (owners?.uid !== leader.uid || owners.gid !== leader.gid) return undefined;
  return { ...leader.status, tids: [tid] };
}

/** The threads of a process; those that end meanwhile are left out. */
export function* scanProcess(pid: number): Generator<ScannedTask> {
  let leader: Leader | undefined;
  for (const name of listProc(`/proc/${pid}/task`)) {
    const folder = `/proc/${pid}/task/${name}`;
    const timeNs = process.hrtime.bigint();
    const stat = parseThreadStat(readProc(`${folder}/stat`) ?? '');
    if (stat === undefined) continue;
    if (stat.isKernelThread) {
      ofKernelThreads ??= namespacesOf(folder);
      yield { timeNs, pid, stat, status: kernelThreadStatus(pid, stat.tid), namespaces: ofKernelThreads };
      continue;
    }
    let status = statusAsLeader(folder, stat.tid, leader);
    if (status === undefined) {
      const text = readProc(`${folder}/status`);
      if (text === undefined) continue;
      status = parseThreadStatus(text);
    }
    const namespaces = namespacesOf(folder, leader?.namespaces);
    if (leader === undefined) {
      const owners = ownersOf(folder);
      if (owners === undefined) continue;
      leader = { status, namespaces, uid: owners.uid, gid: owners.gid };
    }
    yield { timeNs, pid, stat, status, namespaces };
  }
}

/** One thread by its number alone, whatever process it is of; undefined where it is gone. */
export function scanTask(tid: number): ScannedTask | undefined {
  const folder = `/proc/${tid}`;
  const timeNs = process.hrtime.bigint();
  const stat = parseThreadStat(readProc(`${folder}/stat`) ?? '');
  const text = readProc(`${folder}/status`);
  if (stat === undefined || text === undefined) return undefined;
  const status = parseThreadStatus(text);
  return { timeNs, pid: status.tgid, stat, status, namespaces: namespacesOf(folder) };
}

/** Numbers of a thread in its PID namespaces, and the inode of the innermost; undefined where it is gone. */
export function numbersOfTask(
  tid: number,
): { readonly status: ThreadStatus; readonly pidNamespace: number } | undefined {
  const text = readProc(`/proc/${tid}/status`);
  if (text === undefined) return undefined;
  return { status: parseThreadStatus(text), pidNamespace: pidNamespaceOf(tid) };
}

/** The inode of a thread's PID namespace; 0 where it is gone. */
export function pidNamespaceOf(tid: number): number {
  return namespaceOf(`/proc/${tid}`, 'pid');
}
