/** A live recording of the kernel: an instance, the threads that empty it into a CTF trace, and the state dump. */
import { basename, join, resolve } from 'node:path';
import { SpoorError, describeError } from '@spoor/base';
import { ensureDirectory } from '@spoor/ctf/node';
import { kernelContexts, stackKinds } from '../contexts/context-fields.ts';
import { ControlGroups } from '../contexts/control-groups.node.ts';
import { enterNewcomers, enterTask, fillTaskTable, makeTaskTable } from '../contexts/fill-task-table.node.ts';
import { TaskLives } from '../contexts/task-lives.ts';
import type { TaskTable } from '../contexts/task-table.ts';
import { KernelDrain } from '../drain/kernel-drain.node.ts';
import type { RingResult } from '../drain/page-sink.ts';
import type { Naming } from '../mapping/map-events.ts';
import { dumpState, type StateDumpResult } from '../statedump/dump-state.node.ts';
import { scanProcess, threadsOf } from '../statedump/scan-tasks.node.ts';
import { readCounterChoice, type CounterChoice } from '../counters/counter-choice.node.ts';
import { checkCounters, CounterSampler } from '../counters/counter-sampler.node.ts';
import { LogSources, type LogChoice, type LogLosses } from '../sources/log-sources.node.ts';
import { sweepInstances, type TracefsInstance } from '../tracefs/instance.node.ts';
import { lostOf, type RingStatistics } from '../tracefs/ring-statistics.ts';
import { findTracefs, readFormats } from '../tracefs/tracefs.node.ts';
import { transcoderOf, type CtfSinkData, type CtfSinkResult } from '../transcode/ctf-sink.node.ts';
import { beginMetadata, makeClassStates } from '../transcode/metadata-file.node.ts';
import { markerFile } from './marker.node.ts';
import { stackedEvents, withStacks, writeStacks } from './record-stacks.node.ts';
import { FollowedTasks, type UnfollowedTasks } from './followed-tasks.node.ts';
import { checkRaw, RawRings } from './raw-rings.node.ts';
import { PlainStreams } from './plain-streams.node.ts';
import { sinkData } from './sink-data.node.ts';
import { taskEvents } from './select-events.ts';
import { shareFilter } from './filter-shares.node.ts';
import { completeRecordings, type Recovered } from '../recover/recover.node.ts';
import { forgetRecording, isClaimed, noteRecording } from '../recover/recording-note.node.ts';
import { keepBoot } from '../recover/saved-boot.node.ts';
import { sweepProbes } from '../probes/probe-group.node.ts';
import { createInstance, planEvents, withContainer } from './plan-recording.node.ts';
import { WantedThreads } from '../session/wanted-threads.node.ts';
import type { ProbeRequest } from '../session/session-description.ts';
import type { SessionProbes } from '../session/session-probes.node.ts';
import { StackNames } from '../symbols/stack-names.node.ts';
import { markerEvent } from '../session/session-rules.ts';

/** What to record, and where to. */
export interface KernelRecordingOptions {
  /** Name or id of a container: what happens in its PID namespaces alone is recorded. */
  readonly container?: string | undefined;
  /** Where the trace goes; made if it is not there. */
  readonly directory: string;
  /** Names of events with stars, LTTng's or `SYSTEM:NAME`; the default set where it is left out. */
  readonly events?: readonly string[] | undefined;
  /** Places that are probed while it records. */
  readonly probes?: readonly ProbeRequest[];
  /** Whether the texts that system calls are given are recorded, such as paths of files. */
  readonly syscallStrings?: boolean;
  /** LTTng's expression over fields and contexts: only events of which it is true are in the trace, and marks. */
  readonly filter?: string | undefined;
  /** Names of events, of those that are recorded, whose stacks in the kernel are recorded. */
  readonly stackEvents?: readonly string[] | undefined;
  /** Names of contexts. */
  readonly contexts?: readonly string[];
  readonly naming?: Naming;
  /** Name of the channel, which names its files; `channel0` by default. */
  readonly channel?: string;
  /** Of the ring of each processor; 8 MiB by default. */
  readonly ringBytes?: number;
  /** Of a sub-buffer, where the kernel lets it be chosen; 64 KiB by default. */
  readonly subBufferBytes?: number;
  /** Whether new events push out old ones in a full ring (the default), or are lost. Both are counted. */
  readonly overwrite?: boolean;
  /**
   * Whether the pages of the rings are written as they are, which costs least while it records; whoever opens the trace makes
   * events of them. Refused with call stacks, texts of system calls and containers.
   */
  readonly raw?: boolean;
  /** How far the monotonic clock is behind the wall clock: that of the other traces of the recording. */
  readonly clockOffsetNs: bigint;
  /** Whether {@link KernelRecording.begin} is told of threads, so that their children are followed. */
  readonly followsThreads?: boolean;
  /** What is recorded beside the rings: the kernel's log, what bpftrace prints. */
  readonly logs?: LogChoice;
  /** Counters that are looked at meanwhile: words such as `default`, `instructions`, `interrupts`. */
  readonly counters?: { readonly words: readonly string[]; readonly intervalMs: number };
  /** False leaves the state dump out; `maps` adds memory maps. */
  readonly stateDump?: boolean | 'maps';
  /** Beginning of the instance's name; for tests. */
  readonly prefix?: string;
  /** Hears of a trace of a killed recorder that is complete now. */
  readonly onCompleted?: (recovered: Recovered) => void;
  /** Hears of a ring that is not read any more. */
  readonly onFailure?: (error: SpoorError) => void;
}

/** What came of a recording. */
export interface KernelRecordingResult {
  readonly eventCount: number;
  /** Records in raw pages, those among them that no event is made of. */
  readonly rawCount: number;
  /** Events that found no room in the rings. */
  readonly lostCount: number;
  /** What the kernel's log and bpftrace lost before it was read. */
  readonly logLosses: LogLosses;
  /** Events that were read and could not be written, for the disk was full; what is lost with a ring that failed is beside. */
  readonly unwrittenCount: number;
  /** Tasks that the kernel took from those that are followed though they went on. */
  readonly unfollowed: UnfollowedTasks;
  /** Texts of system calls that were not read; 0 where none are recorded. */
  readonly missingTextCount: number;
  readonly writtenBytes: number;
  readonly stateDump: StateDumpResult | undefined;
  readonly rings: readonly RingResult[];
  /** Why the trace lacks something, if it does. */
  readonly failures: readonly string[];
}

/** Threads that enter the container are looked for so often. */
const lookIntervalMs = 500;
/** Whether the kernel has dropped tasks of a command is looked at so often. */
const followIntervalMs = 100;
/** Whether there are new names of call stacks to be saved is looked at so often. */
const saveIntervalMs = 500;

const defaultRingBytes = 8 << 20;
const defaultSubBufferBytes = 64 << 10;

/** A recording of the kernel that goes on. */
export class KernelRecording {
  readonly directory: string;
  /** `SYSTEM:NAME` of the events that are recorded. */
  readonly events: readonly string[];
  private readonly instance: TracefsInstance;
  private readonly drain: KernelDrain;
  private readonly tasks: TaskTable;
  private readonly options: KernelRecordingOptions;
  private readonly data: CtfSinkData;
  private readonly streams: PlainStreams;
  private readonly probes: SessionProbes;
  private readonly logs: LogSources;
  private readonly counters: CounterChoice | undefined;
  private readonly names: StackNames | undefined;
  private readonly raw: RawRings | undefined;
  private sampler: CounterSampler | undefined;
  private dumped: StateDumpResult | undefined;
  private dumpFailure: string | undefined;
  private hasEnded = false;
  private look: NodeJS.Timeout | undefined;
  private followed: FollowedTasks | undefined;
  private saving: NodeJS.Timeout | undefined;

  private constructor(
    options: KernelRecordingOptions,
    events: readonly string[],
    instance: TracefsInstance,
    drain: KernelDrain,
    tasks: TaskTable,
    data: CtfSinkData,
    streams: PlainStreams,
    probes: SessionProbes,
    logs: LogSources,
    counters: CounterChoice | undefined,
    names: StackNames | undefined,
    raw: RawRings | undefined,
  ) {
    this.directory = options.directory;
    this.options = options;
    this.events = events;
    this.instance = instance;
    this.drain = drain;
    this.tasks = tasks;
    this.data = data;
    this.streams = streams;
    this.probes = probes;
    this.logs = logs;
    this.counters = counters;
    this.names = names;
    this.raw = raw;
  }

  /**
   * Makes all ready: nothing is recorded before {@link begin}. Instances that dead recorders left are removed.
   * @throws SpoorError `kernel/…` where the kernel cannot be traced: the message says what is missing, the hint what to
   * do; `output/…`.
   */
  static async prepare(given: KernelRecordingOptions): Promise<KernelRecording> {
    const isRaw = given.raw === true;
    if (isRaw) checkRaw(given);
    const options = withStacks(withContainer(given));
    const { directory, channel = 'channel0', prefix, contexts = [] } = options;
    const root = findTracefs();
    const { words, intervalMs = 0 } = options.counters ?? {};
    const counters = words === undefined ? undefined : readCounterChoice(words, intervalMs);
    if (counters !== undefined) checkCounters(counters);
    keepBoot(root);
    completeRecordings(root, prefix, (what) => {
      if ('recovered' in what) options.onCompleted?.(what.recovered);
      else options.onFailure?.(what.error);
    });
    sweepInstances(root, prefix, isClaimed);
    sweepProbes(root, prefix);
    const { available, chosen, probes, textEvents } = planEvents(root, options);
    const instance = createInstance(root, channel, prefix, probes);
    const instanceName = basename(instance.path);
    let logs: LogSources | undefined;
    let names: StackNames | undefined;
    try {
      logs = await LogSources.open(options.logs ?? {}, root, prefix, options.onFailure ?? (() => undefined));
      const { subBufferBytes } = instance.configure({
        clock: 'mono',
        subBufferBytes: options.subBufferBytes ?? defaultSubBufferBytes,
        ringBytes: options.ringBytes ?? defaultRingBytes,
        overwrite: options.overwrite ?? true,
      });
      // What is written into the instance's marker needs no enabling.
      const stacks = stackKinds(kernelContexts(contexts));
      writeStacks(instance, stacks, stackedEvents(available, chosen, options.stackEvents));
      if (stacks.length > 0) names = new StackNames(stacks);
      const recorded = [...chosen, markerEvent];
      const told = taskEvents(contexts, [options.filter]);
      const kept = new Set([...chosen, ...told.filter((name) => available.includes(name)), ...textEvents]);
      const needed = (name: string): boolean =>
        kept.has(name) ||
        name === markerEvent ||
        stacks.some((kind) => name === `ftrace:${kind}_stack`) ||
        (kept.has('raw_syscalls:sys_enter') && name.startsWith('syscalls:sys_enter_'));
      const formats = readFormats(root, { wants: needed, subBufferBytes });
      const tasks = makeTaskTable();
      const data = sinkData(
        options,
        formats,
        recorded,
        tasks,
        instance,
        probes.eventNames,
        counters,
        textEvents,
        names,
      );
      const { traceClass, events: mapped } = transcoderOf(data, formats.layout);
      const shares = options.filter === undefined ? [] : shareFilter(instance, mapped, options.filter);
      const never = new Set(shares.flatMap(({ event, reader }) => (reader === 'never' ? [event] : [])));
      const events = chosen.filter((event) => !never.has(event));
      for (const event of never) if (!told.includes(event)) kept.delete(event);
      instance.enable([...kept]);
      const complete: CtfSinkData = { ...data, declared: makeClassStates(traceClass.streamClasses[0]!) };
      ensureDirectory(join(directory, 'index'));
      beginMetadata(join(directory, 'metadata'), traceClass);
      const { naming } = data;
      const { eventNames } = probes;
      const trace = { naming, channel, events: recorded, eventNames, contexts, filter: options.filter };
      const raw = isRaw
        ? RawRings.begin(instance, directory, [...kept], trace, options.clockOffsetNs, tasks)
        : undefined;
      noteRecording(instanceName, {
        ...trace,
        directory: resolve(directory),
        eventNames: [...eventNames],
        clockOffsetNs: String(options.clockOffsetNs),
        ...(isRaw ? { raw: true } : {}),
      });
      const drain = await KernelDrain.start(instance, {
        sink: raw?.files.sink ?? {
          module: new URL('../transcode/ctf-sink.node.js', import.meta.url),
          data: complete,
        },
        layout: formats.layout,
        ...(options.onFailure === undefined ? {} : { onFailure: options.onFailure }),
      });
      const needsTasks =
        contexts.length > 0 ||
        options.filter?.includes('$ctx.') === true ||
        events.includes('sched:sched_process_fork');
      // Raw pages have them written when recording begins.
      if (needsTasks && !isRaw) fillTaskTable(tasks);
      if (!isRaw) ControlGroups.askedFor(contexts, [options.filter ?? ''])?.enterAll(tasks);
      instance.hideThreads(logs.pids.flatMap(threadsOf));
      return new KernelRecording(
        { ...options, channel },
        events,
        instance,
        drain,
        tasks,
        complete,
        new PlainStreams(traceClass, directory, complete, instance.cpus),
        probes,
        logs,
        counters,
        names,
        raw,
      );
    } catch (error) {
      names?.[Symbol.dispose]();
      await logs?.stop();
      forgetRecording(instanceName);
      instance[Symbol.dispose]();
      probes.end();
      throw error;
    }
  }

  /** The file that takes marks: what is written to it is an event `lttng_logger` of this recording. */
  get markerPath(): string {
    return join(this.instance.path, markerFile);
  }

  /**
   * Begins to record, and dumps the state.
   * @param threads whose events are recorded, with those of all children that they will have; without, those of the
   * container, or of all threads.
   */
  async begin(threads?: readonly number[]): Promise<void> {
    const { instance, options } = this;
    if (threads !== undefined) {
      instance.setThreads(threads, true);
      this.follow(threads);
    } else if (options.container !== undefined) this.followContainer();
    const { streams } = this;
    streams.declare();
    this.logs.begin((name) => streams.open(name));
    if (this.counters !== undefined) {
      this.sampler = new CounterSampler(
        this.counters,
        instance.cpus,
        threads?.[0],
        (cpu) => (cpu === 'threads' ? streams.open('counters_threads') : streams.open('counters', cpu)),
        options.onFailure ?? (() => undefined),
      );
    }
    this.raw?.keepTasks();
    instance.start();
    if (this.names !== undefined) {
      this.saving = setInterval(() => this.names?.save(this.directory), saveIntervalMs);
      this.saving.unref();
    }
    if (options.stateDump === false) return;
    try {
      this.dumped = await this.dump();
      this.raw?.saveTasks();
    } catch (error) {
      // What is recorded is worth having without it: where the disk is full there may be room again.
      if (!(error instanceof SpoorError)) throw error;
      this.dumpFailure = `the state dump is not whole: ${describeError(error)}`;
      options.onFailure?.(new SpoorError('kernel/statedump', this.dumpFailure));
    }
  }

  /** Keeps threads out of the trace, such as those of a helper of the recorder. */
  hide(threads: readonly number[]): void {
    this.instance.hideThreads(threads);
  }

  /**
   * Learns what a process is that a hidden thread has made: there is no record of its making, and it may be over before its
   * events are read.
   */
  learn(pid: number): void {
    const { tasks, options } = this;
    for (const task of scanProcess(pid)) {
      if (!tasks.isKnown(task.stat.tid)) enterTask(tasks, task, Number(task.timeNs));
    }
    ControlGroups.askedFor(options.contexts ?? [], [options.filter ?? ''])?.enter(tasks, pid);
    try {
      this.raw?.saveTasks();
    } catch (error) {
      // Contexts of one process are less than a recording.
      if (!(error instanceof SpoorError)) throw error;
      options.onFailure?.(error);
    }
  }

  /** Watches that the kernel goes on to record what comes of these threads. */
  private follow(threads: readonly number[]): void {
    const { lives } = this.data;
    if (lives === undefined) return;
    const followed = new FollowedTasks(this.instance, new TaskLives(lives), threads);
    this.followed = followed;
    this.look = setInterval(() => {
      try {
        followed.look();
      } catch (error) {
        if (!(error instanceof SpoorError)) throw error;
        this.options.onFailure?.(error);
      }
    }, followIntervalMs);
    this.look.unref();
  }

  /** Has the kernel record the threads of the container, and those that enter it. */
  private followContainer(): void {
    const { instance, tasks, options } = this;
    const { filter = '' } = options;
    const wanted = new WantedThreads({
      rules: [{ kind: 'tracepoint', name: '*', filter }],
      selections: [],
    });
    wanted.tell(instance);
    this.look = setInterval(() => {
      try {
        enterNewcomers(tasks, wanted.tell(instance));
      } catch (error) {
        if (!(error instanceof SpoorError)) throw error;
        options.onFailure?.(error);
      }
    }, lookIntervalMs);
    this.look.unref();
  }

  private async dump(): Promise<StateDumpResult> {
    const { options, tasks } = this;
    const stream = this.streams.open('statedump');
    try {
      return await dumpState(stream, { maps: options.stateDump === 'maps', tasks });
    } finally {
      stream.close();
    }
  }

  /** Resolves when all that has been recorded until now is in the files of the trace. */
  flush(): Promise<void> {
    return this.drain.flush();
  }

  /**
   * Ends the recording: all that was recorded is written, and the instance is removed.
   * @throws SpoorError `kernel/drain` when a thread that reads has died.
   */
  async stop(): Promise<KernelRecordingResult> {
    if (this.hasEnded) throw new SpoorError('kernel/ended', 'the recording has ended already');
    this.hasEnded = true;
    clearInterval(this.look);
    clearInterval(this.saving);
    try {
      this.instance.stop();
      this.followed?.stopped();
      this.sampler?.stop();
      await this.logs.stop();
      const rings = await this.drain.stop();
      this.names?.write(this.directory, (error) => this.options.onFailure?.(error));
      const results = rings.map(({ result }) => result as CtfSinkResult | undefined);
      const sum = (of: (result: CtfSinkResult) => number): number =>
        results.reduce((total, result) => total + (result === undefined ? 0 : of(result)), 0);
      const statistics = this.instance.statistics();
      const lostCount = Math.max(
        sum(({ lostCount }) => lostCount),
        statistics.reduce((total, ring) => total + lostOf(ring), 0),
      );
      const rawFailure = this.endRaw(statistics);
      // Reading all pages once more is dear: unless something went wrong the kernel's counts are those of the files.
      const raw = rings.some(({ failure }) => failure !== undefined)
        ? this.raw?.files.count(statistics)
        : undefined;
      const rawRings = this.raw === undefined ? [] : rings;
      return {
        eventCount:
          sum(({ eventCount }) => eventCount) + this.logs.eventCount + (this.sampler?.eventCount ?? 0),
        rawCount:
          raw?.eventCount ??
          (this.raw === undefined ? 0 : statistics.reduce((total, { read }) => total + read, 0)),
        lostCount,
        unfollowed: this.followed?.end(lostCount === 0) ?? { resumedCount: 0, lostCount: 0 },
        logLosses: this.logs.losses,
        unwrittenCount: raw?.unwrittenCount ?? sum(({ unwrittenCount }) => unwrittenCount),
        missingTextCount: sum(({ missingTextCount }) => missingTextCount),
        writtenBytes:
          sum(({ writtenBytes }) => writtenBytes) +
          (raw?.sizeBytes ?? rawRings.reduce((total, { sizeBytes }) => total + sizeBytes, 0)) +
          this.streams.writtenBytes,
        stateDump: this.dumped,
        rings,
        failures: [
          ...rings.flatMap(
            ({ failure, result }) => failure ?? (result as CtfSinkResult | undefined)?.trouble ?? [],
          ),
          ...(this.dumpFailure === undefined ? [] : [this.dumpFailure]),
          ...(rawFailure === undefined ? [] : [rawFailure]),
        ],
      };
    } finally {
      forgetRecording(basename(this.instance.path));
      this.instance[Symbol.dispose]();
      this.probes.end();
      this.names?.[Symbol.dispose]();
    }
  }

  /** Writes what raw pages need at the end. @returns why it could not. */
  private endRaw(statistics: readonly RingStatistics[]): string | undefined {
    try {
      this.raw?.files.end(this.instance.root, statistics);
      return undefined;
    } catch (error) {
      if (!(error instanceof SpoorError)) throw error;
      return error.message;
    }
  }
}
