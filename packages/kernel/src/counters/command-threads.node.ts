/** The threads of a command and of all that comes of it, as /proc has them now. */
import { readProc, threadsOf } from '../statedump/scan-tasks.node.ts';

/** A thread and its process. */
export interface CommandThread {
  readonly tid: number;
  readonly pid: number;
}

/**
 * Follows the processes that descend from one. A process whose parent has ended is known still; one that came and went
 * between two looks is not found.
 */
export class CommandThreads {
  private readonly pids: Set<number>;

  constructor(pid: number) {
    this.pids = new Set([pid]);
  }

  /** All threads that there are now. */
  look(): readonly CommandThread[] {
    const threads: CommandThread[] = [];
    // Those that are added are visited as well.
    for (const pid of this.pids) {
      const own = threadsOf(pid);
      if (own.length === 0) this.pids.delete(pid);
      for (const tid of own) {
        threads.push({ tid, pid });
        for (const child of (readProc(`/proc/${pid}/task/${tid}/children`) ?? '').split(' ')) {
          if (child !== '') this.pids.add(Number(child));
        }
      }
    }
    return threads;
  }
}
