// Where a thread keeps its session, apart from what makes one: a program that is not traced loads no more of this
// package than its declarations need.
import { createRequire } from 'node:module';
import type { Gate } from './compile.ts';
import type { Declaration } from './declaration.ts';
import type { Serialise } from './serialiser.ts';
import { SESSION_VARIABLE } from './session-variable.ts';

/** A thread's part in a recording. */
export interface ThreadSession {
  /** Calls back once, when a recording wants automatic events: now, or later. */
  whenAuto(start: () => void): void;
  /** The function that the program calls: the test of the gate and the hand-over of the arguments. */
  callOf(declaration: Declaration, gate: Gate): Serialise;
  /**
   * The serialiser of an event class; the first call makes the ring. `off` when the class cannot be recorded. `busy`
   * during another such call: the event comes from the program's hooks on what that call does.
   */
  serialiserOf(declaration: Declaration): Serialise | 'off' | 'busy';
  /** Marks with 1 the values of the event's first field, which counts from 0, with which it may be recorded. */
  markTaken(declaration: Declaration, marks: Uint8Array): void;
  /** Calls back whenever other events are recorded than before: perhaps in the middle of one, so without emitting. */
  whenChanged(callback: () => void): void;
  /** Has contexts named `$app.NAME` read their values by `read`. */
  registerContext(name: string, read: () => unknown): void;
  /** Where a counter of this thread lies; undefined when none can be had. Never throws. */
  counterCell(name: string): { readonly values: Float64Array; readonly index: number } | undefined;
  /** Writes what the rings of this process hold as traces below `directory`. Throws what the file system throws. */
  snapshot(directory: string): readonly { readonly path: string; readonly eventCount: number }[];
  /** Directories of this process, one a session. */
  processPaths(): readonly string[];
  /** Finishes the open sub-buffers, so that readers get them now. */
  flush(): void;
  /** Calls back once, right before the thread's first event or at its end, whichever comes first. */
  whenOpened(callback: () => void): void;
  /** Makes the ring now, for the sake of {@link whenOpened}. Never throws. */
  open(): void;
  /** Says in the summary of the recording what is missing from it, in one line. Never throws. */
  tell(reason: string): void;
}

const key = Symbol.for('@spoor/tracer/session 4');

/**
 * A thread has one session even if several copies of this package are loaded into it: that of the recorder's
 * `--import` and the program's own dependency. The key changes with what they would share.
 */
const shared = globalThis as { [key]?: { readonly session: ThreadSession | undefined } };

/** For a program that forbids new globals: then each copy has its own. */
let unshared: { readonly session: ThreadSession | undefined } | undefined;

function keep(session: ThreadSession | undefined): void {
  try {
    shared[key] = { session };
  } catch {
    unshared = { session };
  }
}

/** The session of this thread, made by `attach` if none of the copies has done so yet. */
export function sharedSession(attach: () => ThreadSession | undefined): ThreadSession | undefined {
  if (shared[key] === undefined) keep(attach());
  return (shared[key] ?? unshared)?.session;
}

/** The session of this thread; undefined when the program is not traced. */
export function currentSession(): ThreadSession | undefined {
  const isTraced = (process.env[SESSION_VARIABLE] ?? '') !== '';
  if (isTraced && (shared[key] ?? unshared) === undefined) loadSession();
  return (shared[key] ?? unshared)?.session;
}

/** For a traced program that was started without the recorder's `--import`. */
function loadSession(): void {
  try {
    // The module attaches the thread and puts its session into the slot.
    createRequire(import.meta.url)('./session.js');
  } catch {
    // In a bundle there is no such file; such a program is traced through the recorder's `--import`.
  }
  if ((shared[key] ?? unshared) === undefined) keep(undefined);
}
