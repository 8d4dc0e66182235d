/** All threads of the machine, as /proc has them. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { OpenFolder } from '@spoor/sys';
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
function namespaceOf(process: OpenFolder, below: string, name: keyof Namespaces): number {
  const link = process.link(`${below}ns/${name}`);
  return link === undefined ? 0 : namespaceInode(link);
}

/**
 * The namespaces of a thread. Their links are the dearest of all that is read of it, and nearly every thread has those of
 * its process: where the two that threads do change alone, for mounts and the network, are the same, the rest is taken
 * to be.
 * @param below the process's folder, with a slash; empty for its first thread.
 * @param ofLeader those of the first thread of its process.
 */
function namespacesOf(process: OpenFolder, below: string, ofLeader?: Namespaces): Namespaces {
  const inode = (name: keyof Namespaces): number => namespaceOf(process, below, name);
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
function statusAsLeader(process: OpenFolder, tid: number, leader: Leader): ThreadStatus | undefined {
  if (leader.status.tids.length !== 1) return undefined;
  // The folder of a thread is its effective user's and group's.
  const owners = process.owners(`task/${tid}`);
  if (owners?.uid !== leader.uid || owners.gid !== leader.gid) return undefined;
  const { tgid, uids, gids, pids } = leader.status;
  return { tgid, uids, gids, tids: [tid], pids };
}

/** Reads a thread that is not the first one of its process; undefined where it is gone. */
function scanThread(
  folder: OpenFolder,
  pid: number,
  tid: number,
  leader: Leader | undefined,
): ScannedTask | undefined {
  const below = `task/${tid}/`;
  const timeNs = process.hrtime.bigint();
  const stat = parseThreadStat(folder.text(`${below}stat`) ?? '');
  if (stat === undefined) return undefined;
  let status = leader === undefined ? undefined : statusAsLeader(folder, tid, leader);
  if (status === undefined) {
    const text = folder.text(`${below}status`);
    if (text === undefined) return undefined;
    status = parseThreadStatus(text);
  }
  return { timeNs, pid, stat, status, namespaces: namespacesOf(folder, below, leader?.namespaces) };
}

/**
 * The threads of a process, the first one first; those that end meanwhile are left out.
 * @param folder that of the process.
 */
export function* scanThreads(folder: OpenFolder, pid: number): Generator<ScannedTask> {
  const timeNs = process.hrtime.bigint();
  // What it says beside of the whole process, as its times, is not asked for.
  const stat = parseThreadStat(folder.text('stat') ?? '');
  if (stat?.isKernelThread === true) {
    ofKernelThreads ??= namespacesOf(folder, '');
    yield { timeNs, pid, stat, status: kernelThreadStatus(pid, pid), namespaces: ofKernelThreads };
    return;
  }
  let leader: Leader | undefined;
  const text = stat === undefined ? undefined : folder.text('status');
  if (stat !== undefined && text !== undefined) {
    const status = parseThreadStatus(text);
    const namespaces = namespacesOf(folder, '');
    yield { timeNs, pid, stat, status, namespaces };
    // A thread that begins now tells of itself.
    if (stat.threadCount === 1) return;
    const owners = folder.owners(`task/${pid}`);
    if (owners !== undefined) leader = { status, namespaces, uid: owners.uid, gid: owners.gid };
  }
  for (const tid of folder.numbers('task')) {
    if (tid === pid) continue;
    const task = scanThread(folder, pid, tid, leader);
    if (task !== undefined) yield task;
  }
}

/** The threads of a process by its number; none where it is gone. */
export function* scanProcess(pid: number): Generator<ScannedTask> {
  using folder = OpenFolder.open(`/proc/${pid}`);
  if (folder !== undefined) yield* scanThreads(folder, pid);
}

/** One thread by its number alone, whatever process it is of; undefined where it is gone. */
export function scanTask(tid: number): ScannedTask | undefined {
  using folder = OpenFolder.open(`/proc/${tid}`);
  if (folder === undefined) return undefined;
  const timeNs = process.hrtime.bigint();
  const stat = parseThreadStat(folder.text('stat') ?? '');
  const text = folder.text('status');
  if (stat === undefined || text === undefined) return undefined;
  const status = parseThreadStatus(text);
  return { timeNs, pid: status.tgid, stat, status, namespaces: namespacesOf(folder, '') };
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
  try {
    return namespaceInode(readlinkSync(`/proc/${tid}/ns/pid`, asLatin));
  } catch {
    return 0;
  }
}
