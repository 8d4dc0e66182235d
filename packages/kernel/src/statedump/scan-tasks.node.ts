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
const namespaceNames = ['cgroup', 'ipc', 'mnt', 'net', 'pid', 'time', 'user', 'uts'] as const;

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
  using proc = OpenFolder.open('/proc');
  return proc?.numbers('.') ?? [];
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

/** The PID namespace that /proc tells of, once it is known. */
let pidNamespaceOfProc = 0;

/** Of a task that has one number only, the PID namespace is that of /proc. */
function pidNamespaceIn(process: OpenFolder, below: string, status: ThreadStatus): number {
  if (status.tids.length !== 1) return namespaceOf(process, below, 'pid');
  if (pidNamespaceOfProc === 0) pidNamespaceOfProc = namespaceOf(process, below, 'pid');
  return pidNamespaceOfProc;
}

/**
 * The namespaces of a thread. Their links are the dearest of all that is read of it, and nearly every thread has those of
 * its process: where the two that threads do change alone, for mounts and the network, are the same, the rest is taken
 * to be.
 * @param below the process's folder, with a slash; empty for its first thread.
 * @param ofLeader those of the first thread of its process.
 */
function namespacesOf(
  process: OpenFolder,
  below: string,
  status: ThreadStatus,
  ofLeader?: Namespaces,
): Namespaces {
  const net = namespaceOf(process, below, 'net');
  const mnt = namespaceOf(process, below, 'mnt');
  if (ofLeader !== undefined && net === ofLeader.net && mnt === ofLeader.mnt) return ofLeader;
  return {
    cgroup: namespaceOf(process, below, 'cgroup'),
    ipc: namespaceOf(process, below, 'ipc'),
    mnt,
    net,
    pid: pidNamespaceIn(process, below, status),
    time: namespaceOf(process, below, 'time'),
    user: namespaceOf(process, below, 'user'),
    uts: namespaceOf(process, below, 'uts'),
  };
}

/** Namespaces of the kernel's own threads: they all have those of the machine's first process. */
let ofKernelThreads: Namespaces | undefined;

/** What `status` says of a thread of the kernel: they are root's, and have no other numbers. */
function kernelThreadStatus(pid: number, tid: number): ThreadStatus {
  return { tgid: pid, uids: [0, 0, 0, 0], gids: [0, 0, 0, 0], tids: [tid], pids: [pid] };
}

/**
 * A thread of the kernel, in one step: there are many, and it is all that is read of them. Undefined for another task, for one
 * that is gone, and for the first one of all that are read.
 * @param proc /proc.
 */
export function scanKernelThread(proc: OpenFolder, pid: number): ScannedTask | undefined {
  if (ofKernelThreads === undefined) return undefined;
  const timeNs = process.hrtime.bigint();
  const stat = parseThreadStat(proc.text(`${pid}/stat`) ?? '');
  if (stat?.isKernelThread !== true) return undefined;
  return { timeNs, pid, stat, status: kernelThreadStatus(pid, pid), namespaces: ofKernelThreads };
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
  return { timeNs, pid, stat, status, namespaces: namespacesOf(folder, below, status, leader?.namespaces) };
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
    const status = kernelThreadStatus(pid, pid);
    ofKernelThreads ??= namespacesOf(folder, '', status);
    yield { timeNs, pid, stat, status, namespaces: ofKernelThreads };
    return;
  }
  let leader: Leader | undefined;
  const text = stat === undefined ? undefined : folder.text('status');
  if (stat !== undefined && text !== undefined) {
    const status = parseThreadStatus(text);
    const namespaces = namespacesOf(folder, '', status);
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
  return { timeNs, pid: status.tgid, stat, status, namespaces: namespacesOf(folder, '', status) };
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
