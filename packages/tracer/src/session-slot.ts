// Where a thread keeps its session, apart from what makes one: a program that is not traced loads no more of this
// package than its declarations need.
import { createRequire } from 'node:module';
import type { Gate } from './compile.ts';
import type { ContextCatalogue } from './contexts.ts';
import type { Declaration } from './declaration.ts';
import type { StringTable } from './interned-strings.ts';
import type { Serialise, Sink } from './serialiser.ts';
import { namedSessions } from './session-variable.ts';
import { keepSlot, threadSlot, type Slot } from './thread-slot.ts';

/** What a thread has for whoever takes its events. */
export interface ReceiverParts {
  readonly contexts: ContextCatalogue;
  readonly strings: StringTable;
  readonly makeSerialiser: (declaration: Declaration, sinks: readonly Sink[]) => Serialise;
}

/** Takes events of a thread beside the recordings. */
export interface EventReceiver {
  /** Whether events of this class may be taken. */
  takes(declaration: Declaration): boolean;
  /** Where events of this class go; undefined when none are taken. */
  sinkOf(declaration: Declaration, parts: ReceiverParts): Sink | undefined;
}

/** A tracepoint of this thread that was declared while nothing recorded it. */
export interface IdleTracepoint {
  readonly declaration: Declaration;
  readonly gate: Gate;
}

/** A thread's part in a recording. */
export interface ThreadSession {
  /** Has a tracepoint recorded that was declared before. */
  adopt(tracepoint: IdleTracepoint): void;
  /** Has events go to a receiver too, from the next one on. */
  addReceiver(receiver: EventReceiver): void;
  /** Has no more events go to it. */
  removeReceiver(receiver: EventReceiver): void;
  /**
   * Calls back once, when a recording wants automatic events: now, or later. Only who asks first is called, for each copy
   * of this package that is loaded asks.
   */
  whenAuto(start: () => void): void;
  /** The function that the program calls: the test of the gate and the hand-over of the arguments. */
  callOf(declaration: Declaration, gate: Gate): Serialise;
  /**
   * The serialiser of an event class; the first call makes the ring. `off` when the class cannot be recorded. `busy`
   * during another such call: the event comes from the program's hooks on what that call does.
   * @param whenCompiled takes a quicker one, in the middle of an event; without it the quickest is made at once.
   */
  serialiserOf(
    declaration: Declaration,
    whenCompiled?: (compiled: Serialise) => void,
  ): Serialise | 'off' | 'busy';
  /** Marks with 1 the values of the event's first field, which counts from 0, with which it may be recorded. */
  markTaken(declaration: Declaration, marks: Uint8Array): void;
  /** Calls back whenever other events are recorded than before: perhaps in the middle of one, so without emitting. */
  whenChanged(callback: () => void): void;
  /** Has contexts named `$app.NAME` read their values by `read`. */
  registerContext(name: string, read: () => unknown): void;
  /** Where a counter of this thread lies, which may be elsewhere at any time; undefined when none can be had. Never throws. */
  counterCell(name: string): { values: Float64Array; readonly index: number } | undefined;
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

/** The session of this thread, made by `attach` if none of the copies has done so yet. */
export function sharedSession(attach: () => ThreadSession | undefined): ThreadSession | undefined {
  const slot = threadSlot();
  if (slot === undefined) return keepSlot(attach()).session;
  if (slot.session === undefined) adoptIdle(slot, attach());
  return slot.session;
}

/** Gives a thread that had none a session, with the tracepoints that were declared before. */
function adoptIdle(slot: Slot, session: ThreadSession | undefined): void {
  if (session === undefined) return;
  slot.session = session;
  for (const tracepoint of slot.idle.splice(0)) session.adopt(tracepoint);
}

/** The session of this thread; where nothing records the program, the one that `make` makes for its own use. */
export function sessionOrMake(make: () => ThreadSession): ThreadSession {
  const known = currentSession();
  if (known !== undefined) return known;
  const slot = threadSlot() ?? keepSlot(undefined);
  const session = make();
  adoptIdle(slot, session);
  return session;
}

/** Notes a tracepoint, for a session that may yet come, or has come to a thread that stands by. */
export function keepIdle(tracepoint: IdleTracepoint): void {
  const slot = threadSlot() ?? keepSlot(undefined);
  slot.idle.push(tracepoint);
  slot.standBy?.adopt(tracepoint);
}

/** The session of this thread, if it has loaded what that takes; undefined when the program is not traced. */
export function loadedSession(): ThreadSession | undefined {
  if (threadSlot() === undefined && namedSessions() !== '') loadSession();
  return threadSlot()?.session;
}

/** The session of this thread, which one that stands by begins now; undefined when the program is not traced. */
export function currentSession(): ThreadSession | undefined {
  const session = loadedSession();
  if (session !== undefined) return session;
  threadSlot()?.standBy?.begin();
  return threadSlot()?.session;
}

/** Whether this worker has waited for the main thread before what records was loaded. */
export function hasWaitedForMain(): boolean {
  return threadSlot()?.hasWaitedForMain === true;
}

/** The status file that the thread has in this directory of its process since it stood by; to be asked for once. */
export function takeStatusPath(processPath: string): string | undefined {
  const paths = threadSlot()?.statusPaths;
  const path = paths?.get(processPath);
  paths?.delete(processPath);
  return path;
}

/** For a traced program that was started without the recorder's `--require`. */
function loadSession(): void {
  try {
    // The module attaches the thread and puts its session into the slot.
    createRequire(import.meta.url)('./session.js');
  } catch {
    // In a bundle there is no such file; such a program is traced through the recorder's `--require`.
  }
  if (threadSlot() === undefined) keepSlot(undefined);
}
