/** Counters that are looked at again and again while a recording goes on; what has changed becomes events. */
import { readFileSync } from 'node:fs';
import { describeError, SpoorError } from '@spoor/base';
import type { StreamWriter } from '@spoor/ctf';
import { openCounter, type CounterTarget, type TimedCounter } from '@spoor/sys';
import { SideStream } from '../sources/side-stream.ts';
import { readProc } from '../statedump/scan-tasks.node.ts';
import { CommandThreads, type CommandThread } from './command-threads.node.ts';
import { isHardwareCounter, type CounterChoice } from './counter-choice.node.ts';
import { counterField, timeFields, type CounterScope } from './counter-events.node.ts';
import { parseCountTable } from './proc-counters.ts';

/** Most threads whose counters are open at a time: each counter of each is a descriptor. */
const mostThreads = 1000;
/** What was sampled is written out so often. */
const writeIntervalNs = 1_000_000_000n;

/** Opens the streams of counters: of a processor, or of threads. */
export type OpenCounterStream = (cpu: number | 'threads') => StreamWriter;

/** The counters of one processor, thread or command. */
class CounterSet implements Disposable {
  private readonly scope: CounterScope;
  private readonly names: readonly string[];
  private readonly counters: TimedCounter[] = [];
  /** What earlier counters of the same had come to. */
  private readonly base: readonly TimedCount[];
  private last = '';
  private enabledNs = -1;
  /**
   * The last sample found that the kernel counts no more: where a processor was switched off, also when it is on again,
   * and however short that was.
   */
  isOver = false;

  constructor(
    scope: CounterScope,
    names: readonly string[],
    target: CounterTarget,
    base: readonly TimedCount[] = [],
  ) {
    this.scope = scope;
    this.base = base;
    this.names = names;
    try {
      for (const name of names) this.counters.push(openCounter(name, target));
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    }
  }

  /** Adds an event, unless all is as it was. */
  sample(stream: SideStream, payload: Readonly<Record<string, number | string>>): void {
    const timeNs = process.hrtime.bigint();
    const context: Record<string, number> = {};
    const times: Record<string, number> = {};
    for (const [index, name] of this.names.entries()) {
      const { count, enabledNs, runningNs } = this.countOf(index);
      if (index === 0) {
        this.isOver = enabledNs === this.enabledNs;
        this.enabledNs = enabledNs;
      }
      context[counterField(this.scope, name)] = count;
      if (!isHardwareCounter(name)) continue;
      const [enabled, running] = timeFields(name);
      times[enabled] = enabledNs;
      times[running] = runningNs;
    }
    const values = Object.values(context).join(' ');
    if (values === this.last) return;
    this.last = values;
    stream.append(
      `perf_counters_${this.scope}`,
      timeNs,
      { ...payload, ...times },
      { specificContext: context },
    );
  }

  private countOf(index: number): TimedCount {
    const { count, enabledNs, runningNs } = this.counters[index]!.read();
    const before = this.base[index] ?? { count: 0, enabledNs: 0, runningNs: 0 };
    return {
      count: before.count + count,
      enabledNs: before.enabledNs + enabledNs,
      runningNs: before.runningNs + runningNs,
    };
  }

  /** What they have come to. */
  counts(): readonly TimedCount[] {
    return this.names.map((_, index) => this.countOf(index));
  }

  [Symbol.dispose](): void {
    for (const counter of this.counters.splice(0)) counter[Symbol.dispose]();
  }
}

type TimedCount = ReturnType<TimedCounter['read']>;

interface WatchedThread extends CommandThread {
  readonly counters: CounterSet;
}

/**
 * Tells which of the chosen counters this machine has.
 * @throws SpoorError `kernel/counter` for one that was named and is not there.
 */
export function checkCounters(choice: CounterChoice): void {
  for (const name of choice.perf) {
    try {
      openCounter(name, { kind: 'cpu', cpu: 0 })[Symbol.dispose]();
    } catch (error) {
      const isHardware = isHardwareCounter(name);
      throw new SpoorError(
        'kernel/counter',
        `this machine does not count ${name}: ${error instanceof Error ? error.message : String(error)}`,
        {
          hint: isHardware
            ? 'it needs a PMU: of the processor, or handed to the virtual machine; --counters software works everywhere'
            : 'it needs CONFIG_PERF_EVENTS, and root or kernel.perf_event_paranoid of at most 0',
          cause: error,
        },
      );
    }
  }
}

/** Samples counters by a timer. */
export class CounterSampler {
  private readonly choice: CounterChoice;
  private readonly open: OpenCounterStream;
  private readonly onFailure: (error: SpoorError) => void;
  private readonly cpus = new Map<
    number,
    { readonly stream: SideStream; counters: CounterSet | undefined }
  >();
  private readonly threads = new Map<number, WatchedThread>();
  private readonly counted = new Map<string, number>();
  private readonly threadStream: SideStream | undefined;
  private readonly command: { readonly pid: number; readonly threads: CommandThreads } | undefined;
  private commandCounters: CounterSet | undefined;
  private hasToldOfLimit = false;
  private writtenNs = 0n;
  private timer: NodeJS.Timeout | undefined;

  /**
   * Opens the counters, and takes the first sample.
   * @param pid of the command, which has no children yet; without, processors alone are counted.
   * @throws SpoorError `kernel/counter`, SystemCallError.
   */
  constructor(
    choice: CounterChoice,
    cpus: readonly number[],
    pid: number | undefined,
    open: OpenCounterStream,
    onFailure: (error: SpoorError) => void,
  ) {
    this.choice = choice;
    this.open = open;
    this.onFailure = onFailure;
    try {
      if (choice.perf.length > 0) {
        for (const cpu of cpus) this.watchProcessor(cpu);
        if (pid !== undefined) {
          this.command = { pid, threads: new CommandThreads(pid) };
          this.threadStream = new SideStream(open('threads'));
          this.commandCounters = new CounterSet('command', choice.perf, { kind: 'descendants', tid: pid });
        }
      }
      this.sample();
    } catch (error) {
      this.close();
      throw error;
    }
    this.timer = setInterval(() => this.look(), choice.intervalMs);
    this.timer.unref();
  }

  private streamOf(cpu: number): SideStream {
    const known = this.cpus.get(cpu);
    if (known !== undefined) return known.stream;
    const stream = new SideStream(this.open(cpu));
    this.cpus.set(cpu, { stream, counters: undefined });
    return stream;
  }

  /**
   * Opens the counters of a processor: those that a processor had before it was switched off count no more.
   * @param old they, if there were any: what they had come to is where the new ones go on.
   */
  private watchProcessor(cpu: number, old?: CounterSet): void {
    this.streamOf(cpu);
    try {
      const base = old?.counts();
      this.cpus.get(cpu)!.counters = new CounterSet('cpu', this.choice.perf, { kind: 'cpu', cpu }, base);
      old?.[Symbol.dispose]();
    } catch (error) {
      // It is off: nothing happens there.
      if (!(error instanceof SpoorError) || error.code !== 'sys/enodev') throw error;
    }
  }

  private sampleProcessors(): void {
    for (const [cpu, processor] of this.cpus) {
      const { stream, counters } = processor;
      counters?.sample(stream, {});
      if (counters?.isOver === false) continue;
      this.watchProcessor(cpu, counters);
      if (processor.counters !== counters) processor.counters?.sample(stream, {});
    }
  }

  private look(): void {
    try {
      this.sample();
    } catch (error) {
      clearInterval(this.timer);
      this.onFailure(
        new SpoorError('kernel/counter', `counters are recorded no more: ${describeError(error)}`, {
          cause: error,
        }),
      );
    }
  }

  private sample(): void {
    if (this.choice.perf.length > 0) this.sampleProcessors();
    if (this.command !== undefined) {
      this.commandCounters?.sample(this.threadStream!, { pid: this.command.pid });
      this.sampleThreads(this.command.threads.look());
    }
    if (this.choice.interrupts) this.sampleInterrupts();
    if (this.choice.softirqs) this.sampleSoftirqs();
    const nowNs = process.hrtime.bigint();
    if (nowNs - this.writtenNs < writeIntervalNs) return;
    this.writtenNs = nowNs;
    for (const { stream } of this.cpus.values()) stream.endPacket();
    this.threadStream?.endPacket();
  }

  private sampleThreads(present: readonly CommandThread[]): void {
    const stream = this.threadStream!;
    const gone = new Set(this.threads.keys());
    for (const thread of present) {
      gone.delete(thread.tid);
      const known = this.threads.get(thread.tid) ?? this.watchThread(thread);
      known?.counters.sample(stream, factsOf(thread));
    }
    for (const tid of gone) {
      const { counters, pid } = this.threads.get(tid)!;
      // What it did before it ended is counted still.
      counters.sample(stream, { tid, pid, procname: '' });
      counters[Symbol.dispose]();
      this.threads.delete(tid);
    }
  }

  private watchThread(thread: CommandThread): WatchedThread | undefined {
    if (this.threads.size >= mostThreads) {
      this.tellOfLimit(`only ${mostThreads} threads are counted one by one`);
      return undefined;
    }
    try {
      const counters = new CounterSet('thread', this.choice.perf, { kind: 'thread', tid: thread.tid });
      const watched = { ...thread, counters };
      this.threads.set(thread.tid, watched);
      return watched;
    } catch (error) {
      if (!(error instanceof SpoorError)) throw error;
      if (error.code === 'sys/esrch') return undefined;
      if (error.code !== 'sys/emfile') throw error;
      this.tellOfLimit('no more threads are counted one by one: there are no descriptors left');
      return undefined;
    }
  }

  private tellOfLimit(message: string): void {
    if (this.hasToldOfLimit) return;
    this.hasToldOfLimit = true;
    this.onFailure(new SpoorError('kernel/counter-limit', `${message}; those of the command tell of all`));
  }

  private isChanged(key: string, count: number): boolean {
    if ((this.counted.get(key) ?? 0) === count) return false;
    this.counted.set(key, count);
    return true;
  }

  private sampleInterrupts(): void {
    const timeNs = process.hrtime.bigint();
    const { cpus, rows } = parseCountTable(readFileSync('/proc/interrupts', 'latin1'));
    for (const { irq, label, name, counts } of rows) {
      for (const [index, count] of counts.entries()) {
        const cpu = cpus[index] ?? 0;
        if (!this.isChanged(`${label}/${cpu}`, count)) continue;
        this.streamOf(cpu).append('interrupt_counters', timeNs, { irq, label, name, count });
      }
    }
  }

  private sampleSoftirqs(): void {
    const timeNs = process.hrtime.bigint();
    const { cpus, rows } = parseCountTable(readFileSync('/proc/softirqs', 'latin1'));
    for (const [vec, { label, counts }] of rows.entries()) {
      for (const [index, count] of counts.entries()) {
        const cpu = cpus[index] ?? 0;
        if (!this.isChanged(`soft ${label}/${cpu}`, count)) continue;
        this.streamOf(cpu).append('softirq_counters', timeNs, { vec, name: label, count });
      }
    }
  }

  get eventCount(): number {
    let total = this.threadStream?.eventCount ?? 0;
    for (const { stream } of this.cpus.values()) total += stream.eventCount;
    return total;
  }

  /** Takes the last sample, and closes the streams. */
  stop(): void {
    clearInterval(this.timer);
    this.look();
    this.close();
  }

  private close(): void {
    for (const { stream, counters } of this.cpus.values()) {
      counters?.[Symbol.dispose]();
      stream.close();
    }
    for (const { counters } of this.threads.values()) counters[Symbol.dispose]();
    this.commandCounters?.[Symbol.dispose]();
    this.commandCounters = undefined;
    this.threads.clear();
    this.threadStream?.close();
  }
}

/** What a sample says of a thread. */
function factsOf({ tid, pid }: CommandThread): Readonly<Record<string, number | string>> {
  return { tid, pid, procname: (readProc(`/proc/${pid}/task/${tid}/comm`) ?? '').trimEnd() };
}
