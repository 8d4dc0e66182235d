// Worker threads are ended from outside: by `worker.terminate()`, by the end of the thread that started them, at any moment.
// One that is ended while koffi makes an object of JavaScript takes the whole process with it (`native-calls.ts` of
// @spoor/sys). So both sides leave marks, which both see in a directory of the process: a thread that is about to call
// koffi one that it is busy, a thread that is about to end others one that they are ending. Each first makes its mark and
// then looks for the other's: one of the two surely sees it. A busy thread is waited for; one that is ending waits for its end, so
// that nothing runs on unrecorded meanwhile. Threads see sessions come and go at moments of their own: where these do, the
// directory is one of the process, beside the hub, and a thread that may be ended begins once the main thread has joined.
import { subscribe } from 'node:diagnostics_channel';
import { SpoorError } from '@spoor/base';
import { makePrivateFolder } from '@spoor/ringbuffer';
import {
  closeSync,
  existsSync,
  guardNativeCalls,
  hasWorkerModule,
  monotonicNs,
  openSync,
  readdirSync,
  unlinkSync,
} from '@spoor/sys';
import type { Worker } from 'node:worker_threads';
import { dirname, join } from 'node:path';
import { JOINING_MARK, MARKS_FOLDER, WATCH_MARK } from './joining-mark.ts';
import { NativePromise, apply, define, getOwnPropertyDescriptor, promiseThen } from './primordials.ts';

/** `of-CHILD-PARENT` tells which thread started another, unless it was the main thread. */
const markName = /^(busy|ending)-(\d+)$|^of-(\d+)-(\d+)$/;
/** A call takes milliseconds. Nobody waits longer for a thread that was ended in another way, and left its mark. */
const mostWaitNs = 2_000_000_000n;
const lookEveryMs = 0.2;
/** A main thread that computes for longer, or waits for its workers, does not keep them from being recorded. */
const MOST_WAIT_FOR_MAIN_NS = 2_000_000_000n;

/** A worker of a thread. A listener for its end would be seen by the program. */
interface Child {
  readonly id: number;
  readonly worker: WeakRef<Worker>;
}

/** Whether a worker runs: one that does is not collected, and one that is over has no number. */
function isLiving({ worker }: Child): boolean {
  return (worker.deref()?.threadId ?? -1) >= 0;
}

/** The marks of one thread. */
export class ThreadEnds {
  /** The process's directory, where sessions come and go. */
  readonly #place: string | undefined;
  readonly #processPaths: () => readonly string[];
  readonly #joinsFromNs: bigint;
  #isWatched = false;
  /** Its number in Node.js, 0 for the main thread. */
  readonly #id: number;
  /** Workers that this thread has started, with their numbers. */
  #children: readonly Child[] = [];
  #isBusy = false;
  #hasWorkers = false;

  /**
   * @param processPaths the directories of this process in the sessions there are.
   * @param place one that it has for as long as it lives, used instead.
   * @param mostWaitForMainNs how long it does not join for the main thread's sake.
   */
  constructor(
    isMainThread: boolean,
    processPaths: () => readonly string[],
    place?: string,
    mostWaitForMainNs: bigint = MOST_WAIT_FOR_MAIN_NS,
  ) {
    this.#joinsFromNs = monotonicNs() + mostWaitForMainNs;
    this.#processPaths = processPaths;
    this.#place = place;
    // To load the module in the main thread takes a millisecond; in others it is there.
    this.#id = isMainThread ? 0 : process.getBuiltinModule('node:worker_threads').threadId;
    if (!isMainThread) guardNativeCalls((call) => this.#inOnePiece(call));
    try {
      // The program may have workers already: one that follows a session daemon is joined at any moment.
      if (isMainThread && hasWorkerModule()) this.#expectWorkers();
    } catch {
      // As below.
    }
    if (isMainThread && place !== undefined) make(join(place, MARKS_FOLDER, WATCH_MARK));
    subscribe('worker_threads', (message) => {
      try {
        this.#onWorker((message as { readonly worker: Worker }).worker);
      } catch {
        // It is as safe as without a recording, but for some milliseconds after its start.
      }
    });
  }

  /** Whether the main thread looks before it ends this one, or has not come to it for long. Never throws. */
  get mayJoin(): boolean {
    if (this.#isWatched || this.#id === 0 || this.#place === undefined) return true;
    const place = join(this.#place, MARKS_FOLDER);
    this.#isWatched =
      // In this order: the one is taken away once the other is there.
      [JOINING_MARK, WATCH_MARK].some((mark) => existsSync(join(place, mark))) ||
      monotonicNs() >= this.#joinsFromNs;
    return this.#isWatched;
  }

  /** Before this thread ends, and with it those that it started. */
  end(): void {
    if (this.#hasWorkers) this.#waitFor(this.#id);
  }

  /** A session has come, in which the process has this directory. Never throws. */
  enter(processPath: string): void {
    if (this.#place !== undefined || this.#id === 0) return;
    for (const { id } of this.#children.filter(isLiving)) {
      make(join(processPath, MARKS_FOLDER, this.#markOf(id)));
    }
  }

  #inOnePiece<Result>(call: () => Result): Result {
    if (this.#isBusy) return call();
    const marks: string[] = [];
    this.#isBusy = true;
    try {
      if (!this.#folders().some((folder) => this.#isEndingAfter(folder, marks))) return call();
    } finally {
      this.#isBusy = false;
      for (const mark of marks) remove(mark);
    }
    pause(Number(mostWaitNs / 1_000_000n));
    throw new SpoorError('tracer/thread-ends', 'the thread is being ended');
  }

  /** Marks this thread as busy in a folder; whether it turns out to be ending. */
  #isEndingAfter(folder: string, marks: string[]): boolean {
    const mark = join(folder, `busy-${this.#id}`);
    if (!make(mark)) return false;
    marks.push(mark);
    return new Marks(folder).isEnding(this.#id);
  }

  #onWorker(worker: Worker): void {
    this.#expectWorkers();
    const ended = this.#children.filter((child) => !isLiving(child));
    const started = { id: worker.threadId, worker: new WeakRef(worker) };
    this.#children = [...this.#children.filter(isLiving), started];
    for (const folder of this.#folders()) {
      if (this.#id !== 0) make(join(folder, this.#markOf(started.id)));
      if (ended.length > 0) removeMarksOf(folder, new Set(ended.map(({ id }) => id)));
    }
  }

  #markOf(child: number): string {
    return `of-${child}-${this.#id}`;
  }

  /** Not before the program may have a worker: the class takes a millisecond to load. */
  #expectWorkers(): void {
    if (this.#hasWorkers) return;
    this.#hasWorkers = true;
    this.#watchTerminate();
  }

  #watchTerminate(): void {
    const { prototype } = process.getBuiltinModule('node:worker_threads').Worker;
    const own = getOwnPropertyDescriptor(prototype, 'terminate');
    const original = own?.value as ((...args: unknown[]) => unknown) | undefined;
    if (own === undefined || typeof original !== 'function') return;
    const before = (worker: unknown): readonly string[] => this.#beforeTerminate(worker);
    // A method, as the original is: with its name, and no constructor.
    const { terminate } = {
      terminate(this: unknown, ...args: unknown[]): unknown {
        const marks = before(this);
        const result = apply(original, this, args);
        if (marks.length > 0 && result instanceof NativePromise) {
          const done = (): void => marks.forEach(remove);
          void apply(promiseThen, result, [done, done]);
        }
        return result;
      },
    };
    define(terminate, 'length', { value: original.length, configurable: true });
    define(prototype, 'terminate', { ...own, value: terminate });
  }

  #beforeTerminate(worker: unknown): readonly string[] {
    try {
      // -1 when it is over.
      const { threadId } = worker as Worker;
      return threadId > 0 ? this.#waitFor(threadId) : [];
    } catch {
      // No worker: the original says so.
      return [];
    }
  }

  /** Marks a thread as ending, and waits until it and all that come of it call koffi no more. Answers the marks. */
  #waitFor(id: number): readonly string[] {
    const untilNs = monotonicNs() + mostWaitNs;
    const marks: string[] = [];
    for (const folder of this.#folders()) {
      const mark = join(folder, `ending-${id}`);
      if (!make(mark)) continue;
      marks.push(mark);
      while (new Marks(folder).isBusy(id) && monotonicNs() < untilNs) pause(lookEveryMs);
    }
    return marks;
  }

  #folders(): readonly string[] {
    const paths = this.#place === undefined ? this.#processPaths() : [this.#place];
    return paths.map((path) => join(path, MARKS_FOLDER));
  }
}

/** Takes away what is said of threads that are over, and of all that came of them: Node.js has ended these before. */
function removeMarksOf(folder: string, ended: ReadonlySet<number>): void {
  const marks = new Marks(folder);
  for (const name of marks.names) {
    const [, , id, child] = markName.exec(name) ?? [];
    if (marks.line(Number(id ?? child)).some((ancestor) => ended.has(ancestor))) remove(join(folder, name));
  }
}

/** What a folder of marks says. */
class Marks {
  readonly #busy: number[] = [];
  readonly #ending = new Set<number>();
  readonly #parents = new Map<number, number>();

  readonly names: readonly string[];

  constructor(folder: string) {
    this.names = readdirSync(folder);
    for (const name of this.names) {
      const [, kind, id, child, parent] = markName.exec(name) ?? [];
      if (kind === 'busy') this.#busy.push(Number(id));
      else if (kind === 'ending') this.#ending.add(Number(id));
      else if (child !== undefined) this.#parents.set(Number(child), Number(parent));
    }
  }

  /** Whether a thread is to end, or one that it comes of. */
  isEnding(id: number): boolean {
    return this.line(id).some((ancestor) => this.#ending.has(ancestor));
  }

  /** Whether a thread is busy, or one that comes of it. */
  isBusy(id: number): boolean {
    return this.#busy.some((busy) => this.line(busy).includes(id));
  }

  /** A thread and those that it comes of, up to the main thread. */
  line(id: number): readonly number[] {
    const line = [id];
    // Who starts another has the smaller number.
    for (let last = id; last > 0; line.push(last)) last = Math.min(this.#parents.get(last) ?? 0, last - 1);
    return line;
  }
}

/** Makes an empty file; whether it could be made. */
function make(path: string): boolean {
  try {
    closeSync(openSync(path, 'w', 0o600));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') return false;
  }
  try {
    makePrivateFolder(dirname(path));
    closeSync(openSync(path, 'w', 0o600));
    return true;
  } catch {
    return false;
  }
}

function remove(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // Gone with the session.
  }
}

function pause(timeMs: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, timeMs);
}
