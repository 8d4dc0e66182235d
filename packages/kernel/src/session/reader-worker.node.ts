/** A thread that reads rings of sessions: those that record all along by itself, the others when it is asked. */
import { SpoorError, describeError } from '@spoor/base';
import { isAvailable, SplicePipe } from '@spoor/sys';
import { dirname } from 'node:path';
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import type { RingTasks } from '../contexts/task-births.ts';
import { favourThisThread } from '../drain/favoured-thread.node.ts';
import { ReaderPeers } from '../drain/reader-peers.node.ts';
import { partialPageMs, RingReader } from '../drain/ring-reader.node.ts';
import { RingSleep, safeMsOf } from '../drain/ring-sleep.node.ts';
import { commitWord, storedPageBytes } from '../recording/stored-page.ts';
import {
  readerWords,
  type ReaderCommand,
  type ReaderMessage,
  type ReaderRequest,
  type ReaderThreadData,
  type RingRequest,
  type RingTotals,
} from './reader-messages.ts';
import { SessionSink } from './session-sink.node.ts';

/** Rings are looked at as often where they cannot be waited for, while much is recorded. */
const fastestMs = 5;

/** One ring with its sink. */
class SessionRing {
  readonly cpu: number;
  readonly ringBytes: number;
  readonly isInMemory: boolean;
  /** Longest time between two looks at it; undefined leaves that to the thread. */
  readonly askedMs: number | undefined;
  isActive = false;
  failure: string | undefined;
  private readonly reader: RingReader;
  private readonly pipe: SplicePipe | undefined;
  /** When the page that was being written was read last. */
  private partialMs = 0;
  /** Whether the ring may have been full; undefined while nothing is to be flushed. */
  private mayHaveLost: boolean | undefined;
  readonly sink: SessionSink;
  /** Pages that were read for a snapshot: the next one has them, too, as far as a ring holds as much. */
  private kept: Uint8Array[] = [];
  private keptBytes = 0;
  /** Whether the next snapshot is of what is kept. */
  private isCollected = false;
  private tasks: RingTasks | undefined;

  constructor(request: RingRequest) {
    const { cpu, path, layout, ringBytes, isInMemory, readIntervalMs } = request;
    this.cpu = cpu;
    this.ringBytes = ringBytes;
    this.isInMemory = isInMemory;
    this.askedMs = readIntervalMs === 0 ? undefined : readIntervalMs;
    this.reader = new RingReader(path, layout);
    const instance = dirname(dirname(dirname(path)));
    this.pipe = isAvailable().available ? new SplicePipe(layout.subBufferBytes) : undefined;
    const { data, place, toldLost } = request;
    // Who is in memory is read when a snapshot is asked for, and collects who was made before.
    const settle = isInMemory ? undefined : (): void => peers.settleNow();
    this.sink = new SessionSink(cpu, layout, instance, data, place, toldLost, settle);
  }

  /** Of the ring, to wait for. */
  get descriptor(): number {
    return this.reader.descriptor;
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
      const { reader, sink, pipe, ringBytes } = this;
      const { subBufferBytes } = reader.layout;
      // Another description has other memory, which its pages need not be copied to.
      if (sink.input !== undefined) reader.readInto(sink.input);
      // A ring that is written while it is read to its end would hold up the others.
      const mostBytes = ringBytes * 2;
      let pages = 0;
      if (pipe !== undefined) {
        while (drained < mostBytes && reader.readFull(pipe)) {
          sink.page(reader.bytes, 0, subBufferBytes);
          drained += subBufferBytes;
          pages += 1;
        }
      }
      const nowMs = performance.now();
      const readsRest = pipe === undefined || untilEmpty || nowMs - this.partialMs >= partialPageMs;
      if (readsRest) this.partialMs = nowMs;
      const untilBytes = readsRest ? mostBytes : 0;
      while (drained < untilBytes) {
        const count = reader.read();
        if (count === 0) break;
        for (let index = 0; index < count; index += 1) {
          sink.page(reader.bytes, index * subBufferBytes, subBufferBytes);
        }
        drained += reader.batchBytes;
        pages += count;
        if (reader.endsShort && pages > 1 && !untilEmpty) break;
      }
      // A ring that has been full gives all of its pages at once.
      if (pages > 0) {
        const wasFull = drained + 2 * subBufferBytes >= ringBytes;
        this.mayHaveLost = this.mayHaveLost === true || untilEmpty || wasFull;
      }
    });
    return drained;
  }

  get isWaiting(): boolean {
    return this.mayHaveLost !== undefined && this.sink.isWaiting;
  }

  flush(): void {
    const { mayHaveLost } = this;
    this.mayHaveLost = undefined;
    if (mayHaveLost !== undefined) this.guard(() => this.sink.flush(mayHaveLost));
  }

  tellLosses(): void {
    if (!this.isInMemory && !this.sink.isSuspended) this.guard(() => this.sink.tellLosses());
  }

  /** Takes the pages out of the kernel and keeps the youngest of them, as many as a ring holds. */
  private collect(): void {
    const { reader, ringBytes } = this;
    // Whoever reads makes events, too: what is recorded from now on is not waited for.
    const askedNs = Number(process.hrtime.bigint());
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
      if (reader.isBehind(askedNs)) break;
    }
    let first = 0;
    while (this.keptBytes > ringBytes && first < this.kept.length) {
      this.keptBytes -= this.kept[first]!.length;
      first += 1;
    }
    if (first > 0) this.kept.splice(0, first);
  }

  /** Has the next snapshot be of what the ring holds now. */
  prepare(): void {
    this.guard(() => {
      this.collect();
      this.isCollected = true;
      this.tasks = this.sink.tasksIn(this.kept);
    });
  }

  /** Writes what a ring holds, or held when it was prepared. */
  snapshot(place: ReaderCommand & { readonly kind: 'snapshot' }): void {
    this.guard(() => {
      if (!this.isCollected) this.collect();
      this.isCollected = false;
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
      this.isCollected = false;
    });
  }

  totals(): RingTotals {
    const { tasks } = this;
    if (tasks === undefined) return this.sink.totals(this.failure);
    this.tasks = undefined;
    return { ...this.sink.totals(this.failure), tasks };
  }

  close(): void {
    this.guard(() => this.sink.close());
    this.reader[Symbol.dispose]();
    this.pipe?.[Symbol.dispose]();
  }
}

const { words, bell, peers: place } = workerData as ReaderThreadData;
/** Threads that read the rings of other processors. */
const peers = new ReaderPeers(place);
const channels = new Map<string, SessionRing[]>();
const told = new Set<SessionRing>();
const tell = (message: ReaderMessage): void => parentPort?.postMessage(message);

/** Hands on what rings have been drained of, once others have told of the tasks in it. */
function flush(rings: readonly SessionRing[]): void {
  if (rings.some((ring) => ring.isWaiting)) {
    const all = [...channels.values()].flat().filter((ring) => ring.isActive && !ring.isInMemory);
    peers.settle(() => {
      for (const ring of all) ring.drain(true);
    });
    for (const ring of all) ring.flush();
  }
  for (const ring of rings) ring.flush();
}

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
  // What is asked for is asked of all that has been recorded until now; who ends tells the others what it knows before.
  if (command.kind !== 'activate' || !command.isActive) {
    for (const ring of rings) if (!ring.isInMemory) ring.drain(true);
    flush(rings);
  }
  for (const ring of rings) {
    switch (command.kind) {
      case 'activate':
        ring.isActive = command.isActive;
        if (!command.isActive) ring.tellLosses();
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
      case 'collect':
        if (ring.isInMemory) ring.prepare();
        break;
      case 'snapshot':
        ring.snapshot(command);
        break;
      case 'clear':
        if (ring.isInMemory) ring.clear();
        break;
      case 'flush':
        ring.tellLosses();
        break;
      case 'count':
        break;
      default:
        command satisfies never;
    }
  }
  if (command.kind === 'remove') channels.delete(command.key);
  return rings.map((ring) => ring.totals());
}

/** Commands behind which other rings are looked at. */
const choosesRings: ReadonlySet<ReaderCommand['kind']> = new Set(['add', 'remove', 'activate']);

/** The rings that are looked at; `sleep` waits for them from now on. */
function watchRings(sleep: RingSleep): readonly SessionRing[] {
  const watched = [...channels.values()].flat().filter((ring) => ring.isActive && !ring.isInMemory);
  const least = (of: (ring: SessionRing) => number | undefined): number | undefined =>
    watched.reduce<number | undefined>((smallest, ring) => {
      const value = of(ring);
      return value === undefined ? smallest : Math.min(smallest ?? value, value);
    }, undefined);
  const ringBytes = least((ring) => ring.ringBytes) ?? 0;
  if (watched.length > 0) peers.join(safeMsOf(ringBytes));
  else peers.leave();
  sleep.watch(
    watched.map(({ descriptor }) => descriptor),
    ringBytes,
    fastestMs,
    least(({ askedMs }) => askedMs),
  );
  return watched;
}

function serve(): void {
  const sleep = new RingSleep({ words, sequenceWord: readerWords.sequence, bell });
  let watched: readonly SessionRing[] = [];
  // What was asked for before this thread ran is waiting.
  let served = 0;
  favourThisThread();
  tell({ kind: 'ready' });
  for (;;) {
    // Without anything to look at it sleeps until it is told.
    if (watched.length === 0) Atomics.wait(words, readerWords.sequence, served);
    else sleep.sleep(served);
    served = Atomics.load(words, readerWords.sequence);
    let mostShare = 0;
    const { asked } = peers;
    const untilEmpty = peers.isAsked(asked);
    for (const ring of watched) {
      if (ring.failure === undefined)
        mostShare = Math.max(mostShare, ring.drain(untilEmpty) / ring.ringBytes);
    }
    peers.answer(asked);
    flush(watched);
    sleep.found(mostShare);
    let isChanged = false;
    for (;;) {
      const received = receiveMessageOnPort(parentPort!) as { readonly message: ReaderRequest } | undefined;
      if (received === undefined) break;
      const { id, command } = received.message;
      // Before it is carried out: rings that are closed by it must not be looked at again.
      isChanged ||= choosesRings.has(command.kind);
      try {
        tell({ kind: 'done', id, rings: carryOut(command) });
      } catch (error) {
        const code = error instanceof SpoorError ? error.code : 'kernel/reader';
        tell({ kind: 'refused', id, message: describeError(error), code });
      }
    }
    if (isChanged) watched = watchRings(sleep);
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

serve();
