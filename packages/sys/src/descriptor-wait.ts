// Waiting until one of several descriptors can be read, by poll(2) in a thread of the pool: for files that Node.js waits for
// in no other way, such as the rings of tracefs.
import type { KoffiFunc } from 'koffi';
import { writeSync, closeSync } from './own-files.ts';
import { lastError, library } from './library.ts';
import { ownedByThread } from './owned-descriptor.ts';

const EFD_CLOEXEC = 0o2000000;
const EFD_NONBLOCK = 0o4000;
const POLLIN = 1;
/** `struct pollfd`: descriptor, what is waited for, what there is. */
const pollEntryBytes = 8;

type Poll = KoffiFunc<(entries: Uint8Array, count: number, timeoutMs: number) => number>;

/**
 * Waits for descriptors of whoever made it. While it waits it takes a thread of the pool and keeps the process alive, until
 * {@link cancel}; the end of the process cancels it, too.
 */
export class DescriptorWait implements Disposable {
  private readonly poll: Poll;
  private readonly entries: Buffer;
  /** Wakes the waiting thread. */
  private readonly bell: number;
  private readonly atExit = (): void => this.cancel();
  private waiting: Promise<void> | undefined;
  private isCancelled = false;

  /** @throws SpoorError `sys/unavailable`, SystemCallError. */
  constructor(descriptors: readonly number[]) {
    const { koffi } = library();
    const c = koffi.load(null);
    this.poll = c.func('int poll(void *, unsigned long, int)') as Poll;
    const eventfd = c.func('int eventfd(unsigned int, int)') as (count: number, flags: number) => number;
    const bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (bell < 0) throw lastError('make an event descriptor');
    this.bell = ownedByThread(bell);
    const all = [...descriptors, this.bell];
    this.entries = Buffer.alloc(all.length * pollEntryBytes);
    for (const [index, descriptor] of all.entries()) {
      this.entries.writeInt32LE(descriptor, index * pollEntryBytes);
      this.entries.writeInt16LE(POLLIN, index * pollEntryBytes + 4);
    }
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
      this.poll.async(entries, entries.length / pollEntryBytes, limitMs, () => {
        this.waiting = undefined;
        // Not before: a thread that looked at the number of another file would wait for that.
        if (this.isCancelled) closeSync(this.bell);
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
    if (this.waiting === undefined) closeSync(this.bell);
    else writeSync(this.bell, new Uint8Array(new BigUint64Array([1n]).buffer));
  }

  [Symbol.dispose](): void {
    this.cancel();
  }
}
