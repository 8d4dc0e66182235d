/** One ring of a session with its sink: what a thread does with it, all along or when it is asked. */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describeError } from '@spoor/base';
import { isAvailable, SplicePipe } from '@spoor/sys';
import type { RingTasks } from '../contexts/task-births.ts';
import type { Settler } from '../contexts/task-table.ts';
import { partialPageMs, RingReader } from '../drain/ring-reader.node.ts';
import { commitWord, storedPageBytes } from '../recording/stored-page.ts';
import { parseRingStatistics } from '../tracefs/ring-statistics.ts';
import { ConversionTimes } from './conversion-times.ts';
import { PageSpool } from './page-spool.node.ts';
import type { ConversionKind, ReaderCommand, RingRequest, RingTotals } from './reader-messages.ts';
import { SessionSink } from './session-sink.node.ts';

/** So much is handed on before it is looked at how long that took, and after so long others have their turn. */
const sliceBytes = 65_536;
const sliceMs = 2;

/** One ring with its sink. */
export class SessionRing {
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
  /** Where pages wait until they are wanted as events, if they do. */
  private readonly spool: PageSpool | undefined;
  private readonly times: ConversionTimes | undefined;
  private readonly pause: () => void;

  /**
   * @param settleOthers has the rings of other threads handed on; where pages are converted as they come.
   * @param pause is called now and then while these are: on a busy machine that may take longer than other rings need to fill.
   */
  constructor(request: RingRequest, settleOthers: Settler, pause: () => void) {
    this.pause = pause;
    const { cpu, path, layout, ringBytes, isInMemory, readIntervalMs } = request;
    this.cpu = cpu;
    this.ringBytes = ringBytes;
    this.isInMemory = isInMemory;
    this.askedMs = readIntervalMs === 0 ? undefined : readIntervalMs;
    this.reader = new RingReader(path, layout);
    const instance = dirname(dirname(dirname(path)));
    this.pipe = isAvailable().available ? new SplicePipe(layout.subBufferBytes) : undefined;
    const { data, place, toldLost, spool } = request;
    // Who is in memory, or waits, is read when it is asked for, and collects who was made before.
    const settle = isInMemory || spool !== undefined ? undefined : settleOthers;
    this.sink = new SessionSink(cpu, layout, instance, data, place, toldLost, settle);
    if (spool === undefined) return;
    const statistics = join(instance, `per_cpu/cpu${cpu}/stats`);
    const readCount = (): number => parseRingStatistics(readFileSync(statistics, 'latin1'), cpu).read;
    this.spool = new PageSpool(spool.place, layout, readCount, () => this.sink.wantedTypes);
    this.times = new ConversionTimes(spool.times, spool.index);
  }

  /** What cannot be written or stored, though the ring is read on. */
  get trouble(): string | undefined {
    return this.sink.trouble ?? this.spool?.trouble;
  }

  /** Whether its pages wait to be converted: emptying it takes next to no time. */
  get isStored(): boolean {
    return this.spool !== undefined;
  }

  /** Of the ring, to wait for. */
  get descriptor(): number {
    return this.reader.descriptor;
  }

  guard(work: () => void): void {
    if (this.failure === undefined) this.attempt(work);
  }

  /** What has nothing to do with whether the ring can be read: pages that wait are converted all the same. */
  private attempt(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.failure ??= describeError(error);
    }
  }

  /**
   * Hands on what is in the ring.
   * @param untilEmpty whether the page that is being written is wanted, too.
   * @returns how much it was.
   */
  drain(untilEmpty: boolean): number {
    let drained = 0;
    const { spool } = this;
    if (spool !== undefined) {
      // What is wanted now is asked for otherwise.
      if (!this.isActive) return 0;
      this.guard(() => {
        drained = spool.take(this.reader, this.pipe, false, this.ringBytes * 2);
      });
      return drained;
    }
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
        let sinceMs = performance.now();
        let sliceEnd = sliceBytes;
        while (drained < mostBytes && reader.readFull(pipe)) {
          sink.page(reader.bytes, 0, subBufferBytes);
          drained += subBufferBytes;
          pages += 1;
          if (drained < sliceEnd) continue;
          sliceEnd = drained + sliceBytes;
          if (performance.now() - sinceMs < sliceMs) continue;
          this.pause();
          sinceMs = performance.now();
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

  /** Nothing more comes for a while. */
  rest(): void {
    this.tellLosses();
    this.guard(() => this.spool?.rest());
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

  /**
   * What waits, with what is in the ring now, is converted next; reads what it tells of tasks.
   * @param pause is called now and then.
   */
  seal(pause: () => void): void {
    const { spool, sink, times, ringBytes } = this;
    if (spool === undefined) return;
    this.guard(() => spool.take(this.reader, this.pipe, true, ringBytes * 2));
    this.attempt(() => spool.seal());
    try {
      times?.set(spool.firstNs);
      this.tasks = sink.tasksIn(spool.pages(pause));
    } catch {
      // Whoever converts them cannot read them either, and tells of it.
    }
  }

  /** Converts what waits; stops now and then. Says each time whether it has done something, or waits for others. */
  *convert(how: ConversionKind): Generator<boolean, void> {
    const { spool, sink, times } = this;
    if (spool === undefined) return;
    if (how === 'kept' && sink.isSuspended) {
      // Nobody knows where it would go.
      times?.set(Infinity);
      return;
    }
    this.attempt(() => sink.beginConversion(how));
    const steps = spool.convert(sink, (beganNs) => times?.isAhead(beganNs) === true, how !== 'kept');
    for (;;) {
      let step: IteratorResult<boolean, void> | undefined;
      this.attempt(() => {
        step = steps.next();
      });
      if (step === undefined || step.done === true) break;
      yield step.value;
    }
    times?.set(Infinity);
    this.attempt(() => sink.endConversion());
    if (!this.isActive) this.attempt(() => spool.rest());
  }

  totals(): RingTotals {
    const { tasks, spool, sink } = this;
    const totals = sink.totals(this.failure);
    this.tasks = undefined;
    const withTasks = tasks === undefined ? totals : { ...totals, tasks };
    if (spool === undefined) return withTasks;
    return {
      ...withTasks,
      unwrittenCount: totals.unwrittenCount + spool.untoldCount,
      failure: totals.failure ?? spool.trouble,
      waiting: {
        bytes: spool.waitingBytes,
        eventCount: spool.waitingEvents(sink),
        stuck: sink.stuck ?? spool.stuck,
      },
    };
  }

  close(): void {
    this.guard(() => this.sink.close());
    this.attempt(() => this.spool?.close(this.sink));
    this.reader[Symbol.dispose]();
    this.pipe?.[Symbol.dispose]();
  }
}
