/**
 * The kernel's part of a recording session: channels that come and change while it records, trace chunks, snapshots. What
 * it does is told by a description that is kept on disk; instances are the kernel's and outlive whoever made them, so
 * another process goes on where a killed one was.
 */
import { join } from 'node:path';
import { SpoorError, describeError } from '@spoor/base';
import { type FileUser, asUser } from '@spoor/sys';
import { threadsOf } from '../statedump/scan-tasks.node.ts';
import { dumpState } from '../statedump/dump-state.node.ts';
import { findTracefs, listEvents } from '../tracefs/tracefs.node.ts';
import { ownThreads } from '../drain/kernel-drain.node.ts';
import { KernelChannel, type ChannelSurroundings } from './kernel-channel.node.ts';
import type { ChannelPlan } from './plan-channel.node.ts';
import type { RingTotals } from './reader-messages.ts';
import type { RingReaders } from './ring-readers.node.ts';
import { KnownTasks } from './known-tasks.node.ts';
import { kernelSessionVersion, type KernelSessionDescription } from './session-description.ts';
import { keepBoot } from '../recover/saved-boot.node.ts';
import type { StackKind } from '../transcode/call-stacks.ts';
import { StackNames } from '../symbols/stack-names.node.ts';
import { ProbeGroup } from '../probes/probe-group.node.ts';
import { sessionProbeGroup, sweepSessions } from './session-names.node.ts';
import { factsOf, planSession } from './plan-session.node.ts';
import {
  channelUsage,
  countEnded,
  type KernelChannelUsage,
  type KernelSessionTotals,
  sessionTotals,
  sumOf,
} from './session-counts.node.ts';
import { SessionProbes } from './session-probes.node.ts';
import { SessionSpools, tablesOf } from './session-spools.node.ts';
import { SessionSources } from './session-sources.node.ts';
import { emptyState, loadState, lossesTold, saveState, type SessionState } from './session-state.node.ts';
import { dumpStreamClass, repairTrace, TraceFrame } from './trace-files.node.ts';
import { WantedThreads } from './wanted-threads.node.ts';

/** What a session is made with. */
export interface KernelSessionOptions {
  /** Directory of the session: what is noted for successors lies there, and instances are named by it. */
  readonly directory: string;
  readonly readers: RingReaders;
  /** Directory of the session's output, in which trace chunks lie: pages wait there. That of the first chunk, if there is none. */
  readonly output?: string | undefined;
  /** With whose rights the trace is written; undefined for those of this process. */
  readonly writer?: FileUser | undefined;
  /** Processes whose threads are left out of the trace, beside this one, until {@link KernelSession.hide} names others. */
  readonly hidden: readonly number[];
  readonly onNote: (severity: 'info' | 'error', text: string) => void;
  /** Beginning of the names of instances; for tests. */
  readonly prefix?: string;
}

/** New threads of this process are hidden, and newcomers among the tracked ones are looked for, so often. */
const lookIntervalMs = 500;

export class KernelSession {
  private readonly options: KernelSessionOptions;
  private readonly root: string;
  private readonly channels = new Map<string, KernelChannel>();
  private readonly tasks = new KnownTasks();
  private readonly probes: SessionProbes;
  private readonly state: SessionState;
  private readonly isResumed: boolean;
  private description: KernelSessionDescription | undefined;
  private frame: TraceFrame | undefined;
  private directory: string | undefined;
  /** Of a trace chunk that comes next, whose metadata is there. */
  private prepared: string | undefined;
  /** Whether a chunk has ended and the next one has not begun. */
  private isSuspended = false;
  private readonly sources: SessionSources;
  private hidden: readonly number[];
  private timer: NodeJS.Timeout | undefined;
  /** Of call stacks, once a channel has them. */
  private names: StackNames | undefined;
  private spools: SessionSpools | undefined;
  private toldLost: ReadonlyMap<string, number> = new Map();

  /** @throws SpoorError `kernel/no-tracefs`, `kernel/permission`. */
  constructor(options: KernelSessionOptions) {
    this.options = options;
    this.hidden = options.hidden;
    this.root = findTracefs();
    keepBoot(this.root);
    sweepSessions(this.root, options.prefix);
    const left = loadState(options.directory);
    this.isResumed = left !== undefined;
    this.state = left ?? emptyState();
    this.sources = new SessionSources({
      root: this.root,
      prefix: options.prefix,
      state: this.state,
      save: () => this.save(),
      nextStreamClass: () => this.nextStreamClass(),
      frame: () => this.frame!,
      cpusOf: (name) => this.channels.get(name)!.instance.cpus,
      onNote: options.onNote,
    });
    this.probes = new SessionProbes(
      ProbeGroup.named(this.root, sessionProbeGroup(options.directory, options.prefix)),
    );
  }

  /**
   * Records what a description says from now on; what it no longer names is ended.
   * @param directory of the current trace chunk; undefined when pages stay in memory.
   * @returns warnings.
   * @throws SpoorError `kernel/…`: then all is as it was.
   */
  async apply(
    description: KernelSessionDescription,
    directory: string | undefined,
  ): Promise<readonly string[]> {
    if (description.version !== kernelSessionVersion) {
      throw new SpoorError('kernel/version', `sessions of version ${description.version} are not known`);
    }
    const available = listEvents(this.root);
    const plans = planSession(this.root, this.probes, description, available);
    const isFirst = this.description === undefined;
    if (directory !== undefined) {
      const { directory: session, output = directory, writer } = this.options;
      this.spools ??= new SessionSpools(session, output, description.uuid, writer);
    }
    if (isFirst && this.isResumed) this.spools?.takeBack();
    if (isFirst && this.isResumed && directory !== undefined)
      this.toldLost = asUser(this.options.writer, () => repairTrace(directory));
    this.frame ??= this.makeFrame(description);
    this.directory = directory;
    if (directory !== undefined && plans.length > 0) this.frame.begin(directory);
    const wasActive = isFirst ? this.isResumed : this.description?.isActive === true;
    this.description = description;
    for (const name of this.channels.keys()) {
      if (!plans.some((plan) => plan.description.name === name)) await this.endChannel(name);
    }
    for (const plan of plans) await this.applyChannel(plan, available);
    const tables = tablesOf(this.tasks, this.spools, plans);
    for (const [tasks, own] of tables) {
      if (description.isActive && tasks.isOutdated(own)) {
        // What is in the rings is about the tasks of the past.
        await this.flush();
        tasks.forget();
      }
      tasks.areToldBy(description.isActive ? own : []);
    }
    this.chooseThreads(plans);
    for (const channel of this.channels.values()) {
      channel.apply();
      channel.record(description.isActive);
    }
    // Rings of flight recorders are read when a snapshot is asked for, again and again.
    for (const [tasks, own] of tables) tasks.fill(own, description.isInMemory || tasks !== this.tasks);
    if (!description.isActive) await this.convert();
    for (const channel of this.channels.values()) await channel.read(description.isActive);
    if (!description.isActive) this.nameStacks(directory);
    await this.applySources();
    this.watch();
    this.save();
    await this.dumpIfWanted(description.isActive && !wasActive);
    return [];
  }

  /** Makes events of the pages that wait, as far as that can be done now. */
  private async convert(): Promise<void> {
    const stuck = await this.spools?.convert(this.channels.values(), 'kept');
    if (stuck === undefined) return;
    this.options.onNote('error', `pages of the kernel wait that cannot be converted: ${stuck}`);
  }

  /** @param isRaw whether its pages wait. */
  private surroundingsOf(isRaw: boolean): ChannelSurroundings {
    const { root, options, description, spools } = this;
    const tasks = isRaw && spools !== undefined ? spools.tasks : this.tasks;
    return {
      root,
      prefix: options.prefix,
      directory: options.directory,
      readers: options.readers,
      facts: factsOf(description!),
      tasks: tasks.table,
      eventNames: () => this.probes.eventNames,
      stackAddresses: (kinds) => this.stackAddresses(kinds),
      isInMemory: description!.isInMemory,
      spools,
      writer: options.writer,
      onFailure: (error) => options.onNote('error', describeError(error)),
    };
  }

  private makeFrame(description: KernelSessionDescription): TraceFrame {
    const { directory, writer } = this.options;
    const frame = new TraceFrame(factsOf(description), writer, join(directory, 'kernel-metadata'));
    if (this.isResumed) frame.takeKept();
    return frame;
  }

  private stackAddresses(kinds: readonly StackKind[]): SharedArrayBuffer | undefined {
    if (kinds.length === 0) return undefined;
    if (this.names === undefined) this.names = new StackNames(kinds);
    else this.names.watch(kinds);
    return this.names.memory;
  }

  /** Writes the names of all call stacks until now beside what is in a directory. */
  private nameStacks(directory: string | undefined): void {
    if (directory === undefined) return;
    // The folder and the files that the names come from may be the writer's, or be made to look so.
    asUser(this.options.writer, () => {
      this.names?.write(directory, (error) => this.options.onNote('error', describeError(error)));
    });
  }

  private nextStreamClass(): number {
    const { state } = this;
    const streamClass = state.nextStreamClass;
    state.nextStreamClass += 1;
    if (state.nextStreamClass === dumpStreamClass) state.nextStreamClass += 1;
    return streamClass;
  }

  private nextNumbers(name: string): { readonly streamClass: number; readonly generation: number } {
    const { state } = this;
    const streamClass = this.nextStreamClass();
    const own = (state.channels[name] ??= { generation: 0, toldLost: {}, atStart: {} });
    own.generation += 1;
    return { streamClass, generation: own.generation };
  }

  private async applyChannel(plan: ChannelPlan, available: readonly string[]): Promise<void> {
    const { name } = plan.description;
    const known = this.channels.get(name);
    const { directory, frame } = this;
    if (known !== undefined) {
      const isChanged = known.isChanged(plan);
      known.resize(plan);
      if (!isChanged) return;
      // What was recorded before is of the description before.
      await this.spools?.convertOrRefuse([known]);
      this.probes.make();
      const totals = await known.become(plan, this.nextNumbers(name), available, directory, (stream) => {
        if (directory !== undefined) frame!.declare(directory, stream);
        this.save();
      });
      this.noteLosses(name, totals, true);
      return;
    }
    const before = this.state.channels[name];
    const told = new Map<number, number>();
    for (const [cpu, lost] of Object.entries(before?.toldLost ?? {})) told.set(Number(cpu), lost);
    if (before !== undefined) {
      const suffix = before.generation === 1 ? '' : `-${before.generation}`;
      for (const [cpu, lost] of Object.entries(before.atStart)) {
        const inFiles = lossesTold(this.toldLost, `${name}_${cpu}${suffix}`);
        if (inFiles !== undefined) told.set(Number(cpu), lost + inFiles);
      }
    }
    const numbers = this.nextNumbers(name);
    this.save();
    // Probes belong to a session that has an instance: whoever sweeps knows them by it.
    const around = this.surroundingsOf(plan.description.rawPages === true);
    const channel = KernelChannel.open(around, plan, numbers, available, () => this.probes.make());
    try {
      if (directory !== undefined) frame!.declare(directory, channel.stream);
      channel.hide(this.hiddenThreads());
      await channel.begin(directory, told);
      // The threads that read are there since the first ring.
      channel.hide(ownThreads());
    } catch (error) {
      await channel.end().catch(() => undefined);
      throw error;
    }
    this.channels.set(name, channel);
    const own = this.state.channels[name]!;
    for (const cpu of channel.instance.cpus) own.atStart[cpu] = told.get(cpu) ?? 0;
    own.toldLost = { ...own.atStart };
  }

  private async endChannel(name: string): Promise<void> {
    const channel = this.channels.get(name);
    if (channel === undefined) return;
    this.channels.delete(name);
    channel.record(false);
    await this.spools?.convert([channel], 'last');
    countEnded(this.state, await channel.end(), this.isInMemory);
  }

  private noteLosses(name: string, totals: readonly RingTotals[], isStart: boolean): void {
    const own = this.state.channels[name];
    if (own === undefined) return;
    for (const { cpu, lostCount } of totals) {
      own.toldLost[cpu] = lostCount;
      if (isStart) own.atStart[cpu] = lostCount;
    }
  }

  private save(): void {
    saveState(this.options.directory, this.state);
  }

  /** Has the sources of channels at work that descriptions ask for, and no others. */
  private async applySources(isSuspended = false): Promise<void> {
    const { description, directory } = this;
    const isActive = description?.isActive === true;
    const wanted =
      description === undefined || !isActive || isSuspended || directory === undefined
        ? []
        : description.channels.filter(({ name, isEnabled }) => isEnabled && this.channels.has(name));
    await this.sources.apply(wanted, directory ?? '', isActive);
  }

  private chooseThreads(plans: readonly ChannelPlan[]): void {
    for (const plan of plans) {
      const channel = this.channels.get(plan.description.name);
      channel?.follow(new WantedThreads(plan));
    }
  }

  /** Leaves the threads of these processes out of the trace from now on, too: a daemon that was killed has a successor. */
  hide(processes: readonly number[]): void {
    this.hidden = processes;
    const threads = this.hiddenThreads();
    for (const channel of this.channels.values()) channel.hide(threads);
  }

  /** Those that there are now: threads may begin at any time. */
  private hiddenThreads(): readonly number[] {
    return [...ownThreads(), ...this.hidden.flatMap(threadsOf)];
  }

  private watch(): void {
    if (this.timer !== undefined || this.channels.size === 0) return;
    this.timer = setInterval(() => this.look(), lookIntervalMs);
    this.timer.unref();
  }

  private look(): void {
    if (this.description?.isActive !== true) return;
    try {
      const hidden = this.hiddenThreads();
      for (const channel of this.channels.values()) {
        channel.hide(hidden);
        const tasks = channel.isRaw ? this.spools?.tasks : this.tasks;
        tasks?.meet(channel.addNewcomers());
      }
      const { directory, names, isSuspended } = this;
      // Between two chunks there is nothing where the one before was, and nothing must come there.
      if (directory !== undefined && names !== undefined && !isSuspended)
        asUser(this.options.writer, () => names.save(directory));
    } catch (error) {
      this.options.onNote('error', describeError(error));
    }
  }

  private async dumpIfWanted(hasStarted: boolean): Promise<void> {
    const { description, state } = this;
    if (description === undefined || !description.isActive || this.channels.size === 0) return;
    // It is dumped whenever recording starts, and not again by who takes a session over.
    const isDue = state.dumpsDone < description.stateDumps || hasStarted;
    if (!isDue || this.directory === undefined) return;
    state.dumpsDone = description.stateDumps;
    await this.dump(this.directory);
  }

  private async dump(directory: string, isUrgent = false): Promise<void> {
    const { state, frame } = this;
    const number = state.dumpCount;
    state.dumpCount += 1;
    this.save();
    try {
      const stream = frame!.dumpStream(directory, number);
      try {
        await dumpState(stream, { tasks: this.tasks.table, isUrgent });
      } finally {
        stream.close();
      }
    } catch (error) {
      // What is recorded is worth having without it.
      if (!(error instanceof SpoorError)) throw error;
      this.options.onNote('error', `the state dump is not whole: ${describeError(error)}`);
    }
  }

  /** Writes what has been recorded until now. */
  async flush(): Promise<void> {
    await this.convert();
    await Promise.all([...this.channels.values()].map((channel) => channel.flush()));
  }

  /**
   * Writes all of the current trace chunk; what is recorded meanwhile waits in the rings, or with other pages.
   * @param isCleared whether nobody will have it.
   * @throws SpoorError `output/failed` where there is no room for pages that wait: then all goes on as before.
   */
  async suspend(isCleared = false): Promise<void> {
    if (!isCleared) await this.spools?.convertOrRefuse(this.channels.values());
    await this.applySources(true);
    this.isSuspended = true;
    for (const [name, channel] of this.channels) {
      this.noteLosses(name, await channel.suspend(), false);
      if (isCleared) await this.spools?.convert([channel], 'cleared');
    }
    this.nameStacks(this.directory);
    if (this.directory !== undefined) this.carry(this.directory);
    this.save();
  }

  /** What comes next has all classes of what is complete. */
  private carry(directory: string): void {
    if (this.frame === undefined || this.frame.carry(directory)) return;
    for (const channel of this.channels.values()) channel.forgetDeclared();
  }

  /**
   * Begins the next chunk while the current one is still in its place, between {@link suspend} and {@link resume}.
   * @throws SpoorError `output/failed`: the current one can go on.
   */
  prepare(directory: string): void {
    if (this.channels.size === 0) return;
    this.frame!.begin(directory);
    for (const { stream } of this.channels.values()) this.frame!.declare(directory, stream);
    this.prepared = directory;
  }

  /** Goes on with the chunk that was suspended. */
  async goOn(): Promise<void> {
    this.isSuspended = false;
    this.prepared = undefined;
    for (const channel of this.channels.values()) await channel.resume();
    await this.applySources();
  }

  /** Goes on with the next chunk; the files of the one before are closed then. */
  async resume(directory: string): Promise<void> {
    this.directory = directory;
    this.isSuspended = false;
    if (this.channels.size === 0) return;
    if (this.prepared !== directory) this.prepare(directory);
    this.prepared = undefined;
    for (const channel of this.channels.values()) await channel.resume(directory);
    // Metadata is another one, also where the chunk before has been cleared away.
    for (const { sources } of Object.values(this.state.channels))
      if (sources !== undefined) sources.directory = '';
    await this.applySources();
  }

  /** Writes a trace of what is in the rings. */
  async snapshot(
    directory: string,
    maxSizeBytes: number | null,
  ): Promise<{ readonly eventCount: number; readonly sizeBytes: number }> {
    const { channels, frame, description } = this;
    if (frame === undefined || description === undefined || channels.size === 0)
      return { eventCount: 0, sizeBytes: 0 };
    frame.begin(directory);
    let ringCount = 0;
    for (const { instance } of channels.values()) ringCount += instance.cpus.length;
    const mostBytes = maxSizeBytes === null ? Number.MAX_SAFE_INTEGER : Math.floor(maxSizeBytes / ringCount);
    for (const channel of channels.values()) frame.declare(directory, channel.stream);
    // All rings are asked at once, for they are read when they are asked; the state is dumped while they are read and written.
    const write = async () => {
      // Who was made comes before what they did, whatever ring that is in.
      const told = await Promise.all([...channels.values()].map((channel) => channel.collect()));
      this.tasks.learn(told.flat());
      const asked = [...channels.values()].map((channel) =>
        Promise.all([channel.totals(), channel.snapshot(directory, mostBytes)]),
      );
      return await Promise.all(asked);
    };
    // Names of threads and files: without them events say numbers alone.
    const [rings] = await Promise.all([write(), this.dump(directory, true)]).finally(() =>
      this.carry(directory),
    );
    this.nameStacks(directory);
    let eventCount = 0;
    let sizeBytes = 0;
    for (const [before, after] of rings) {
      eventCount += sumOf(after).eventCount - sumOf(before).eventCount;
      sizeBytes += sumOf(after).writtenBytes - sumOf(before).writtenBytes;
    }
    return { eventCount, sizeBytes };
  }

  /** Forgets what snapshots would have. */
  async clear(): Promise<void> {
    for (const channel of this.channels.values()) await channel.clear();
  }

  async totals(): Promise<KernelSessionTotals> {
    return await sessionTotals(this.channels.values(), this.state, this.sources, this.isInMemory);
  }

  async usage(): Promise<readonly KernelChannelUsage[]> {
    return await channelUsage(this.channels, this.isInMemory);
  }

  private get isInMemory(): boolean {
    return this.description?.isInMemory === true;
  }

  /** The kernel's part of filters, by channel and event. */
  kernelFilters(): ReadonlyMap<string, ReadonlyMap<string, string>> {
    return new Map([...this.channels].map(([name, channel]) => [name, channel.kernelFilters]));
  }

  /** Ends the session: all that was recorded is written, and nothing of it is left in the kernel. */
  async finish(): Promise<{ readonly isComplete: boolean }> {
    clearInterval(this.timer);
    let isComplete = true;
    await this.sources.end(this.description?.isActive === true);
    for (const channel of this.channels.values()) channel.record(false);
    await this.spools?.convert(this.channels.values(), 'last');
    for (const [name, channel] of this.channels) {
      this.channels.delete(name);
      const ended = await channel.end();
      countEnded(this.state, ended, this.isInMemory);
      this.state.eventCount += channel.adoptedEvents;
      if (ended.totals.some(({ failure }) => failure !== undefined)) isComplete = false;
    }
    this.nameStacks(this.directory);
    this.names?.[Symbol.dispose]();
    this.spools?.end();
    this.probes.end();
    return { isComplete };
  }

  /** Leaves all as it is for another process. */
  close(): void {
    clearInterval(this.timer);
    this.names?.[Symbol.dispose]();
  }
}
