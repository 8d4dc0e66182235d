import { Distribution } from './distribution.ts';
import { integerOf, textOf, type TraceEvent } from './event.ts';
import { Largest } from './largest.ts';

/** One system call from its entry to its exit. Times in nanoseconds after the trace set's base. */
export interface SystemCall {
  /** As the kernel calls it, such as `openat`. */
  readonly name: string;
  /** Undefined where the trace does not tell which thread its processor ran. */
  readonly tid: number | undefined;
  /** What the thread was called in the end; '' if that is not known. */
  readonly taskName: string;
  readonly beginNs: number;
  readonly endNs: number;
  /** How long its thread did not run meanwhile. */
  readonly waitingNs: number;
  /** What it returned, a negative number of an error if it failed; undefined if the event does not tell. */
  readonly result: number | undefined;
}

/** Calls of one name. Quantiles are at most 1.6 % too great. */
export interface SystemCallFigures {
  readonly name: string;
  readonly count: number;
  /** Those that returned an error. */
  readonly failed: number;
  readonly totalNs: number;
  /** How long their threads did not run in them. */
  readonly waitingNs: number;
  readonly meanNs: number;
  readonly p50Ns: number;
  readonly p90Ns: number;
  readonly p99Ns: number;
  readonly maxNs: number;
}

/** The system calls of a trace. */
export interface SystemCallSummary {
  /** Greatest total time first. */
  readonly calls: readonly SystemCallFigures[];
  /** Slowest first. */
  readonly slowest: readonly SystemCall[];
  /** Entries whose exit is not in the trace: of calls that last still, of threads that ended in them, or it was lost. */
  readonly unfinished: number;
  /** Exits whose entry is not in the trace. */
  readonly unmatchedExits: number;
  /** Whether task switches were recorded: without them nothing is known of waiting. */
  readonly knowsWaiting: boolean;
}

/** A thread, or whichever one a processor runs as long as that is not known. */
interface Task {
  tid: number | undefined;
  name: string;
  /** The call that it is in. */
  open: OpenCall | undefined;
  /** Since when it does not run; NaN while it does, and if that is not known. */
  awayFromNs: number;
}

interface OpenCall {
  readonly name: string;
  readonly beginNs: number;
  waitingNs: number;
}

/** A call whose thread may get its name later. */
interface FinishedCall extends Omit<SystemCall, 'tid' | 'taskName'> {
  readonly task: Task;
}

/** What events of a class tell. */
interface Role {
  readonly kind: 'entry' | 'exit' | 'switch' | 'born' | 'named' | 'over' | 'other';
  /** Of a call; '' of an exit that does not say what it ends. */
  readonly name: string;
}

/** They do not return: their threads are over. */
const endless = new Set(['exit', 'exit_group']);
/** They return twice, in the new thread without having been called there. */
const births = new Set(['clone', 'clone3', 'fork', 'vfork']);

/**
 * Pairs entries and exits of system calls by thread: that of the events' context, else the one that `sched_switch` tells of
 * their processor. Memory depends on the number of threads and of kinds of calls.
 */
export class SystemCalls {
  private readonly roles = new Map<object, Role>();
  private readonly tasks = new Map<number, Task>();
  /** By processor. */
  private readonly running = new Map<number, Task>();
  private readonly figures = new Map<
    string,
    { readonly durations: Distribution; failed: number; waitingNs: number }
  >();
  private readonly slowest: Largest<FinishedCall>;
  private unfinished = 0;
  private unmatchedExits = 0;
  private knowsWaiting = false;

  /** @param slowestCount how many of the slowest calls are kept. */
  constructor(slowestCount: number) {
    this.slowest = new Largest<FinishedCall>(slowestCount);
  }

  /** Takes the next event in order of time. */
  observe(event: TraceEvent): void {
    let role = this.roles.get(event.eventClass);
    if (role === undefined) {
      role = roleOf(event.name);
      this.roles.set(event.eventClass, role);
    }
    switch (role.kind) {
      case 'other':
        return;
      case 'entry':
        this.enter(this.taskAt(event), role.name, event.timeNs);
        return;
      case 'exit':
        this.leave(this.taskAt(event), role.name, event);
        return;
      case 'switch':
        this.switchTasks(event);
        return;
      case 'born':
        this.beBorn(integerOf(event.field('child_tid'), -1), textOf(event.field('child_comm')));
        return;
      case 'named':
        this.task(integerOf(event.field('tid'), -1)).name = textOf(event.field('name'));
        return;
      case 'over':
        this.end(integerOf(event.field('tid'), -1));
        return;
      default:
        role.kind satisfies never;
    }
  }

  finish(): SystemCallSummary {
    const calls = [...this.figures].map(([name, { durations, failed, waitingNs }]) => ({
      name,
      count: durations.count,
      failed,
      totalNs: durations.sumNs,
      waitingNs,
      meanNs: durations.meanNs(),
      p50Ns: durations.quantileNs(0.5),
      p90Ns: durations.quantileNs(0.9),
      p99Ns: durations.quantileNs(0.99),
      maxNs: durations.maxNs,
    }));
    const { unfinished, unmatchedExits, knowsWaiting } = this;
    const slowest = this.slowest
      .sorted()
      .map(({ task: { tid, name }, ...call }): SystemCall => ({ ...call, tid, taskName: name }));
    const lasting = [...new Set([...this.tasks.values(), ...this.running.values()])];
    return {
      calls: calls.toSorted((a, b) => b.totalNs - a.totalNs),
      slowest,
      unfinished: unfinished + lasting.filter(({ open }) => open !== undefined).length,
      unmatchedExits,
      knowsWaiting,
    };
  }

  private task(tid: number): Task {
    let task = this.tasks.get(tid);
    if (task === undefined) {
      task = newTask(tid);
      this.tasks.set(tid, task);
    }
    return task;
  }

  private taskAt({ tid, cpu = -1 }: TraceEvent): Task {
    if (tid !== undefined) return this.task(tid);
    let task = this.running.get(cpu);
    if (task === undefined) {
      task = newTask(undefined);
      this.running.set(cpu, task);
    }
    return task;
  }

  private enter(task: Task, name: string, timeNs: number): void {
    if (task.open !== undefined) this.unfinished += 1;
    task.open = endless.has(name) ? undefined : { name, beginNs: timeNs, waitingNs: 0 };
  }

  private leave(task: Task, name: string, event: TraceEvent): void {
    const { open } = task;
    task.open = undefined;
    // What it "returns" is what the interrupted code had in the register; its number is gone by then.
    const value = open?.name === 'rt_sigreturn' ? undefined : event.field('ret');
    const result = value === undefined ? undefined : integerOf(value, 0);
    if (open === undefined || (name !== '' && open.name !== name)) {
      if (open !== undefined) this.unfinished += 1;
      if (result !== 0 || !births.has(name)) this.unmatchedExits += 1;
      return;
    }
    const { beginNs } = open;
    // Some kernels do not record who comes to run behind an idle task: it was away until now at most.
    if (!Number.isNaN(task.awayFromNs)) {
      open.waitingNs += event.timeNs - Math.max(task.awayFromNs, beginNs);
      task.awayFromNs = Number.NaN;
    }
    const { waitingNs } = open;
    const durationNs = event.timeNs - beginNs;
    let figures = this.figures.get(open.name);
    if (figures === undefined) {
      figures = { durations: new Distribution(), failed: 0, waitingNs: 0 };
      this.figures.set(open.name, figures);
    }
    figures.durations.add(durationNs);
    figures.waitingNs += waitingNs;
    // Addresses are negative numbers, too, but not so small ones.
    if (result !== undefined && result < 0 && result >= -4095) figures.failed += 1;
    const { name: called } = open;
    const { timeNs: endNs } = event;
    if (this.slowest.admits(durationNs)) {
      this.slowest.offer(durationNs, { name: called, task, beginNs, endNs, waitingNs, result });
    }
  }

  private switchTasks(event: TraceEvent): void {
    this.knowsWaiting = true;
    const { cpu = -1, timeNs } = event;
    const previousTid = integerOf(event.field('prev_tid') ?? event.field('prev_pid'), -1);
    const nextTid = integerOf(event.field('next_tid') ?? event.field('next_pid'), -1);
    const before = this.running.get(cpu);
    // All idle tasks have number 0, and make no calls.
    if (previousTid > 0) {
      const previous = this.task(previousTid);
      if (before?.tid === undefined) previous.open ??= before?.open;
      previous.name = textOf(event.field('prev_comm'));
      previous.awayFromNs = timeNs;
    }
    const next = nextTid > 0 ? this.task(nextTid) : newTask(nextTid);
    this.running.set(cpu, next);
    if (next.open !== undefined && !Number.isNaN(next.awayFromNs)) {
      next.open.waitingNs += timeNs - Math.max(next.awayFromNs, next.open.beginNs);
    }
    next.awayFromNs = Number.NaN;
    if (next.name === '') next.name = textOf(event.field('next_comm'));
  }

  /** A number may have been that of another one. */
  private beBorn(tid: number, name: string): void {
    this.end(tid);
    this.tasks.set(tid, { ...newTask(tid), name });
  }

  private end(tid: number): void {
    const task = this.tasks.get(tid);
    if (task?.open === undefined) return;
    this.unfinished += 1;
    task.open = undefined;
  }
}

function newTask(tid: number | undefined): Task {
  return { tid, name: '', open: undefined, awayFromNs: Number.NaN };
}

const entryName = /^(?:compat_)?(?:syscall_entry_|sys_)([^:]+)$/;
const exitName = /^(?:compat_)?(?:syscall_exit_([^:]+)|exit_syscall)$/;
const taskEvents: Readonly<Record<string, Role['kind']>> = {
  sched_switch: 'switch',
  sched_process_fork: 'born',
  lttng_statedump_process_state: 'named',
  sched_process_exit: 'over',
};

function roleOf(eventName: string): Role {
  const entry = entryName.exec(eventName)?.[1];
  if (entry !== undefined) return { kind: 'entry', name: entry };
  const exit = exitName.exec(eventName);
  if (exit !== null) return { kind: 'exit', name: exit[1] === 'unknown' ? '' : (exit[1] ?? '') };
  return {
    kind: Object.hasOwn(taskEvents, eventName) ? taskEvents[eventName]! : 'other',
    name: '',
  };
}
