/** A thread that reads rings of sessions: those that record all along by itself, the others when it is asked. */
import { SpoorError, describeError } from '@spoor/base';
import { dirname } from 'node:path';
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { favourThisThread } from '../drain/favoured-thread.node.ts';
import { RingReader } from '../drain/ring-reader.node.ts';
import { commitWord, storedPageBytes } from '../recording/stored-page.ts';
import {
  readerWords,
  type ReaderCommand,
  type ReaderMessage,
  type ReaderRequest,
  type RingRequest,
  type RingTotals,
} from './reader-messages.ts';
import { SessionSink } from './session-sink.node.ts';

/** A flood of 256 MB/s, more than any processor has been seen to write, must not fill a ring while it is not read. */
const floodBytesPerMs = 256_000;
const longestIntervalMs = 50;

/** One ring with its sink. */
class SessionRing {
  readonly cpu: number;
  readonly ringBytes: number;
  readonly isInMemory: boolean;
  /** Longest time between two looks at it. */
  readonly slowestMs: number;
  isActive = false;
  failure: string | undefined;
  private readonly reader: RingReader;
  readonly sink: SessionSink;
  /** Pages that were read for a snapshot: the next one has them, too, as far as a ring holds as much. */
  private kept: Uint8Array[] = [];
  private keptBytes = 0;

  constructor(request: RingRequest) {
    const { cpu, path, layout, ringBytes, isInMemory, readIntervalMs } = request;
    this.cpu = cpu;
    this.ringBytes = ringBytes;
    this.isInMemory = isInMemory;
    const safeMs = Math.max(1, Math.min(longestIntervalMs, Math.floor(ringBytes / floodBytesPerMs)));
    this.slowestMs = readIntervalMs === 0 ? safeMs : Math.min(safeMs, readIntervalMs);
    this.reader = new RingReader(path, layout);
    const instance = dirname(dirname(dirname(path)));
    this.sink = new SessionSink(cpu, layout, instance, request.data, request.place, request.toldLost);
  }

  guard(work: () => void): void {
    if (this.failure !== undefined) return;
    try {
      work();
    } catch (error) {
      this.failure = describeError(error);
    }
  }

  /**
   * Hands on what is in the ring.
   * @param untilEmpty whether the page that is being written is wanted, too.
   * @returns how much it was.
   */
  drain(untilEmpty: boolean): number {
    let drained = 0;
    // Between two chunks what is recorded waits in the ring.
    if (this.sink.isSuspended) return 0;
    this.guard(() => {
      const { reader, sink, ringBytes } = this;
      let pages = 0;
      // A ring that is written while it is read to its end would hold up the others.
      while (drained < ringBytes * 2) {
        const count = reader.read();
        if (count === 0) break;
        for (let index = 0; index < count; index += 1) {
          const at = index * reader.layout.subBufferBytes;
          sink.page(reader.bytes, at, reader.layout.subBufferBytes);
        }
        drained += reader.batchBytes;
        pages += count;
        if (reader.endsShort && pages > 1 && !untilEmpty) break;
      }
      if (pages > 0) sink.flush();
    });
    return drained;
  }

  /** Takes the pages out of the kernel and keeps the youngest of them, as many as a ring holds. */
  private collect(): void {
    const { reader, ringBytes } = this;
    let read = 0;
    while (read < ringBytes * 2) {
      const count = reader.read();
      if (count === 0) break;
      for (let index = 0; index < count; index += 1) {
        const at = index * reader.layout.subBufferBytes;
        const stored = storedPageBytes(commitWord(reader.view, at, reader.layout), reader.layout);
        // Words are read from it: it begins at one.
        this.kept.push(reader.bytes.slice(at, at + stored));
        this.keptBytes += stored;
      }
      read += reader.batchBytes;
    }
    let first = 0;
    while (this.keptBytes > ringBytes && first < this.kept.length) {
      this.keptBytes -= this.kept[first]!.length;
      first += 1;
    }
    if (first > 0) this.kept.splice(0, first);
  }

  /** Writes what a ring holds. */
  snapshot(place: ReaderCommand & { readonly kind: 'snapshot' }): void {
    this.guard(() => {
      this.collect();
      let from = this.kept.length;
      for (let bytes = 0; from > 0; from -= 1) {
        bytes += this.kept[from - 1]!.length;
        if (bytes > place.mostBytes) break;
      }
      this.sink.writeTo(place.place, this.kept.slice(from));
    });
  }

  clear(): void {
    this.guard(() => {
      this.collect();
      this.kept = [];
      this.keptBytes = 0;
    });
  }

  totals(): RingTotals {
    return this.sink.totals(this.failure);
  }

  close(): void {
    this.guard(() => this.sink.close());
    this.reader[Symbol.dispose]();
  }
}

const channels = new Map<string, SessionRing[]>();
const told = new Set<SessionRing>();
const tell = (message: ReaderMessage): void => parentPort?.postMessage(message);

function carryOut(command: ReaderCommand): readonly RingTotals[] {
  if (command.kind === 'add') {
    const rings: SessionRing[] = [];
    try {
      for (const request of command.rings) rings.push(new SessionRing(request));
    } catch (error) {
      for (const ring of rings) ring.close();
      throw error;
    }
    channels.set(command.key, rings);
    return [];
  }
  const rings = channels.get(command.key) ?? [];
  for (const ring of rings) {
    // What is asked for is asked of all that has been recorded until now.
    if (!ring.isInMemory && command.kind !== 'activate') ring.drain(true);
    switch (command.kind) {
      case 'activate':
        ring.isActive = command.isActive;
        break;
      case 'remove':
        ring.close();
        break;
      case 'configure':
        ring.guard(() => ring.sink.configure(command.data, command.place));
        break;
      case 'suspend':
        ring.guard(() => ring.sink.suspend());
        break;
      case 'resume':
        ring.guard(() => ring.sink.resume(command.place));
        break;
      case 'snapshot':
        ring.snapshot(command);
        break;
      case 'clear':
        if (ring.isInMemory) ring.clear();
        break;
      case 'flush':
      case 'count':
        break;
      default:
        command satisfies never;
    }
  }
  if (command.kind === 'remove') channels.delete(command.key);
  return rings.map((ring) => ring.totals());
}

function serve(sequence: Int32Array): void {
  // What was asked for before this thread ran is waiting.
  let served = 0;
  let intervalMs = 1;
  favourThisThread();
  tell({ kind: 'ready' });
  for (;;) {
    const looked = [...channels.values()].flat().filter((ring) => ring.isActive && !ring.isInMemory);
    // Without anything to look at it sleeps until it is told.
    Atomics.wait(sequence, readerWords.sequence, served, looked.length === 0 ? undefined : intervalMs);
    served = Atomics.load(sequence, readerWords.sequence);
    let slowestMs = longestIntervalMs;
    let isBusy = false;
    let isIdle = true;
    for (const ring of looked) {
      if (ring.failure !== undefined) continue;
      const drained = ring.drain(false);
      slowestMs = Math.min(slowestMs, ring.slowestMs);
      if (drained * 4 > ring.ringBytes) isBusy = true;
      if (drained * 8 >= ring.ringBytes) isIdle = false;
    }
    // Few and large helpings are cheaper than many small ones: each ends in a page that is not full yet.
    if (isBusy) intervalMs = Math.min(5, slowestMs);
    else if (isIdle) intervalMs = Math.min(slowestMs, intervalMs * 2);
    intervalMs = Math.min(intervalMs, slowestMs);
    for (;;) {
      const received = receiveMessageOnPort(parentPort!) as { readonly message: ReaderRequest } | undefined;
      if (received === undefined) break;
      const { id, command } = received.message;
      try {
        tell({ kind: 'done', id, rings: carryOut(command) });
      } catch (error) {
        const code = error instanceof SpoorError ? error.code : 'kernel/reader';
        tell({ kind: 'refused', id, message: describeError(error), code });
      }
    }
    for (const [key, rings] of channels) {
      for (const ring of rings) {
        const { trouble } = ring.sink;
        if ((ring.failure ?? trouble) === undefined || told.has(ring)) continue;
        told.add(ring);
        if (ring.failure === undefined) tell({ kind: 'trouble', key, cpu: ring.cpu, message: trouble! });
        else tell({ kind: 'failed', key, cpu: ring.cpu, message: ring.failure });
      }
    }
  }
}

serve(new Int32Array(workerData as SharedArrayBuffer));
