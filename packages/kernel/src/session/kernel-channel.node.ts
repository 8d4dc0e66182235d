/** A channel of a session: an instance of tracefs, and the readers of its rings. */
import { machine } from 'node:os';
import { join } from 'node:path';
import type { SpoorError } from '@spoor/base';
import type { StreamClass } from '@spoor/ctf';
import type { FileUser } from '@spoor/sys';
import { birthEvent, type RingTasks } from '../contexts/task-births.ts';
import type { TaskTable } from '../contexts/task-table.ts';
import { kernelContexts, stackKinds } from '../contexts/context-fields.ts';
import { wakePercentOf } from '../drain/ring-sleep.node.ts';
import type { PageLayout } from '../formats/page-layout.ts';
import type { MappedEvent } from '../mapping/event-mapping.ts';
import { setKernelFilter } from '../live/filter-shares.node.ts';
import { TracefsInstance } from '../tracefs/instance.node.ts';
import type { RingStatistics } from '../tracefs/ring-statistics.ts';
import { readNamedFormats } from '../tracefs/tracefs.node.ts';
import { makeClassStates } from '../transcode/metadata-file.node.ts';
import type { KernelTraceFacts } from '../transcode/kernel-trace-class.ts';
import type { StackKind } from '../transcode/call-stacks.ts';
import { kernelFilter } from './kernel-filter.ts';
import { checkFilters, neededFormats, type ChannelPlan } from './plan-channel.node.ts';
import type { ConversionKind, TracePlace, RingTotals } from './reader-messages.ts';
import type { RingReaders } from './ring-readers.node.ts';
import { sessionInstanceName } from './session-names.node.ts';
import { filtersOfEvent, markerEvent } from './session-rules.ts';
import type { SessionSpools } from './session-spools.node.ts';
import type { WantedThreads } from './wanted-threads.node.ts';
import { sessionTranscoder, type SessionSinkData } from './session-transcoder.node.ts';

/** Largest sub-buffers of the kernel that are asked for: they are pages one behind the other. */
const largestSubBuffer = 64 << 10;

/** What a channel needs of its session. */
export interface ChannelSurroundings {
  readonly root: string;
  readonly prefix: string | undefined;
  /** Directory of the session, which its instances are named by. */
  readonly directory: string;
  readonly readers: RingReaders;
  readonly facts: KernelTraceFacts;
  readonly tasks: TaskTable;
  /** Names of events in the trace that are not the kernel's, by `SYSTEM:NAME`. */
  readonly eventNames: () => ReadonlyMap<string, string>;
  /** The table of the session that addresses of call stacks go into. @param kinds of those that are recorded. */
  readonly stackAddresses: (kinds: readonly StackKind[]) => SharedArrayBuffer | undefined;
  readonly isInMemory: boolean;
  /** Where pages wait that are not converted as they come; undefined for those that stay in memory. */
  readonly spools: SessionSpools | undefined;
  /** With whose rights files are made; undefined for those of this process. */
  readonly writer: FileUser | undefined;
  readonly onFailure: (error: SpoorError) => void;
}

/** Numbers that a stream class and its files have. */
export interface StreamNumbers {
  readonly streamClass: number;
  /** From 1. */
  readonly generation: number;
}

/** What was counted of a channel until its end. */
export interface ChannelEnd {
  readonly totals: readonly RingTotals[];
  readonly rings: readonly RingStatistics[];
}

export class KernelChannel {
  readonly name: string;
  readonly instance: TracefsInstance;
  private readonly around: ChannelSurroundings;
  private readonly key: string;
  private readonly layout: PageLayout;
  private plan: ChannelPlan;
  private data: SessionSinkData;
  private declared: SharedArrayBuffer;
  private transcoded: { readonly stream: StreamClass; readonly events: readonly MappedEvent[] };
  private stacks: readonly StackKind[] = [];
  private enabled: ReadonlySet<string> = new Set();
  private filters: ReadonlyMap<string, string> = new Map();
  /** Events that an earlier process has read. */
  adoptedEvents = 0;
  private hasRings = false;
  private wanted: WantedThreads | undefined;

  private constructor(
    around: ChannelSurroundings,
    instance: TracefsInstance,
    plan: ChannelPlan,
    numbers: StreamNumbers,
    available: readonly string[],
  ) {
    this.around = around;
    this.instance = instance;
    this.plan = plan;
    this.name = plan.description.name;
    this.key = `${around.directory}\0${this.name}`;
    const { layout, data } = this.describe(plan, numbers, available);
    this.layout = layout;
    this.data = data;
    this.transcoded = this.transcode(data, layout);
    this.declared = makeClassStates(this.transcoded.stream);
  }

  /**
   * Makes a channel, or takes over what an earlier process has left of it.
   * @param whenMade is called when there is an instance, before its events are looked for.
   * @throws SpoorError `kernel/…`.
   */
  static open(
    around: ChannelSurroundings,
    plan: ChannelPlan,
    numbers: StreamNumbers,
    available: readonly string[],
    whenMade: () => void,
  ): KernelChannel {
    const { description } = plan;
    const name = sessionInstanceName(around.directory, description.name, around.prefix);
    const found = TracefsInstance.adopt(around.root, name);
    const instance = found ?? TracefsInstance.make(around.root, name);
    try {
      if (found === undefined) {
        instance.configure({
          clock: 'mono',
          subBufferBytes: Math.min(description.subBufferBytes, largestSubBuffer),
          ringBytes: description.ringBytes,
          overwrite: description.overwrite,
        });
      }
      whenMade();
      const channel = new KernelChannel(around, instance, plan, numbers, available);
      if (found !== undefined) channel.findState();
      return channel;
    } catch (error) {
      if (found === undefined) instance[Symbol.dispose]();
      throw error;
    }
  }

  /** Finds out what an earlier process has switched on. */
  private findState(): void {
    const { instance } = this;
    const { spools } = this.around;
    // What waits is counted when it is converted.
    const readOf = ({ cpu, read }: RingStatistics): number =>
      (this.isRaw ? spools?.firstReadOf(this.name, cpu) : undefined) ?? read;
    this.adoptedEvents = instance.statistics().reduce((total, ring) => total + readOf(ring), 0);
    this.enabled = new Set(instance.enabledEvents());
    const filters = new Map<string, string>();
    for (const event of this.enabled) {
      const filter = instance.filterOf(event);
      if (filter !== '') filters.set(event, filter);
    }
    this.filters = filters;
  }

  private describe(
    plan: ChannelPlan,
    { streamClass, generation }: StreamNumbers,
    available: readonly string[],
  ): { readonly layout: PageLayout; readonly data: SessionSinkData } {
    const { around } = this;
    const { subBufferBytes } = this.instance.geometry();
    const formats = readNamedFormats(around.root, neededFormats(plan, available), subBufferBytes);
    return {
      layout: formats.layout,
      data: {
        key: `${this.key}\0${streamClass}`,
        channel: plan.description.name,
        fileSuffix: generation === 1 ? '' : `-${generation}`,
        limits: {
          sizeBytes: plan.description.traceFileSizeBytes ?? 0,
          count: plan.description.traceFileCount ?? 0,
        },
        streamClass,
        formats: formats.events,
        printkFormats: formats.neededTexts,
        wanted: plan.events,
        rules: plan.rules,
        selections: plan.selections,
        contexts: plan.description.contexts,
        machine: machine(),
        facts: around.facts,
        eventNames: around.eventNames(),
        textEvents: plan.textEvents,
        tasks: around.tasks.memory,
        metAddresses: around.stackAddresses(stackKinds(kernelContexts(plan.description.contexts))),
      },
    };
  }

  private transcode(
    data: SessionSinkData,
    layout: PageLayout,
  ): { readonly stream: StreamClass; readonly events: readonly MappedEvent[] } {
    const { traceClass, events } = sessionTranscoder(data, layout);
    checkFilters(data.rules, events);
    return { stream: traceClass.streamClasses[0]!, events };
  }

  /** The stream class of what comes now, to be declared where it goes. */
  get stream(): StreamClass {
    return this.transcoded.stream;
  }

  /** A place for its packets; the stream class must be declared there, with the event classes of the place before. */
  placeIn(directory: string): TracePlace {
    const { writer } = this.around;
    return { directory, declared: this.declared, writer };
  }

  /** What comes next has metadata in which no event class is. */
  forgetDeclared(): void {
    this.declared = makeClassStates(this.transcoded.stream);
  }

  /** Begins to read. @param toldLost losses of each processor that an earlier reader has told of. */
  async begin(directory: string | undefined, toldLost: ReadonlyMap<number, number>): Promise<void> {
    const { instance, around, data, layout, key, plan } = this;
    const place = directory === undefined ? undefined : this.placeIn(directory);
    const geometry = instance.geometry();
    const { ringBytes } = geometry;
    instance.wakeAt(wakePercentOf(geometry));
    await around.readers.add(
      key,
      instance.cpus.map((cpu) => ({
        cpu,
        path: join(instance.path, `per_cpu/cpu${cpu}/trace_pipe_raw`),
        layout,
        ringBytes,
        isInMemory: around.isInMemory,
        readIntervalMs: plan.description.readIntervalMs,
        data,
        place,
        toldLost: toldLost.get(cpu) ?? 0,
        spool: this.isRaw ? around.spools?.request(this.name, cpu) : undefined,
      })),
      around.onFailure,
    );
    this.hasRings = true;
  }

  /** Whether its pages wait until they are asked to be converted. */
  get isRaw(): boolean {
    return this.plan.description.rawPages === true && !this.around.isInMemory;
  }

  /** What waits now is what is converted next. @returns what it tells of tasks, where that is of use. */
  async seal(): Promise<readonly RingTasks[]> {
    const rings = await this.around.readers.ask({ kind: 'seal', key: this.key });
    return rings.flatMap(({ tasks }) => tasks ?? []);
  }

  /** Converts it, which may take long; the rings are emptied on. */
  convert(how: ConversionKind): Promise<readonly RingTotals[]> {
    return this.around.readers.ask({ kind: 'convert', key: this.key, how });
  }

  /** Whether a plan asks for another stream. */
  isChanged(plan: ChannelPlan): boolean {
    const of = ({ events, rules, selections, textEvents, description: { contexts } }: ChannelPlan): string =>
      JSON.stringify([events, rules, selections, textEvents, contexts]);
    return of(plan) !== of(this.plan);
  }

  /**
   * Goes on with another plan. What was recorded before is written as it was asked for then.
   * @param declare is given the new stream class before anything of it is written.
   */
  async become(
    plan: ChannelPlan,
    numbers: StreamNumbers,
    available: readonly string[],
    directory: string | undefined,
    declare: (stream: StreamClass) => void,
  ): Promise<readonly RingTotals[]> {
    const { data, layout } = this.describe(plan, numbers, available);
    const transcoded = this.transcode(data, layout);
    this.switchOff(new Set([...plan.events, ...plan.tableEvents, ...plan.textEvents]));
    this.plan = plan;
    this.data = data;
    this.transcoded = transcoded;
    this.forgetDeclared();
    declare(transcoded.stream);
    const place = directory === undefined ? undefined : this.placeIn(directory);
    return this.around.readers.ask({ kind: 'configure', key: this.key, data, place });
  }

  /** Takes over what of a plan changes nothing in the trace. */
  resize({ description }: ChannelPlan): void {
    const { ringBytes } = this.instance.geometry();
    if (description.ringBytes !== this.plan.description.ringBytes && description.ringBytes !== ringBytes) {
      this.instance.wakeAt(wakePercentOf(this.instance.configure({ ringBytes: description.ringBytes })));
    }
    if (description.overwrite !== this.plan.description.overwrite) {
      this.instance.configure({ overwrite: description.overwrite });
    }
    this.plan = { ...this.plan, description };
  }

  private switchOff(but: ReadonlySet<string>): void {
    const off = [...this.enabled].filter((event) => !but.has(event));
    if (off.length > 0) this.instance.disable(off);
    this.enabled = new Set([...this.enabled].filter((event) => but.has(event)));
  }

  /** Switches the kernel's events on and off as the plan says. */
  apply(): void {
    const { instance, plan, transcoded } = this;
    const wanted = new Set([...plan.events, ...plan.tableEvents, ...plan.textEvents]);
    wanted.delete(markerEvent);
    this.switchOff(wanted);
    const stacks = stackKinds(kernelContexts(plan.description.contexts));
    for (const kind of ['kernel', 'user'] as const) {
      if (stacks.includes(kind) || this.stacks.includes(kind))
        instance.writeStacks(kind, stacks.includes(kind));
    }
    this.stacks = stacks;
    const filters = new Map<string, string>();
    for (const event of transcoded.events) {
      if (event.origin.kind !== 'event') continue;
      const { system, name } = event.origin.format;
      const part = kernelFilter(event, filtersOfEvent(plan.rules, event));
      if (part !== undefined) filters.set(`${system}:${name}`, part.text);
    }
    for (const event of wanted) {
      const filter = filters.get(event) ?? '';
      if (filter === (this.filters.get(event) ?? '')) continue;
      // What the kernel does not take is left to the reader, which evaluates all of it anyway.
      if (!setKernelFilter(instance, event, filter)) filters.delete(event);
    }
    const on = [...wanted].filter((event) => !this.enabled.has(event));
    if (on.length > 0) instance.enable(on);
    this.enabled = wanted;
    this.filters = filters;
  }

  /** Keeps threads out of the trace. */
  hide(threads: readonly number[]): void {
    this.instance.hideThreads(threads);
  }

  /** Records certain threads alone, as far as the kernel can choose; the reader chooses the rest. */
  follow(wanted: WantedThreads): void {
    if (this.wanted?.key === wanted.key) return;
    this.wanted = wanted;
    wanted.begin(this.instance);
  }

  /** Adds threads that came from elsewhere, and those that the kernel has dropped. @returns their numbers. */
  addNewcomers(): readonly number[] {
    const { wanted, instance } = this;
    return wanted?.isLimited === true ? wanted.tell(instance) : [];
  }

  /** The kernel's part of each event's filter, for people. */
  get kernelFilters(): ReadonlyMap<string, string> {
    return this.filters;
  }

  /** Has the kernel record, or not. */
  record(isActive: boolean): void {
    if (isActive && this.plan.description.isEnabled) this.instance.start();
    else this.instance.stop();
  }

  /** Has the rings read all along, or when it is asked for. */
  async read(isActive: boolean): Promise<void> {
    await this.around.readers.ask({ kind: 'activate', key: this.key, isActive });
  }

  flush(): Promise<readonly RingTotals[]> {
    return this.around.readers.ask({ kind: 'flush', key: this.key });
  }

  suspend(): Promise<readonly RingTotals[]> {
    return this.around.readers.ask({ kind: 'suspend', key: this.key });
  }

  /** @param directory of what comes; undefined goes on where it was. */
  async resume(directory?: string): Promise<void> {
    const place = directory === undefined ? undefined : this.placeIn(directory);
    await this.around.readers.ask({ kind: 'resume', key: this.key, place });
  }

  /** Reads the rings for the snapshot that is asked for next. @returns what they tell of tasks, where that is of use. */
  async collect(): Promise<readonly RingTasks[]> {
    const { events, tableEvents: more } = this.plan;
    if (!events.includes(birthEvent) && !more.includes(birthEvent)) return [];
    const rings = await this.around.readers.ask({ kind: 'collect', key: this.key });
    return rings.flatMap(({ tasks }) => tasks ?? []);
  }

  snapshot(directory: string, mostBytes: number): Promise<readonly RingTotals[]> {
    const place = this.placeIn(directory);
    return this.around.readers.ask({ kind: 'snapshot', key: this.key, place, mostBytes });
  }

  clear(): Promise<readonly RingTotals[]> {
    return this.around.readers.ask({ kind: 'clear', key: this.key });
  }

  totals(): Promise<readonly RingTotals[]> {
    return this.around.readers.ask({ kind: 'count', key: this.key });
  }

  statistics(): readonly RingStatistics[] {
    return this.instance.statistics();
  }

  /** Ends it: what is in the rings is written, and the instance is removed. @returns what was counted until then. */
  async end(): Promise<ChannelEnd> {
    this.instance.stop();
    const totals = this.hasRings ? await this.around.readers.ask({ kind: 'remove', key: this.key }) : [];
    const rings = this.instance.statistics();
    this.instance[Symbol.dispose]();
    return { totals, rings };
  }
}
