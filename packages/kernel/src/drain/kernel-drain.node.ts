/** Empties the rings of an instance, in threads that leave no trace in them. */
import { readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { describeError, SpoorError } from '@spoor/base';
import { EventBell, isAvailable } from '@spoor/sys';
import type { PageLayout } from '../formats/page-layout.ts';
import type { TracefsInstance } from '../tracefs/instance.node.ts';
import { controlWords, type DrainMessage, type DrainRequest } from './drain-messages.ts';
import { peerWords } from './reader-peers.node.ts';
import type { RingResult, SinkReference } from './page-sink.ts';
import { wakePercentOf } from './ring-sleep.node.ts';

/** How rings are emptied. */
export interface DrainOptions {
  readonly sink: SinkReference;
  /** Layout of the instance's pages, with the size of its sub-buffers. */
  readonly layout: PageLayout;
  /**
   * How often rings are looked at while much is recorded, where the kernel cannot wake who waits for them; less often while
   * little is. 5 ms by default.
   */
  readonly intervalMs?: number;
  /** Threads at most; one a processor that the machine has by default. */
  readonly threads?: number;
  /** Hears of a ring whose events are lost, for the disk is full, or that cannot be emptied any more. */
  readonly onFailure?: (error: SpoorError) => void;
}

/** New threads of this process are looked for so often, to be hidden from the trace; less often while none come and go. */
const hideIntervalMs = 500;
const longestHideIntervalMs = 4000;

/** Threads of this process. */
export function ownThreads(): readonly number[] {
  return readdirSync('/proc/self/task').map(Number);
}

interface Deferred<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (error: Error) => void;
}

function deferred<T>(): Deferred<T> {
  let settle: Omit<Deferred<T>, 'promise'> | undefined;
  const promise = new Promise<T>((resolve, reject) => {
    settle = { resolve, reject };
  });
  return { promise, ...settle! };
}

class DrainThread {
  readonly worker: Worker;
  readonly ready: Promise<void>;
  readonly done: Promise<readonly RingResult[]>;
  readonly exited: Promise<void>;
  private flushed = 0;
  private readonly waiting: { readonly sequence: number; readonly resolve: () => void }[] = [];
  private hasEnded = false;
  private readonly bell: EventBell | undefined;

  constructor(
    given: Omit<DrainRequest, 'bell'>,
    bell: EventBell | undefined,
    onFailure: DrainOptions['onFailure'],
  ) {
    this.bell = bell;
    const request: DrainRequest = { ...given, bell: bell?.descriptor };
    // Without the flags of this process: a loader or debugger has no business there.
    this.worker = new Worker(new URL('./drain-worker.node.js', import.meta.url), {
      workerData: request,
      execArgv: [],
    });
    const failed = (message: string, cause?: unknown): SpoorError =>
      new SpoorError('kernel/drain', `a ring is no longer read: ${message}`, { cause });
    const ready = deferred<void>();
    const done = deferred<readonly RingResult[]>();
    const exited = deferred<void>();
    this.ready = ready.promise;
    this.done = done.promise;
    this.exited = exited.promise;
    // Whoever waits for it hears of it; if nobody does, that is no fault of the process.
    done.promise.catch(() => {});
    const end = (error: SpoorError): void => {
      this.hasEnded = true;
      ready.reject(error);
      done.reject(error);
      this.release(Infinity);
    };
    this.worker.on('message', (message: DrainMessage) => {
      switch (message.kind) {
        case 'ready':
          ready.resolve();
          break;
        case 'flushed':
          this.release(message.sequence);
          break;
        case 'failed':
          onFailure?.(failed(`processor ${message.cpu}: ${message.message}`));
          break;
        case 'trouble':
          onFailure?.(
            new SpoorError('kernel/lost', `events of processor ${message.cpu} are lost: ${message.message}`),
          );
          break;
        case 'done':
          done.resolve(message.results);
          break;
        default:
          message satisfies never;
      }
    });
    this.worker.on('error', (error) => {
      const told = failed(describeError(error), error);
      end(told);
      onFailure?.(told);
    });
    this.worker.on('exit', () => {
      end(failed('its thread ended'));
      exited.resolve();
    });
  }

  /** A word of the control has changed. */
  wake(): void {
    if (!this.hasEnded) this.bell?.ring();
  }

  /** Ends the thread, wherever it is. */
  async terminate(): Promise<void> {
    this.wake();
    await this.worker.terminate();
  }

  private release(sequence: number): void {
    this.flushed = Math.max(this.flushed, sequence);
    for (let index = this.waiting.length - 1; index >= 0; index--) {
      const one = this.waiting[index]!;
      if (one.sequence > this.flushed) continue;
      one.resolve();
      this.waiting.splice(index, 1);
    }
  }

  /** Resolves when all that was recorded before the sequence has been handed on, or never will be. */
  whenFlushed(sequence: number): Promise<void> {
    if (this.hasEnded || this.flushed >= sequence) return Promise.resolve();
    const { promise, resolve } = deferred<void>();
    this.waiting.push({ sequence, resolve });
    return promise;
  }
}

/** The emptying of an instance's rings. Must be stopped before the instance can be removed. */
export class KernelDrain {
  private readonly instance: TracefsInstance;
  private readonly threads: readonly DrainThread[];
  private readonly control: Int32Array;
  private timer: NodeJS.Timeout | undefined;
  private hidden = '';

  private constructor(instance: TracefsInstance, threads: readonly DrainThread[], control: Int32Array) {
    this.instance = instance;
    this.threads = threads;
    this.control = control;
    this.hideThreads(hideIntervalMs);
  }

  /**
   * Begins to empty the rings of an instance. The instance may record from now on: no thread of this process leaves
   * events in it.
   * @throws SpoorError `kernel/drain`.
   */
  static async start(instance: TracefsInstance, options: DrainOptions): Promise<KernelDrain> {
    const control = new Int32Array(new SharedArrayBuffer(controlWords.count * 4));
    const wanted = Math.max(1, options.threads ?? availableParallelism());
    const groups: { cpu: number; path: string }[][] = [];
    for (const [index, cpu] of instance.cpus.entries()) {
      const path = join(instance.path, `per_cpu/cpu${cpu}/trace_pipe_raw`);
      (groups[index % wanted] ??= []).push({ cpu, path });
    }
    const geometry = instance.geometry();
    const common = {
      layout: options.layout,
      clock: instance.clock(),
      sinkModule: options.sink.module.href,
      sinkData: options.sink.data,
      control,
      intervalMs: options.intervalMs ?? 5,
      ringBytes: geometry.ringBytes,
    };
    instance.wakeAt(wakePercentOf(geometry));
    const rung = groups.map(() => (isAvailable().available ? new EventBell() : undefined));
    const bells = rung.map((bell) => bell?.descriptor);
    const words = peerWords(groups.length);
    const threads = groups.map((rings, index) => {
      const request = { ...common, rings, peers: { words, index, bells } };
      return new DrainThread(request, rung[index], options.onFailure);
    });
    // They ring those of each other: no descriptor may become another file's while one of them runs.
    void Promise.all(threads.map(({ exited }) => exited)).then(() => {
      for (const bell of rung) bell?.[Symbol.dispose]();
    });
    try {
      await Promise.all(threads.map(({ ready }) => ready));
      return new KernelDrain(instance, threads, control);
    } catch (error) {
      await Promise.all(threads.map((thread) => thread.terminate()));
      throw error;
    }
  }

  /** Keeps threads of this process that are new out of the trace, now and from time to time. */
  private hideThreads(intervalMs: number): void {
    const threads = ownThreads();
    try {
      this.instance.hideThreads(threads);
    } catch (error) {
      // An instance that somebody has removed has nothing to hide from.
      if (!(error instanceof SpoorError) || error.code !== 'kernel/enoent') throw error;
    }
    const hidden = threads.join(' ');
    const nextMs = hidden === this.hidden ? Math.min(longestHideIntervalMs, intervalMs * 2) : hideIntervalMs;
    this.hidden = hidden;
    this.timer = setTimeout(() => this.hideThreads(nextMs), nextMs);
    this.timer.unref();
  }

  private ask(): number {
    const sequence = Atomics.add(this.control, controlWords.sequence, 1) + 1;
    Atomics.notify(this.control, controlWords.sequence);
    for (const thread of this.threads) thread.wake();
    return sequence;
  }

  /** Resolves when all that has been recorded until now is with the sinks. */
  async flush(): Promise<void> {
    const sequence = this.ask();
    await Promise.all(this.threads.map((thread) => thread.whenFlushed(sequence)));
  }

  /**
   * Empties the rings a last time and ends. Stop the instance before, or what it records meanwhile stays in the rings.
   * @throws SpoorError `kernel/drain` when a thread has died.
   */
  async stop(): Promise<readonly RingResult[]> {
    clearTimeout(this.timer);
    Atomics.store(this.control, controlWords.stopping, 1);
    this.ask();
    const results = await Promise.all(this.threads.map(({ done }) => done));
    return results.flat().sort((left, right) => left.cpu - right.cpu);
  }
}
