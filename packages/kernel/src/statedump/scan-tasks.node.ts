/** All threads of the machine, as /proc has them. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
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

/** Reads a file of /proc; undefined where what it is about is gone, or may not be read. */
export function readProc(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

/** Numbers of the processes that there are. */
export function processNumbers(): readonly number[] {
  return readdirSync('/proc').flatMap((name) => (/^\d+$/.test(name) ? [Number(name)] : []));
}

/** Names in a folder of /proc; none where it is gone. */
export function listProc(path: string): readonly string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}

function namespacesOf(folder: string): Namespaces {
  const inode = (name: string): number => {
    try {
      return namespaceInode(readlinkSync(`${folder}/ns/${name}`));
    } catch {
      return 0;
    }
  };
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

/** The threads of a process; those that end meanwhile are left out. */
export function* scanProcess(pid: number): Generator<ScannedTask> {
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
    const status = readProc(`${folder}/status`);
    if (status === undefined) continue;
    yield { timeNs, pid, stat, status: parseThreadStatus(status), namespaces: namespacesOf(folder) };
  }
}
