// Waiting in a thread that has nothing else to do, by poll(2): nothing of it is of JavaScript's event loop.
import { entryCount, isFound, pollEntries, pollFunction, type Poll } from './poll.ts';
import { silenceBell } from './event-bell.ts';

/** What ended a wait: a descriptor, the bell, or neither. */
export type WaitEnd = 'readable' | 'rung' | 'over';

/** Descriptors of this thread that are waited for, and the bell of another one. */
export class BlockingWait {
  private readonly poll: Poll;
  private readonly entries: Buffer;
  private readonly bell: number;

  /**
   * @param bell descriptor of an {@link EventBell} that stays open meanwhile.
   * @throws SpoorError `sys/unavailable`.
   */
  constructor(descriptors: readonly number[], bell: number) {
    this.poll = pollFunction();
    this.entries = pollEntries([bell, ...descriptors]);
    this.bell = bell;
  }

  /**
   * Blocks the thread until one of the descriptors can be read, the bell rings, or the time is over; the bell is silent then.
   * Nothing else ends it, `worker.terminate()` and the end of the process included: they wait as long.
   * @param onlyBell leaves the descriptors out.
   */
  wait(timeoutMs: number, onlyBell: boolean): WaitEnd {
    const { entries } = this;
    const limitMs = Math.max(0, Math.ceil(timeoutMs));
    const count = this.poll(entries, onlyBell ? 1 : entryCount(entries), limitMs);
    if (count <= 0) return 'over';
    if (!isFound(entries, 0)) return 'readable';
    silenceBell(this.bell);
    return 'rung';
  }
}
