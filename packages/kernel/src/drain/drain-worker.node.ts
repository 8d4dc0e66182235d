/** The thread that reads rings: sleeps, empties them into their sinks, sleeps again. */
import { describeError } from '@spoor/base';
import { isAvailable, ringBell, SplicePipe } from '@spoor/sys';
import { parentPort, workerData } from 'node:worker_threads';
import { controlWords, type DrainMessage, type DrainRequest } from './drain-messages.ts';
import type { BatchSink, PageSink, PageSinkModule, RingResult } from './page-sink.ts';
import { favourThisThread } from './favoured-thread.node.ts';
import { ReaderPeers } from './reader-peers.node.ts';
import { partialPageMs, RingReader } from './ring-reader.node.ts';
import { RingSleep, safeMsOf } from './ring-sleep.node.ts';

/** What calls and sinks say where there is no room for a file. */
const noRoom: readonly unknown[] = ['ENOSPC', 'EDQUOT', 'sys/enospc', 'sys/edquot', 'kernel/disk-full'];

/** A ring with its sink. */
class RingDrain {
  readonly cpu: number;
  failure: string | undefined;
  private readonly reader: RingReader;
  private readonly sink: PageSink | BatchSink;
  private readonly pipe: SplicePipe | undefined;
  private pageCount = 0;
  private sizeBytes = 0;
  /** When the page that was being written was read last. */
  private partialMs = 0;
  /** Whether the ring may have been full; undefined while nothing is to be flushed. */
  private mayHaveLost: boolean | undefined;
  private result: unknown;
  private isFull = false;
  /** Why something is lost, if something is. */
  private trouble: string | undefined;
  private readonly onTrouble: (message: string) => void;

  constructor(
    cpu: number,
    reader: RingReader,
    sink: PageSink | BatchSink,
    onTrouble: (message: string) => void,
  ) {
    const byPages = !('batch' in sink) || sink.file !== undefined;
    this.pipe = byPages && isAvailable().available ? new SplicePipe(reader.layout.subBufferBytes) : undefined;
    this.cpu = cpu;
    this.reader = reader;
    this.sink = sink;
    this.onTrouble = onTrouble;
  }

  /** Of the ring, to wait for. */
  get descriptor(): number {
    return this.reader.descriptor;
  }

  private guard(work: () => void): void {
    try {
      work();
    } catch (error) {
      const isFull = 'batch' in this.sink && noRoom.includes((error as NodeJS.ErrnoException).code);
      this.isFull = isFull;
      if (!isFull) this.failure ??= describeError(error);
      else if (this.trouble === undefined) {
        this.trouble = describeError(error);
        this.onTrouble(this.trouble);
      }
    }
  }

  /**
   * Hands on what is in the ring; other rings wait meanwhile, so at most about two times what it holds.
   * @param untilEmpty whether the page that is being written is wanted, too: else it may stay for a better time, for
   * little is gained by a page of few events.
   * @returns how much that was.
   */
  drain(ringBytes: number, untilEmpty: boolean): number {
    let drained = 0;
    this.guard(() => {
      const { reader, sink } = this;
      if (this.isFull && 'batch' in sink) sink.writeRest?.();
      this.isFull = false;
      const { subBufferBytes } = reader.layout;
      const mostBytes = ringBytes * 2;
      let pages = 0;
      if (this.pipe !== undefined && 'batch' in sink && sink.file !== undefined) {
        drained = this.moveFull(this.pipe, sink, sink.file, mostBytes);
        pages = Math.ceil(drained / subBufferBytes);
        if (!untilEmpty) {
          this.pageCount += pages;
          this.sizeBytes += drained;
          return;
        }
      }
      if (this.pipe !== undefined && !('batch' in sink)) {
        while (drained < mostBytes && reader.readFull(this.pipe)) {
          sink.page(reader.bytes, 0, subBufferBytes);
          drained += subBufferBytes;
          pages += 1;
        }
      }
      const nowMs = performance.now();
      const readsRest = this.pipe === undefined || untilEmpty || nowMs - this.partialMs >= partialPageMs;
      if (readsRest) this.partialMs = nowMs;
      const untilBytes = readsRest ? mostBytes : 0;
      while (drained < untilBytes) {
        const count = reader.read();
        if (count === 0) break;
        if ('batch' in sink) {
          const lengthBytes = sink.file === undefined ? reader.batchBytes : reader.wholeBytes;
          sink.batch(reader.bytes, lengthBytes, count);
        } else {
          for (let index = 0; index < count; index++) {
            sink.page(reader.bytes, index * subBufferBytes, subBufferBytes);
          }
        }
        drained += reader.batchBytes;
        pages += count;
        // The first page may be the rest of one that was read while it filled: full ones may follow it.
        if (reader.endsShort && pages > 1 && !untilEmpty) break;
      }
      this.pageCount += pages;
      this.sizeBytes += drained;
      // A ring that has been full gives all of its pages at once.
      if (pages > 0) {
        const wasFull = drained + 2 * subBufferBytes >= ringBytes;
        this.mayHaveLost = this.mayHaveLost === true || untilEmpty || wasFull;
      }
    });
    return drained;
  }

  private moveFull(pipe: SplicePipe, sink: BatchSink, file: number, mostBytes: number): number {
    try {
      return this.reader.moveFull(pipe, file, mostBytes);
    } catch (cause) {
      const isFull = noRoom.includes((cause as NodeJS.ErrnoException).code);
      throw isFull ? (sink.refusal?.(cause) ?? cause) : cause;
    }
  }

  get isWaiting(): boolean {
    return this.mayHaveLost !== undefined && 'isWaiting' in this.sink && this.sink.isWaiting;
  }

  flush(): void {
    const { mayHaveLost } = this;
    this.mayHaveLost = undefined;
    if (mayHaveLost !== undefined) this.guard(() => this.sink.flush(mayHaveLost));
  }

  close(): RingResult {
    this.guard(() => {
      this.result = this.sink.close();
    });
    this.reader[Symbol.dispose]();
    this.pipe?.[Symbol.dispose]();
    const { cpu, pageCount, sizeBytes, result, failure, trouble } = this;
    return { cpu, pageCount, sizeBytes, result, failure: failure ?? trouble };
  }
}

async function openRings(
  { rings, layout, clock, sinkModule, sinkData }: DrainRequest,
  peers: ReaderPeers,
  tell: (message: DrainMessage) => void,
): Promise<RingDrain[]> {
  const { createPageSink } = (await import(sinkModule)) as PageSinkModule;
  const drains: RingDrain[] = [];
  for (const { cpu, path } of rings) {
    const onTrouble = (message: string): void => tell({ kind: 'trouble', cpu, message });
    const settle = (): void => peers.settleNow();
    const sink = await createPageSink(sinkData, { cpu, layout, clock, onTrouble, settle });
    const reader = new RingReader(path, layout, 'batch' in sink ? undefined : sink.input);
    drains.push(new RingDrain(cpu, reader, sink, onTrouble));
  }
  return drains;
}

/**
 * So often is looked before anything is recorded. V8 parses a function when it is called first, and notes what it sees of
 * it after some calls: until then each access to a property is a search, by code that the load drives out of the caches.
 */
const warmRounds = 32;

async function serve(request: DrainRequest): Promise<void> {
  const { control, ringBytes } = request;
  const tell = (message: DrainMessage): void => parentPort?.postMessage(message);
  const peers = new ReaderPeers(request.peers);
  const drains = await openRings(request, peers, tell);
  const sleep = new RingSleep({ words: control, sequenceWord: controlWords.sequence, bell: request.bell });
  sleep.watch(
    drains.map(({ descriptor }) => descriptor),
    ringBytes,
    request.intervalMs,
  );
  const failed = new Set<RingDrain>();
  // What is asked for while the rings are being read is done in the next round.
  let served = Atomics.load(control, controlWords.sequence);
  favourThisThread();
  peers.join(safeMsOf(ringBytes));
  const read = (all: boolean): number => {
    let mostShare = 0;
    for (const drain of drains) {
      if (drain.failure !== undefined) continue;
      // A ring that is written while it is read to its end would hold up the others; of one that is not written
      // any more there is less.
      mostShare = Math.max(mostShare, drain.drain(ringBytes, all) / ringBytes);
    }
    return mostShare;
  };
  const look = (all: boolean): number => {
    const { asked } = peers;
    let mostShare = read(all || peers.isAsked(asked));
    peers.answer(asked);
    if (drains.some((drain) => drain.isWaiting)) {
      peers.settle(() => {
        mostShare = Math.max(mostShare, read(true));
      });
    }
    for (const drain of drains) drain.flush();
    return mostShare;
  };
  for (let round = 0; round < warmRounds; round += 1) {
    if (request.bell !== undefined) {
      ringBell(request.bell);
      sleep.sleep(served);
    }
    sleep.found(look(false));
  }
  tell({ kind: 'ready' });
  for (;;) {
    sleep.sleep(served);
    const sequence = Atomics.load(control, controlWords.sequence);
    const stopping = Atomics.load(control, controlWords.stopping) === 1;
    // Who stops it may not have come to change the sequence yet.
    const mostShare = look(sequence !== served || stopping);
    for (const drain of drains) {
      if (drain.failure === undefined || failed.has(drain)) continue;
      failed.add(drain);
      tell({ kind: 'failed', cpu: drain.cpu, message: drain.failure });
    }
    if (sequence !== served) {
      served = sequence;
      tell({ kind: 'flushed', sequence });
    }
    if (stopping) break;
    sleep.found(mostShare);
  }
  peers.leave();
  tell({ kind: 'done', results: drains.map((drain) => drain.close()) });
}

await serve(workerData as DrainRequest);
// V8 would tidy up what goes with the thread.
process.exit();
