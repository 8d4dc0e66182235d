import { readFileSync, readlinkSync } from './own-files.ts';
import { isAvailable, library, viewMemory } from './library.ts';

/** Kernel's id of the calling thread; does not load koffi unless /proc is hidden. */
export function currentThreadId(): number {
  try {
    // Synchronous calls of node:fs run on the calling thread, so this link is its own.
    const tid = /^\d+\/task\/(\d+)$/.exec(readlinkSync('/proc/thread-self'))?.[1];
    if (tid !== undefined) return Number(tid);
  } catch {
    // No /proc.
  }
  return library().getTid();
}

/**
 * A function that tells which CPU the calling thread runs on; use it on the thread that asked for it only.
 * From the thread's rseq area (2 ns) where the C library has one, else by a call (60 ns), else from /proc (20 µs).
 */
export function makeCpuReader(): () => number {
  if (!isAvailable().available) {
    const path = `/proc/self/task/${currentThreadId()}/stat`;
    return () => {
      const stat = readFileSync(path, 'latin1');
      return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[36]);
    };
  }
  const c = library();
  if (c.rseqOffset === undefined) return c.getCpu;
  const area = viewMemory(BigInt(c.pthreadSelf()) + BigInt(c.rseqOffset), 32);
  // struct rseq { __u32 cpu_id_start; __u32 cpu_id; … }; the area lives as long as the thread.
  const words = new Uint32Array(area, 0, 2);
  // A kernel without rseq leaves -1 or -2 there.
  for (let attempt = 0; attempt < 4; attempt += 1) {
    if (words[1] === c.getCpu()) return () => words[1]!;
  }
  return c.getCpu;
}

/** What pthread_self(3) answers on the calling thread. Loads koffi. */
export function currentPthreadId(): bigint {
  return BigInt(library().pthreadSelf());
}

/** Commands of membarrier(2). */
const MEMBARRIER = { globalExpedited: 1 << 1, registerGlobalExpedited: 1 << 2 } as const;

/**
 * Lets other processes order this one's plain stores by {@link issueBarrier}; once a process.
 * False when the kernel has no such call.
 */
export function registerForBarriers(): boolean {
  return isAvailable().available && library().membarrier?.(MEMBARRIER.registerGlobalExpedited) === 0;
}

/** Makes all registered processes' stores so far visible to this one in order; false when it cannot be done. */
export function issueBarrier(): boolean {
  return isAvailable().available && library().membarrier?.(MEMBARRIER.globalExpedited) === 0;
}
