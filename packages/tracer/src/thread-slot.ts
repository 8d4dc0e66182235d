// The place in the global object where a thread keeps its session, and what it has meanwhile. Part of what every program loads,
// so it imports nothing.
import type { IdleTracepoint, ThreadSession } from './session-slot.ts';

const key = Symbol.for('@spoor/tracer/session 7');

/** A thread that is in sessions and has loaded nothing to record by yet (`stand-by.ts`). */
export interface StandBy {
  /** Loads it, in the middle of an event perhaps, and has a session in the slot then. Never throws. */
  begin(): void;
  /** Opens a tracepoint that is declared now, if a session wants it. Never throws. */
  adopt(tracepoint: IdleTracepoint): void;
}

/** A thread's session, if there is one, and the tracepoints without one. */
export interface Slot {
  session: ThreadSession | undefined;
  readonly idle: IdleTracepoint[];
  standBy?: StandBy | undefined;
  /** Whether this worker has waited for the main thread to join a session first, in vain. */
  hasWaitedForMain?: boolean;
  /** By the directory of the process in a session: the status file that the thread has there since it stood by. */
  statusPaths?: Map<string, string>;
}

/**
 * A thread has one session even if several copies of this package are loaded into it: that of the recorder's
 * `--require` and the program's own dependency. The key changes with what they would share.
 */
const shared = globalThis as { [key]?: Slot };

/** For a program that forbids new globals: then each copy has its own. */
let unshared: Slot | undefined;

/** The slot of this thread; undefined before anybody had use of it. */
export function threadSlot(): Slot | undefined {
  return shared[key] ?? unshared;
}

/** Makes the slot of this thread. */
export function keepSlot(session: ThreadSession | undefined): Slot {
  const slot: Slot = { session, idle: [] };
  try {
    // Who prints the global object finds what is the program's.
    Object.defineProperty(shared, key, { value: slot, configurable: true });
  } catch {
    unshared = slot;
  }
  return slot;
}

/** Whether all copies of this package find the slot. */
export function isSharedSlot(slot: Slot): boolean {
  return shared[key] === slot;
}
