/** Threads that empty rings go first: what they do is little, but what is not read in time is lost. */
import { readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { getPriority, setPriority } from 'node:os';

/** As that of the C library's `nice`; enough to be run within milliseconds of a full machine. */
const favour = -10;

/** Linux has a priority for each thread, and takes its number for that of a process. 0 would be the caller: the same. */
function ownNumber(): number {
  const [, , tid = ''] = readlinkSync('/proc/thread-self').split('/');
  return Number(tid);
}

/**
 * Whether no other program is in the session (setsid(2)) of this process: it began the session, as whoever is started detached. Linux
 * schedules the processes of a session as a group where nothing else groups them (`sched_autogroup`), and priorities of threads
 * count within it alone.
 */
function isAlone(): boolean {
  const stat = readFileSync('/proc/self/stat', 'latin1');
  const session = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[3];
  return Number(session) === process.pid;
}

/**
 * Has the calling thread run before others, and where this process is a group of its own, that before other groups. Who may not ask
 * for it, or is not on Linux, goes on as before.
 */
export function favourThisThread(): void {
  try {
    setPriority(ownNumber(), favour);
    if (isAlone()) writeFileSync('/proc/self/autogroup', String(favour));
  } catch {
    // Losses are counted whoever reads.
  }
}

/**
 * Has the calling thread run before others while it does some work, which must be synchronous: processes that a thread
 * starts have its priority.
 */
export function favoured<Result>(work: () => Result): Result {
  let back: (() => void) | undefined;
  try {
    const tid = ownNumber();
    const before = getPriority(tid);
    if (before > favour) {
      setPriority(tid, favour);
      back = () => setPriority(tid, before);
    }
  } catch {
    // It takes longer then.
  }
  try {
    return work();
  } finally {
    back?.();
  }
}
