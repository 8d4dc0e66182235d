// Ring and counter files stay mapped when the thread that mapped them ends: its JavaScript may be stopped anywhere, so it
// cannot be trusted to do it, and while it runs its own typed arrays point there. Later threads of the process do it.
import {
  currentThreadId,
  monotonicNs,
  ownPid,
  readFileSync,
  readdirSync,
  realpathSync,
  statSync,
  unlinkSync,
  unmapFiles,
} from '@spoor/sys';
import { join } from 'node:path';
import { publishFile } from './run-directory.ts';

/** One attempt in so many does anything: the list of a process's mappings takes 0.1 ms to read, 2 ms with 64 workers. */
const ONE_IN = 4n;

/** What a thread maps is known by the file's first name: that of {@link mappedFileName}. */
const ownFile = /^(?:rings|counters)\/(\d+)-\d+\.(?:draft|counters)$/;
const lockName = /^unmapping\.(\d+)$/;

/** Name under which a thread makes a file that it maps; a mapping keeps it, whatever becomes of the file. */
export function mappedFileName(tid: number, kind: 'draft' | 'counters'): string {
  return `${tid}-${monotonicNs()}.${kind}`;
}

/** As {@link unmapEnded}, now and then; to be called by a thread that has just mapped a file. Never throws. */
export function unmapEndedNowAndThen(processPath: string): void {
  // Before the process's first thread there was none.
  if (monotonicNs() % ONE_IN !== 0n || currentThreadId() === ownPid) return;
  try {
    unmapEnded(processPath);
  } catch {
    // They stay mapped, and are tried again.
  }
}

/**
 * Unmaps what threads of this process that are gone had mapped of its directory in a session.
 *
 * A mapping is reached through typed arrays of the JavaScript thread that made it and by nothing else: they are no
 * SharedArrayBuffers and never handed to another thread. Once the kernel has no such thread any more, nothing can run
 * that knows the address. A number that another thread has got meanwhile counts as running.
 * @returns how many mappings there were, 0 when another thread is at it.
 * Throws what the file system and @spoor/sys throw.
 */
export function unmapEnded(processPath: string): number {
  const lock = takeLock(processPath, currentThreadId());
  if (lock === undefined) return 0;
  try {
    const known = new Map<string, boolean>();
    // Read with the lock held: what is listed is still mapped when it is unmapped.
    return unmapFiles(realpathSync(processPath), (name) => {
      const tid = ownFile.exec(name)?.[1];
      if (tid === undefined) return false;
      if (!known.has(tid)) known.set(tid, !isRunning(Number(tid)));
      return known.get(tid) === true;
    });
  } finally {
    unlinkSync(lock);
  }
}

/**
 * Two threads that unmap the same address would take away what is mapped there in between. The lock is a file with the
 * holder's thread number, which appears whole. A thread may be stopped while it holds the lock; then the one with the next
 * number counts. Nobody but its holder removes a lock, so all numbers below one that is held are taken, and whoever looked
 * earlier fails to make one of them.
 * @returns its path, undefined when a running thread has it.
 */
function takeLock(processPath: string, tid: number): string | undefined {
  let next = 0;
  for (const name of readdirSync(processPath)) {
    const number = lockName.exec(name)?.[1];
    if (number !== undefined) next = Math.max(next, Number(number) + 1);
  }
  try {
    const holder = next === 0 ? '' : readFileSync(join(processPath, `unmapping.${next - 1}`), 'utf8');
    if (next > 0 && isRunning(Number(holder))) return undefined;
  } catch (error) {
    // Given back a moment ago.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  const path = join(processPath, `unmapping.${next}`);
  return publishFile(path, String(tid), String(monotonicNs())) ? path : undefined;
}

/** Whether this process has such a thread; throws when that cannot be told. */
function isRunning(tid: number): boolean {
  return statSync(`/proc/self/task/${tid}`, { throwIfNoEntry: false }) !== undefined;
}
