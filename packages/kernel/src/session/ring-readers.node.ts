/** The threads that read the rings of all sessions of a process, one a processor. They are started when there is a ring. */
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { SpoorError, describeError } from '@spoor/base';
import { EventBell, isAvailable } from '@spoor/sys';
import { peerWords, type PeerPlace } from '../drain/reader-peers.node.ts';
import {
  readerWords,
  type ReaderCommand,
  type ReaderMessage,
  type ReaderRequest,
  type ReaderThreadData,
  type RingRequest,
  type RingTotals,
} from './reader-messages.ts';

interface Waiting {
  readonly resolve: (rings: readonly RingTotals[]) => void;
  readonly reject: (error: Error) => void;
}

class ReaderThread {
  private readonly worker: Worker;
  private readonly words = new Int32Array(new SharedArrayBuffer(readerWords.count * 4));
  private readonly waiting = new Map<number, Waiting>();
  private next = 1;
  private death: SpoorError | undefined;
  private readonly bell: EventBell | undefined;

  readonly exited: Promise<void>;

  constructor(
    bell: EventBell | undefined,
    peers: PeerPlace,
    onFailure: (key: string, error: SpoorError) => void,
  ) {
    this.bell = bell;
    const data: ReaderThreadData = { words: this.words, bell: bell?.descriptor, peers };
    // Without the flags of this process: a loader or debugger has no business there.
    this.worker = new Worker(new URL('./reader-worker.node.js', import.meta.url), {
      workerData: data,
      execArgv: [],
    });
    this.worker.unref();
    this.worker.on('message', (message: ReaderMessage) => {
      switch (message.kind) {
        case 'ready':
          break;
        case 'done':
          this.take(message.id)?.resolve(message.rings);
          break;
        case 'refused':
          this.take(message.id)?.reject(new SpoorError(message.code, message.message));
          break;
        case 'failed':
          onFailure(
            message.key,
            new SpoorError(
              'kernel/drain',
              `processor ${message.cpu} is no longer recorded: ${message.message}`,
            ),
          );
          break;
        case 'trouble':
          onFailure(
            message.key,
            new SpoorError('kernel/lost', `events of processor ${message.cpu} are lost: ${message.message}`),
          );
          break;
        default:
          message satisfies never;
      }
    });
    this.worker.on('error', (error) => this.die(describeError(error)));
    this.exited = new Promise((resolve) => {
      this.worker.on('exit', () => {
        this.die('its thread ended');
        resolve();
      });
    });
  }

  private take(id: number): Waiting | undefined {
    const found = this.waiting.get(id);
    this.waiting.delete(id);
    if (this.waiting.size === 0) this.worker.unref();
    return found;
  }

  private die(why: string): void {
    this.death ??= new SpoorError('kernel/drain', `rings are no longer read: ${why}`);
    for (const { reject } of this.waiting.values()) reject(this.death);
    this.waiting.clear();
  }

  ask(command: ReaderCommand): Promise<readonly RingTotals[]> {
    if (this.death !== undefined) return Promise.reject(this.death);
    const id = this.next++;
    const request: ReaderRequest = { id, command };
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve, reject });
      this.worker.ref();
      this.worker.postMessage(request);
      this.wake();
    });
  }

  private wake(): void {
    Atomics.add(this.words, readerWords.sequence, 1);
    Atomics.notify(this.words, readerWords.sequence);
    this.bell?.ring();
  }

  async end(): Promise<void> {
    if (this.death === undefined) this.wake();
    await this.worker.terminate();
  }
}

/** Reads rings; a channel is named by a key of its session's choice. */
export class RingReaders {
  private threads: readonly ReaderThread[] | undefined;
  private readonly listeners = new Map<string, (error: SpoorError) => void>();

  private started(): readonly ReaderThread[] {
    if (this.threads !== undefined) return this.threads;
    const length = availableParallelism();
    const rung = Array.from({ length }, () => (isAvailable().available ? new EventBell() : undefined));
    const bells = rung.map((bell) => bell?.descriptor);
    const words = peerWords(length);
    const threads = rung.map(
      (bell, index) =>
        new ReaderThread(bell, { words, index, bells }, (key, error) => this.listeners.get(key)?.(error)),
    );
    // They ring those of each other: no descriptor may become another file's while one of them runs.
    void Promise.all(threads.map(({ exited }) => exited)).then(() => {
      for (const bell of rung) bell?.[Symbol.dispose]();
    });
    this.threads = threads;
    return threads;
  }

  /**
   * Begins to read the rings of a channel.
   * @param onFailure hears of a ring that cannot be read any more: its disk is full, or something is wrong with it.
   * @throws SpoorError `kernel/…`.
   */
  async add(
    key: string,
    rings: readonly RingRequest[],
    onFailure: (error: SpoorError) => void,
  ): Promise<void> {
    const threads = this.started();
    this.listeners.set(key, onFailure);
    const groups = threads.map((_, index) => rings.filter(({ cpu }) => cpu % threads.length === index));
    await Promise.all(
      threads.map((thread, index) => thread.ask({ kind: 'add', key, rings: groups[index]! })),
    );
  }

  /** Asks all threads for something; answers when all have done it, with what the channel's rings have come to. */
  async ask(command: Exclude<ReaderCommand, { readonly kind: 'add' }>): Promise<readonly RingTotals[]> {
    const answers = await Promise.all(this.started().map((thread) => thread.ask(command)));
    if (command.kind === 'remove') this.listeners.delete(command.key);
    return answers.flat();
  }

  /** Ends the threads; rings stay as they are. */
  async close(): Promise<void> {
    await Promise.all((this.threads ?? []).map((thread) => thread.end()));
    this.threads = undefined;
  }
}
