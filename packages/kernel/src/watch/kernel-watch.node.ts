/**
 * Waits for events of the kernel: an instance of tracefs of its own, with those events alone, whose rings are looked at
 * when there is something in them. The instance outlives whoever made it; the next process goes on with what is in its rings.
 */
import { machine } from 'node:os';
import { join } from 'node:path';
import { SpoorError, describeError } from '@spoor/base';
import { DescriptorWait, isAvailable } from '@spoor/sys';
import { ControlGroups } from '../contexts/control-groups.node.ts';
import { fillTaskTable, makeTaskTable, taskFinder } from '../contexts/fill-task-table.node.ts';
import { TaskTable } from '../contexts/task-table.ts';
import { ownThreads } from '../drain/kernel-drain.node.ts';
import { RingReader } from '../drain/ring-reader.node.ts';
import { setKernelFilter } from '../live/filter-shares.node.ts';
import { tableEvents } from '../live/select-events.ts';
import { ProbeGroup } from '../probes/probe-group.node.ts';
import { kernelFilter } from '../session/kernel-filter.ts';
import type { ProbeRequest } from '../session/session-description.ts';
import { sessionInstanceName, sessionProbeGroup, sweepSessions } from '../session/session-names.node.ts';
import { SessionProbes } from '../session/session-probes.node.ts';
import { eventsOfRules, filtersOfEvent, markerEvent, type KernelRule } from '../session/session-rules.ts';
import { TracefsInstance } from '../tracefs/instance.node.ts';
import { lostOf } from '../tracefs/ring-statistics.ts';
import { findTracefs, listEvents, readNamedFormats } from '../tracefs/tracefs.node.ts';
import { RecordWatch, type RecordNotice, type RecordWish } from './record-watch.ts';

/** What somebody waits for. */
export interface KernelWish extends Omit<RecordWish, 'rules'> {
  readonly rules: readonly Exclude<KernelRule, { readonly kind: 'probe' }>[];
  readonly probes: readonly ProbeRequest[];
}

/** What a watch is made with. */
export interface KernelWatchOptions {
  /** A directory that is there as long as anything is waited for: the instance is named by it, and swept when it is gone. */
  readonly directory: string;
  /** All that happened up to some moment, the earliest first, whichever processor it was on. */
  readonly onNotices: (notices: readonly RecordNotice[]) => void;
  /** Events that found no room: nobody looked at them. */
  readonly onLost: (count: number) => void;
  /** One line for what nobody waits for. */
  readonly onTrouble: (text: string) => void;
  /** Beginning of the instance's name; for tests. */
  readonly prefix?: string;
}

/** Label of the instance. */
const channel = 'triggers';
/** Of each processor: what comes between two looks must find room. */
const ringBytes = 1 << 20;
/** Least time from a look to the next, and how many times as long as a look it is: all else must have its turn. */
const leastPauseMs = 20;
const pauseShare = 4;
/** New threads of this process are hidden, and losses are counted, so often. */
const careMs = 500;

interface Ring {
  readonly cpu: number;
  readonly reader: RingReader;
}

/** A table that asks the system about tasks that records tell too little of. */
function seekingTable(): TaskTable {
  return new TaskTable(makeTaskTable().memory, taskFinder(new ControlGroups()));
}

export class KernelWatch {
  private readonly options: KernelWatchOptions;
  private readonly root: string;
  private readonly probes: SessionProbes;
  private tasks = seekingTable();
  private instance: TracefsInstance | undefined;
  private rings: readonly Ring[] = [];
  private watch: RecordWatch | undefined;
  private held: RecordNotice[] = [];
  private toldLost = 0;
  private caredMs = -Infinity;
  /** Whether something was read after the last care. */
  private isCareDue = false;
  /** Wakes this when there is something to read; undefined where it has to look. */
  private ready: DescriptorWait | undefined;
  private timer: NodeJS.Timeout | undefined;
  private isDamaged = false;

  /** @throws SpoorError `kernel/no-tracefs`, `kernel/permission`. */
  constructor(options: KernelWatchOptions) {
    this.options = options;
    this.root = findTracefs();
    sweepSessions(this.root, options.prefix);
    this.probes = new SessionProbes(
      ProbeGroup.named(this.root, sessionProbeGroup(options.directory, options.prefix)),
    );
  }

  /**
   * Waits for these from now on.
   * @param wanted keys of those that are refused when they cannot be had; others are left out then, with a trouble.
   * @throws SpoorError `kernel/…`, `filter/…`, `trigger/capture`: then all is as it was.
   */
  apply(wishes: readonly KernelWish[], wanted: readonly string[] = []): void {
    const available = listEvents(this.root);
    const possible = wishes.flatMap((wish): readonly RecordWish[] => {
      try {
        const { probes, ...other } = wish;
        const rules = [...wish.rules, ...this.probes.rulesOf(probes)];
        this.eventsOf(rules, available);
        return [{ ...other, rules }];
      } catch (error) {
        if (wanted.includes(wish.key)) throw error;
        this.options.onTrouble(`events of the kernel are not waited for: ${describeError(error)}`);
        return [];
      }
    });
    if (possible.length === 0) {
      this.end();
      return;
    }
    const isFirst = this.instance === undefined;
    const instance = this.instance ?? this.open();
    try {
      this.probes.make();
      this.change(instance, possible, available);
    } catch (error) {
      if (isFirst) {
        this.instance = undefined;
        this.closeRings();
        instance[Symbol.dispose]();
        this.probes.end();
      }
      throw error;
    }
    this.instance = instance;
    this.lookSoon(0);
  }

  private watchRings(): DescriptorWait | undefined {
    if (!isAvailable().available) return undefined;
    return new DescriptorWait(this.rings.map(({ reader }) => reader.descriptor));
  }

  private eventsOf(rules: readonly KernelRule[], available: readonly string[]): readonly string[] {
    const made = rules.flatMap((rule) => (rule.kind === 'probe' ? rule.events : []));
    return eventsOfRules(rules, [...available.filter((event) => !made.includes(event)), ...made]);
  }

  private open(): TracefsInstance {
    const { directory, prefix } = this.options;
    const name = sessionInstanceName(directory, channel, prefix);
    const found = TracefsInstance.adopt(this.root, name);
    const instance = found ?? TracefsInstance.make(this.root, name);
    if (found === undefined) instance.configure({ clock: 'mono', ringBytes, overwrite: false });
    this.toldLost = 0;
    return instance;
  }

  private change(
    instance: TracefsInstance,
    wishes: readonly RecordWish[],
    available: readonly string[],
  ): void {
    const rules = wishes.flatMap((wish) => wish.rules);
    const events = this.eventsOf(rules, available);
    const more = tableEvents.filter((name) => available.includes(name) && !events.includes(name));
    const calls = events.includes('raw_syscalls:sys_enter')
      ? available.filter((name) => name.startsWith('syscalls:sys_enter_'))
      : [];
    const formats = readNamedFormats(
      this.root,
      new Set([...events, ...more, ...calls]),
      instance.geometry().subBufferBytes,
    );
    const wants = new Set(events);
    const watch = new RecordWatch(
      formats,
      {
        naming: 'lttng',
        machine: machine(),
        wants: (name) => wants.has(name),
        eventNames: this.probes.eventNames,
      },
      tableEvents,
      wishes,
      this.tasks,
    );
    // What came until now was for who waited then.
    if (this.watch !== undefined) this.read();
    const on = new Set([...events, ...more].filter((event) => event !== markerEvent));
    const before = new Set(instance.enabledEvents());
    instance.disable([...before].filter((event) => !on.has(event)));
    instance.hideThreads(ownThreads());
    for (const event of watch.events) {
      if (event.origin.kind !== 'event') continue;
      const name = `${event.origin.format.system}:${event.origin.format.name}`;
      if (!on.has(name)) continue;
      const part = kernelFilter(event, filtersOfEvent(rules, event));
      if (part !== undefined || instance.filterOf(name) !== '')
        setKernelFilter(instance, name, part?.text ?? '');
    }
    const fresh = [...on].filter((event) => !before.has(event));
    if (fresh.length > 0) instance.enable(fresh);
    if (this.rings.length === 0) {
      this.rings = instance.cpus.map((cpu) => ({
        cpu,
        reader: new RingReader(join(instance.path, `per_cpu/cpu${cpu}/trace_pipe_raw`), formats.layout),
      }));
    }
    instance.wakeAt(0);
    this.ready ??= this.watchRings();
    instance.start();
    // Tasks that begin from now on are told by events.
    if (this.watch === undefined) {
      fillTaskTable(this.tasks);
      new ControlGroups().enterAll(this.tasks);
    }
    this.watch = watch;
  }

  /** Looks at all rings once, and hands out what was waited for. */
  look(): void {
    try {
      this.read();
      this.care();
    } catch (error) {
      if (!this.isDamaged) this.options.onTrouble(describeError(error));
      this.isDamaged = true;
    }
  }

  private read(): void {
    const { watch, rings, held } = this;
    if (watch === undefined) return;
    // What happens on one processor while another's ring is read waits for the next look: so all is in order.
    const untilNs = Number(process.hrtime.bigint());
    for (const { cpu, reader } of rings) {
      for (let drained = 0; drained < ringBytes * 2; drained += reader.batchBytes) {
        const count = reader.read();
        if (count === 0) break;
        this.isCareDue = true;
        const { subBufferBytes } = reader.layout;
        for (let index = 0; index < count; index += 1) {
          watch.page(cpu, reader.bytes, index * subBufferBytes, subBufferBytes, (notice) =>
            held.push(notice),
          );
        }
      }
    }
    if (held.length === 0) return;
    held.sort((left, right) => left.monotonicNs - right.monotonicNs);
    let ready = held.findIndex(({ monotonicNs }) => monotonicNs > untilNs);
    if (ready < 0) ready = held.length;
    const notices = held.splice(0, ready);
    if (notices.length > 0) this.options.onNotices(notices);
  }

  private care(): void {
    const nowMs = performance.now();
    const { instance } = this;
    if (instance === undefined || nowMs - this.caredMs < careMs) return;
    this.caredMs = nowMs;
    this.isCareDue = false;
    instance.hideThreads(ownThreads());
    const lost = instance.statistics().reduce((total, ring) => total + lostOf(ring), 0);
    if (lost > this.toldLost) this.options.onLost(lost - this.toldLost);
    this.toldLost = lost;
  }

  private lookSoon(pauseMs: number): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.lookWhenReady(), pauseMs);
    this.timer.unref();
  }

  /** Looks when there is something to look at, and goes on with that. */
  private async lookWhenReady(): Promise<void> {
    const { ready, instance } = this;
    // What was held back is old enough by now.
    if (this.held.length === 0) {
      // Nothing new is lost, and no thread has done anything, where nothing has come.
      await ready?.wait(this.isCareDue ? this.caredMs + careMs - performance.now() : undefined);
    }
    if (this.instance === undefined || this.instance !== instance || this.ready !== ready) return;
    const beganMs = performance.now();
    this.look();
    this.lookSoon(Math.max(leastPauseMs, (performance.now() - beganMs) * pauseShare));
  }

  private closeRings(): void {
    this.ready?.[Symbol.dispose]();
    this.ready = undefined;
    for (const { reader } of this.rings) reader[Symbol.dispose]();
    this.rings = [];
  }

  /** Leaves all as it is for another process. */
  close(): void {
    clearTimeout(this.timer);
    this.closeRings();
    this.instance = undefined;
    this.watch = undefined;
  }

  /** Waits for nothing more; nothing is left in the kernel. */
  end(): void {
    const instance =
      this.instance ??
      TracefsInstance.adopt(
        this.root,
        sessionInstanceName(this.options.directory, channel, this.options.prefix),
      );
    this.close();
    // Numbers of tasks may be others' by the time that it is needed again.
    this.tasks = seekingTable();
    try {
      instance?.[Symbol.dispose]();
      this.probes.end();
    } catch (error) {
      if (!(error instanceof SpoorError)) throw error;
      this.options.onTrouble(describeError(error));
    }
  }
}
