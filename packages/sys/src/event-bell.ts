// What wakes a thread that waits in poll(2): an event descriptor, which any thread of the process may ring.
import { closeSync, readSync, writeSync } from './own-files.ts';
import { lastError, library } from './library.ts';
import { ownedByThread } from './owned-descriptor.ts';

const EFD_CLOEXEC = 0o2000000;
const EFD_NONBLOCK = 0o4000;

/** Rings until {@link silenceBell}. It is of the thread that makes it; others know it by its descriptor. */
export class EventBell implements Disposable {
  readonly descriptor: number;

  /** @throws SpoorError `sys/unavailable`, SystemCallError. */
  constructor() {
    const { koffi } = library();
    const eventfd = koffi.load(null).func('int eventfd(unsigned int, int)') as (
      count: number,
      flags: number,
    ) => number;
    const descriptor = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (descriptor < 0) throw lastError('make an event descriptor');
    this.descriptor = ownedByThread(descriptor);
  }

  /** Wakes whoever waits for it, or is about to. */
  ring(): void {
    ringBell(this.descriptor);
  }

  /** Nobody may wait for it any more: the descriptor may be another's then. */
  [Symbol.dispose](): void {
    closeSync(this.descriptor);
  }
}

/** Rings a bell that another thread has made, and that stays open meanwhile. */
export function ringBell(descriptor: number): void {
  writeSync(descriptor, new Uint8Array(new BigUint64Array([1n]).buffer));
}

/** Ends the ringing of a bell that rings: whoever waits next waits until it is rung again. */
export function silenceBell(descriptor: number): void {
  readSync(descriptor, new Uint8Array(8));
}
