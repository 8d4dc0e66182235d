/** Threads that empty rings go first: what they do is little, but what is not read in time is lost. */
import { readlinkSync } from 'node:fs';
import { setPriority } from 'node:os';

/** As that of the C library's `nice`; enough to be run within milliseconds of a full machine. */
const favour = -10;

/** Has the calling thread run before others. Who may not ask for it, or is not on Linux, goes on as before. */
export function favourThisThread(): void {
  try {
    const [, , tid = ''] = readlinkSync('/proc/thread-self').split('/');
    // Linux has a priority for each thread, and takes its number for that of a process. 0 would be the caller: the same.
    setPriority(Number(tid), favour);
  } catch {
    // Losses are counted whoever reads.
  }
}
