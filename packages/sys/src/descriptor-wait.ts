// Waiting until one of several descriptors can be read, by poll(2) in a thread of the pool: for files that Node.js waits for
// in no other way, such as the rings of tracefs.
import { EventBell } from './event-bell.ts';
import { entryCount, pollEntries, pollFunction, type Poll } from './poll.ts';

/**
 * Waits for descriptors of whoever made it. While it waits it takes a thread of the pool and keeps the process alive, until
 * {@link cancel}; the end of the process cancels it, too.
 */
export class DescriptorWait implements Disposable {
  private readonly poll: Poll;
  private readonly entries: Buffer;
  /** Wakes the waiting thread. */
  private readonly bell: EventBell;
  private readonly atExit = (): void => this.cancel();
  private waiting: Promise<void> | undefined;
  private isCancelled = false;

  /** @throws SpoorError `sys/unavailable`, SystemCallError. */
  constructor(descriptors: readonly number[]) {
    this.poll = pollFunction();
    this.bell = new EventBell();
    this.entries = pollEntries([...descriptors, this.bell.descriptor]);
    process.once('exit', this.atExit);
  }

  /**
   * Resolves when a descriptor can be read or has failed, when the time is over, or at once when it is cancelled: whoever
   * waited looks what there is. One call at a time; others wait with it.
   * @param timeoutMs undefined waits as long as it takes.
   */
  wait(timeoutMs?: number): Promise<void> {
    if (this.isCancelled) return Promise.resolve();
    this.waiting ??= new Promise((resolve) => {
      const { entries } = this;
      const limitMs = timeoutMs === undefined ? -1 : Math.max(0, Math.ceil(timeoutMs));
      // What goes wrong, such as a signal, is for whoever looks then.
      this.poll.async(entries, entryCount(entries), limitMs, () => {
        this.waiting = undefined;
        // Not before: a thread that looked at the number of another file would wait for that.
        if (this.isCancelled) this.bell[Symbol.dispose]();
        resolve();
      });
    });
    return this.waiting;
  }

  /** Ends a wait, and has no others. The descriptors may be closed then. */
  cancel(): void {
    if (this.isCancelled) return;
    this.isCancelled = true;
    process.off('exit', this.atExit);
    if (this.waiting === undefined) this.bell[Symbol.dispose]();
    else this.bell.ring();
  }

  [Symbol.dispose](): void {
    this.cancel();
  }
}
