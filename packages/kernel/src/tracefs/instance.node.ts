/**
 * An instance of tracefs: a set of rings, one a processor, with events, filters, a clock and process lists of its own.
 * Only what lies in the instance's own folder is ever written; the machine's own tracing is left alone.
 */
import { existsSync, mkdirSync, readdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { SpoorError } from '@spoor/base';
import { parseThreadStat } from '../statedump/proc-text.ts';
import { readProc } from '../statedump/scan-tasks.node.ts';
import { errnoOf, controlError, lastLoggedError, readControl, writeControl } from './control-file.node.ts';
import { matchEvents, splitEventName } from './event-names.ts';
import { isOwnerGone, ownedName, ownerOf, ownOwner } from './instance-name.node.ts';
import { parseRingStatistics, type RingStatistics } from './ring-statistics.ts';
import { listEvents } from './tracefs.node.ts';

/** With what the names of instances begin, so that one's own are found again. */
export const defaultPrefix = 'spoor';

/** How the rings are. What is not said stays as the kernel has it. */
export interface RingSettings {
  /** A name of `trace_clock`; `mono` is CLOCK_MONOTONIC. */
  readonly clock?: string;
  /** Of a sub-buffer; rounded up to pages, and the page itself where the kernel knows no other (before 6.8). */
  readonly subBufferBytes?: number;
  /** Of the ring of each processor; rounded up. */
  readonly ringBytes?: number;
  /** Whether new events push out old ones; else new ones are lost when the ring is full. */
  readonly overwrite?: boolean;
}

/** How the rings became. */
export interface RingGeometry {
  readonly subBufferBytes: number;
  readonly ringBytes: number;
}

/** Numbers of processes go into one write; each is at most ten digits and a space. */
const pidsPerWrite = 4000;
/** Waiting for descriptors of an ended thread to be closed. */
const removalAttempts = 50;
const removalPauseMs = 20;

const pause = (milliseconds: number): void => {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
};

/** Removes an instance by its folder. @throws SpoorError `kernel/ebusy` while it is read by somebody. */
export function removeInstance(path: string): void {
  for (let attempt = 1; ; attempt++) {
    try {
      rmdirSync(path);
      return;
    } catch (error) {
      // Somebody else removes it, or has.
      if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENODEV') return;
      if (errnoOf(error) !== 'EBUSY' || attempt === removalAttempts) {
        throw controlError('remove the instance', path, error);
      }
      pause(removalPauseMs);
    }
  }
}

/** When a thread began, as /proc says it; undefined where there is none. */
function beganAt(tid: number): number | undefined {
  return parseThreadStat(readProc(`/proc/${tid}/stat`) ?? '')?.startTicks;
}

/** An instance that this process made. */
export class TracefsInstance implements Disposable {
  /** Folder of tracefs. */
  readonly root: string;
  readonly name: string;
  /** Its own folder. */
  readonly path: string;
  /** Processors that have a ring. */
  readonly cpus: readonly number[];
  /** Threads that are hidden, with when they began; undefined where an earlier process has hidden them. */
  private hidden = new Map<number, number | undefined>();
  private isLimited = false;

  private constructor(root: string, name: string) {
    this.root = root;
    this.name = name;
    this.path = join(root, 'instances', name);
    this.cpus = readdirSync(join(this.path, 'per_cpu'))
      .flatMap((entry) => (/^cpu\d+$/.test(entry) ? [Number(entry.slice(3))] : []))
      .sort((left, right) => left - right);
  }

  /**
   * Makes an instance that does not record yet.
   * @param label part of its name: session and channel.
   * @throws SpoorError `kernel/ERRNO`.
   */
  static create(root: string, label: string, prefix: string = defaultPrefix): TracefsInstance {
    return TracefsInstance.make(root, ownedName(prefix, ownOwner(), label));
  }

  /**
   * Takes over an instance that is there, as an earlier process has left it; undefined where there is none.
   * @throws SpoorError `kernel/ERRNO`.
   */
  static adopt(root: string, name: string): TracefsInstance | undefined {
    if (!existsSync(join(root, 'instances', name))) return undefined;
    const instance = new TracefsInstance(root, name);
    // Kernels before 5.7 hide none.
    if (existsSync(instance.file('set_event_notrace_pid'))) {
      for (const tid of instance.numbersIn('set_event_notrace_pid')) instance.hidden.set(tid, undefined);
    }
    return instance;
  }

  /**
   * Makes an instance of a certain name, which does not record yet.
   * @throws SpoorError `kernel/ERRNO`.
   */
  static make(root: string, name: string): TracefsInstance {
    const path = join(root, 'instances', name);
    try {
      mkdirSync(path);
    } catch (error) {
      throw controlError('make an instance', path, error);
    }
    const instance = new TracefsInstance(root, name);
    // They record from the first moment on.
    instance.stop();
    return instance;
  }

  private file(name: string): string {
    return join(this.path, name);
  }

  private set(name: string, text: string, what: string): void {
    writeControl(this.file(name), text, what);
  }

  /** Applies settings, in the order that the kernel wants. @throws SpoorError `kernel/ERRNO`. */
  configure({ clock, subBufferBytes, ringBytes, overwrite }: RingSettings): RingGeometry {
    if (clock !== undefined) this.set('trace_clock', clock, `take the clock ${clock}`);
    if (overwrite !== undefined) this.setOption('overwrite', overwrite);
    if (subBufferBytes !== undefined && this.subBufferBytes() !== subBufferBytes) {
      const sizeKb = Math.max(1, Math.ceil(subBufferBytes / 1024));
      try {
        this.set('buffer_subbuf_size_kb', String(sizeKb), `make sub-buffers of ${sizeKb} KiB`);
      } catch (error) {
        // Where the size is fixed the caller sees it in what is returned.
        if (!(error instanceof SpoorError) || error.code !== 'kernel/enoent') throw error;
      }
    }
    if (ringBytes !== undefined) {
      const sizeKb = Math.max(1, Math.ceil(ringBytes / 1024));
      this.set('buffer_size_kb', String(sizeKb), `make rings of ${sizeKb} KiB`);
    }
    return this.geometry();
  }

  private subBufferBytes(): number {
    try {
      return (
        Number.parseInt(readControl(this.file('buffer_subbuf_size_kb'), 'read the size of sub-buffers')) *
        1024
      );
    } catch (error) {
      if (!(error instanceof SpoorError) || error.code !== 'kernel/enoent') throw error;
      const header = readControl(join(this.root, 'events/header_page'), 'read the page header');
      const data = /\bdata;\s*offset:(\d+);\s*size:(\d+)/.exec(header);
      return Number(data?.[1] ?? 16) + Number(data?.[2] ?? 4080);
    }
  }

  /** Sizes as they are. */
  geometry(): RingGeometry {
    const ringKb = Number.parseInt(
      readControl(this.file('per_cpu/cpu0/buffer_size_kb'), 'read the size of rings'),
    );
    return { subBufferBytes: this.subBufferBytes(), ringBytes: ringKb * 1024 };
  }

  /** The clock that times are of. */
  clock(): string {
    return /\[(.+?)\]/.exec(readControl(this.file('trace_clock'), 'read the clock'))?.[1] ?? 'local';
  }

  /** Sets an option of `options/`. @throws SpoorError `kernel/enoent` for one that this kernel lacks. */
  setOption(name: string, on: boolean): void {
    this.set(`options/${name}`, on ? '1' : '0', `switch ${name} ${on ? 'on' : 'off'}`);
  }

  /**
   * Has the kernel write the stacks of all events behind them, or not.
   * @throws SpoorError `kernel/no-stack` where this kernel cannot.
   */
  writeStacks(kind: 'kernel' | 'user', on: boolean): void {
    const [option, needs] =
      kind === 'kernel'
        ? ['stacktrace', 'CONFIG_STACKTRACE']
        : ['userstacktrace', 'CONFIG_USER_STACKTRACE_SUPPORT'];
    try {
      this.setOption(option, on);
    } catch (error) {
      if (!on || !(error instanceof SpoorError)) throw error;
      throw new SpoorError('kernel/no-stack', `this kernel records no stacks of ${kind} code`, {
        hint: `it was built without ${needs}; do without the context callstack_${kind}`,
        cause: error,
      });
    }
  }

  /**
   * Has the kernel write its stack behind one event alone.
   * @throws SpoorError `kernel/no-stack` where this kernel cannot.
   */
  writeStackOf(event: string): void {
    try {
      this.set(`events/${event.replace(':', '/')}/trigger`, 'stacktrace', `have the stack of ${event}`);
    } catch (error) {
      if (!(error instanceof SpoorError)) throw error;
      throw new SpoorError('kernel/no-stack', `this kernel records no stacks of single events: ${event}`, {
        hint: 'it was built without CONFIG_STACKTRACE or triggers; the context callstack-kernel has those of all events',
        cause: error,
      });
    }
  }

  /**
   * Switches events on.
   * @param patterns `SYSTEM:NAME`, or `NAME`, with `*` and `?`.
   * @returns which those are, `SYSTEM:NAME`.
   * @throws SpoorError `kernel/no-event`, `kernel/ERRNO`.
   */
  enable(patterns: readonly string[]): readonly string[] {
    const available = listEvents(this.root);
    const events = matchEvents(patterns, available);
    const grouped = (list: readonly string[]): Map<string, string[]> => {
      const groups = new Map<string, string[]>();
      for (const event of list) {
        const { system, name } = splitEventName(event);
        const names = groups.get(system);
        if (names === undefined) groups.set(system, [name]);
        else names.push(name);
      }
      return groups;
    };
    const all = grouped(available);
    for (const [system, names] of grouped(events)) {
      // One write for a whole system costs the kernel a hundredth of as many single ones.
      if (names.length > 1 && names.length === all.get(system)?.length) {
        this.set(`events/${system}/enable`, '1', `switch the events of ${system} on`);
        continue;
      }
      for (const name of names) {
        this.set(`events/${system}/${name}/enable`, '1', `switch ${system}:${name} on`);
      }
    }
    return events;
  }

  /** Switches events off: those of {@link enable}'s answer, or all. Events that are gone are passed over. */
  disable(events?: readonly string[]): void {
    if (events === undefined) {
      this.set('events/enable', '0', 'switch all events off');
      return;
    }
    for (const event of events) {
      const { system, name } = splitEventName(event);
      try {
        this.set(`events/${system}/${name}/enable`, '0', `switch ${event} off`);
      } catch (error) {
        if (!(error instanceof SpoorError) || !/^kernel\/(?:enoent|enodev)$/.test(error.code)) throw error;
      }
    }
  }

  /**
   * Sets the kernel's filter of an event; an empty text takes it away.
   * @throws SpoorError `kernel/filter` with what the kernel found wrong, and at which column.
   */
  setFilter(event: string, filter: string): void {
    const { system, name } = splitEventName(event);
    const file = `events/${system}/${name}/filter`;
    try {
      this.set(file, filter === '' ? '0' : filter, `filter ${event}`);
    } catch (error) {
      if (!(error instanceof SpoorError) || !/^kernel\/(?:einval|eperm)$/.test(error.code)) throw error;
      const found = lastLoggedError(readControl(this.file('error_log'), 'read the error log'));
      if (found === undefined) throw error;
      throw new SpoorError(
        'kernel/filter',
        `the kernel refuses the filter ${JSON.stringify(filter)}: ${found.message}`,
        {
          where: `${event}, column ${found.column + 1}`,
        },
      );
    }
  }

  /** Events that are switched on, `SYSTEM:NAME`. */
  enabledEvents(): readonly string[] {
    return readControl(this.file('set_event'), 'read what is switched on')
      .split('\n')
      .filter((line) => line.includes(':'));
  }

  /** The kernel's filter of an event; an empty text where there is none. */
  filterOf(event: string): string {
    const { system, name } = splitEventName(event);
    const text = readControl(this.file(`events/${system}/${name}/filter`), 'read a filter').trim();
    return text === 'none' ? '' : text;
  }

  /**
   * Records these threads alone.
   * @param tids numbers in the first PID namespace; none takes the limit away.
   * @param follow whether children of theirs are added as they are born, and taken away when they end.
   */
  setThreads(tids: readonly number[], follow = true): void {
    this.isLimited = tids.length > 0;
    // The kernel follows children of hidden threads as well: a command that the recorder starts would be hidden. In a
    // list of those that are wanted nobody needs hiding.
    this.writeThreads('set_event_notrace_pid', this.isLimited ? [] : [...this.hidden.keys()], 'replace');
    this.setOption('event-fork', this.isLimited && follow);
    this.writeThreads('set_event_pid', tids, 'replace');
  }

  /** The threads that are recorded, as the kernel has them now; none where it records all. */
  threads(): readonly number[] {
    return this.numbersIn('set_event_pid');
  }

  private numbersIn(file: string): readonly number[] {
    const text = readControl(this.file(file), 'read which threads are chosen');
    return text.split('\n').flatMap((line) => (/^\d+$/.test(line) ? [Number(line)] : []));
  }

  /** Adds threads to those that are recorded. */
  addThreads(tids: readonly number[]): void {
    this.writeThreads('set_event_pid', tids, 'append');
  }

  /**
   * Keeps the events of these threads out, the recorder's own, unless {@link setThreads} says which are wanted. Of those that
   * were hidden before, the ones that have ended are forgotten: their numbers may be those of others.
   */
  hideThreads(tids: readonly number[]): void {
    const now = new Map<number, number | undefined>();
    for (const [tid, began] of this.hidden) {
      if (tids.includes(tid) || (began !== undefined && beganAt(tid) === began)) now.set(tid, began);
    }
    const haveEnded = now.size < this.hidden.size;
    const fresh = tids.filter((tid) => now.get(tid) === undefined);
    for (const tid of fresh) now.set(tid, beganAt(tid));
    const isNew = fresh.some((tid) => !this.hidden.has(tid));
    this.hidden = now;
    if (this.isLimited) return;
    // The kernel takes none out of its list but all: some events of the others may be recorded meanwhile.
    if (haveEnded) this.writeThreads('set_event_notrace_pid', [...now.keys()], 'replace');
    else if (isNew) this.writeThreads('set_event_notrace_pid', fresh, 'append');
  }

  private writeThreads(file: string, tids: readonly number[], how: 'replace' | 'append'): void {
    if (tids.length === 0) {
      if (how === 'replace') writeControl(this.file(file), '', 'choose threads', how);
      return;
    }
    for (let from = 0; from < tids.length; from += pidsPerWrite) {
      const text = tids.slice(from, from + pidsPerWrite).join(' ');
      writeControl(this.file(file), text, 'choose threads', from === 0 ? how : 'append');
    }
  }

  /**
   * How full a ring is, in percent, when who waits for it is woken; with 0 one event is enough.
   * @throws SpoorError `kernel/ERRNO`.
   */
  wakeAt(percent: number): void {
    try {
      this.set('buffer_percent', String(percent), `be woken at ${percent} %`);
    } catch (error) {
      // Kernels before 4.21 wake for one event.
      if (!(error instanceof SpoorError) || error.code !== 'kernel/enoent') throw error;
    }
  }

  /** Begins to record. */
  start(): void {
    this.set('tracing_on', '1', 'begin to record');
  }

  /** Stops recording; what is in the rings stays there. */
  stop(): void {
    this.set('tracing_on', '0', 'stop recording');
  }

  /** Empties the rings. */
  clear(): void {
    writeControl(this.file('trace'), '', 'empty the rings', 'replace');
  }

  /** Counts of each ring. */
  statistics(): readonly RingStatistics[] {
    return this.cpus.map((cpu) =>
      parseRingStatistics(readControl(this.file(`per_cpu/cpu${cpu}/stats`), 'read statistics'), cpu),
    );
  }

  /** Stops and removes it. @throws SpoorError `kernel/ebusy` while somebody else reads from it. */
  [Symbol.dispose](): void {
    try {
      this.stop();
      this.disable();
    } catch (error) {
      if (!(error instanceof SpoorError) || error.code !== 'kernel/enoent') throw error;
    }
    removeInstance(this.path);
  }
}

/**
 * Removes the instances that processes which are gone have left behind.
 * @param isSpared tells of instances that are left to somebody else.
 * @returns their names.
 */
export function sweepInstances(
  root: string,
  prefix: string = defaultPrefix,
  isSpared: (name: string) => boolean = () => false,
): readonly string[] {
  const folder = join(root, 'instances');
  const swept: string[] = [];
  for (const name of readdirSync(folder)) {
    const owner = ownerOf(prefix, name);
    if (owner === undefined || !isOwnerGone(owner) || isSpared(name)) continue;
    removeInstance(join(folder, name));
    swept.push(name);
  }
  return swept;
}
