// Worker threads are ended from outside: by `worker.terminate()`, by the end of the thread that started them, at any moment.
// One that is ended while koffi makes an object of JavaScript takes the whole process with it (`native-calls.ts` of
// @spoor/sys). So both sides leave marks, which both see in the directory of the process: a thread that is about to call
// koffi one that it is busy, a thread that is about to end others one that they are ending. Each first makes its mark and
// then looks for the other's: one of the two surely sees it. A busy thread is waited for; one that is ending waits for its end, so
// that nothing runs on unrecorded meanwhile.
import { subscribe } from 'node:diagnostics_channel';
import { SpoorError } from '@spoor/base';
import {
  closeSync,
  guardNativeCalls,
  hasWorkerModule,
  mkdirSync,
  monotonicNs,
  openSync,
  readdirSync,
  unlinkSync,
} from '@spoor/sys';
import type { Worker } from 'node:worker_threads';
import { join } from 'node:path';
import { NativePromise, apply, define, getOwnPropertyDescriptor, promiseThen } from './primordials.ts';

const FOLDER = 'threads';
/** `of-CHILD-PARENT` tells which thread started another, unless it was the main thread. */
const markName = /^(busy|ending)-(\d+)$|^of-(\d+)-(\d+)$/;
/** A call takes milliseconds. Nobody waits longer for a thread that was ended in another way, and left its mark. */
const mostWaitNs = 2_000_000_000n;
const lookEveryMs = 0.2;

/** The marks of one thread. */
export class ThreadEnds {
  readonly #processPaths: () => readonly string[];
  /** Its number in Node.js, 0 for the main thread. */
  readonly #id: number;
  /** Workers that a worker has started. */
  #children: readonly WeakRef<Worker>[] = [];
  #isBusy = false;
  #hasWorkers = false;

  /** @param processPaths the directories of this process in the sessions there are. */
  constructor(isMainThread: boolean, processPaths: () => readonly string[]) {
    this.#processPaths = processPaths;
    // To load the module in the main thread takes a millisecond; in others it is there.
    this.#id = isMainThread ? 0 : process.getBuiltinModule('node:worker_threads').threadId;
    if (!isMainThread) guardNativeCalls((call) => this.#inOnePiece(call));
    try {
      // The program may have workers already: one that follows a session daemon is joined at any moment.
      if (isMainThread && hasWorkerModule()) this.#expectWorkers();
    } catch {
      // As below.
    }
    subscribe('worker_threads', (message) => {
      try {
        this.#onWorker((message as { readonly worker: Worker }).worker);
      } catch {
        // It is as safe as without a recording, but for some milliseconds after its start.
      }
    });
  }

  /** Before this thread ends, and with it those that it started. */
  end(): void {
    if (this.#hasWorkers) this.#waitFor(this.#id);
  }

  /** A session has come, in which the process has this directory. Never throws. */
  enter(processPath: string): void {
    for (const { threadId } of this.#livingChildren()) {
      make(join(processPath, FOLDER, this.#markOf(threadId)));
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
    if (this.#id === 0) return;
    this.#children = [...this.#livingChildren(), worker].map((child) => new WeakRef(child));
    for (const folder of this.#folders()) make(join(folder, this.#markOf(worker.threadId)));
  }

  /** A listener for their end would be seen by the program. */
  #livingChildren(): readonly Worker[] {
    return this.#children.flatMap((child) => {
      const worker = child.deref();
      return worker === undefined || worker.threadId < 0 ? [] : [worker];
    });
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
    return this.#processPaths().map((path) => join(path, FOLDER));
  }
}

/** What a folder of marks says. */
class Marks {
  readonly #busy: number[] = [];
  readonly #ending = new Set<number>();
  readonly #parents = new Map<number, number>();

  constructor(folder: string) {
    for (const name of readdirSync(folder)) {
      const [, kind, id, child, parent] = markName.exec(name) ?? [];
      if (kind === 'busy') this.#busy.push(Number(id));
      else if (kind === 'ending') this.#ending.add(Number(id));
      else if (child !== undefined) this.#parents.set(Number(child), Number(parent));
    }
  }

  /** Whether a thread is to end, or one that it comes of. */
  isEnding(id: number): boolean {
    return this.#line(id).some((ancestor) => this.#ending.has(ancestor));
  }

  /** Whether a thread is busy, or one that comes of it. */
  isBusy(id: number): boolean {
    return this.#busy.some((busy) => this.#line(busy).includes(id));
  }

  /** A thread and those that it comes of, up to the main thread. */
  #line(id: number): readonly number[] {
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
    mkdirSync(join(path, '..'), { mode: 0o700, recursive: true });
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
