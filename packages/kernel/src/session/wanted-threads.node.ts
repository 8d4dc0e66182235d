/**
 * Which threads the kernel itself is told to record: where all that is wanted of a channel is of certain processes or of one
 * PID namespace, threads of others cost a tenth. The reader evaluates the conditions again, so these need not be exact.
 */
import { readlinkSync } from 'node:fs';
import { parseFilter, type Expression } from '@spoor/filter';
import { tableEvents } from '../live/select-events.ts';
import { parseThreadStat } from '../statedump/proc-text.ts';
import { processNumbers, readProc, threadsOf } from '../statedump/scan-tasks.node.ts';
import type { TracefsInstance } from '../tracefs/instance.node.ts';
import type { ChannelPlan } from './plan-channel.node.ts';

/** What decides over threads. */
type ThreadPlan = Pick<ChannelPlan, 'rules' | 'selections'>;

/** What of a process decides. */
type ProcessColumn = 'pid' | 'vpid' | 'pid_ns';
const columns: readonly string[] = ['pid', 'vpid', 'pid_ns'] satisfies readonly ProcessColumn[];

interface Condition {
  readonly column: ProcessColumn;
  readonly values: readonly number[];
}

/** One of the conditions that a filter sets in any case. */
function conditionOf(node: Expression): Condition | undefined {
  if (node.kind !== 'binary') return undefined;
  if (node.operator === '&&') return conditionOf(node.left) ?? conditionOf(node.right);
  if (node.operator === '||') {
    const left = conditionOf(node.left);
    const right = conditionOf(node.right);
    if (left === undefined || left.column !== right?.column) return undefined;
    return { column: left.column, values: [...left.values, ...right.values] };
  }
  if (node.operator !== '==') return undefined;
  const [field, value] = node.left.kind === 'reference' ? [node.left, node.right] : [node.right, node.left];
  if (field.kind !== 'reference' || value.kind !== 'integer' || field.reference.scope !== 'context')
    return undefined;
  const [name, ...more] = field.reference.steps;
  if (typeof name !== 'string' || more.length > 0 || !columns.includes(name)) return undefined;
  return { column: name as ProcessColumn, values: [Number(value.value)] };
}

/** What must be so of a process: one of each list. Undefined where nothing need be. */
function conditionsOf({ rules, selections }: ThreadPlan): readonly (readonly Condition[])[] {
  const all: (readonly Condition[])[] = [];
  for (const { column, values } of selections) {
    if (columns.includes(column)) all.push([{ column: column as ProcessColumn, values }]);
  }
  const ofRules = rules.map(({ filter }) =>
    filter === undefined ? undefined : conditionOf(parseFilter(filter)),
  );
  if (ofRules.length > 0 && ofRules.every((condition) => condition !== undefined)) all.push(ofRules);
  return all;
}

function valueOf(pid: number, column: ProcessColumn): number | undefined {
  switch (column) {
    case 'pid':
      return pid;
    case 'vpid': {
      const numbers = /^NStgid:\s*(.*)$/m.exec(readProc(`/proc/${pid}/status`) ?? '')?.[1]?.split(/\s+/);
      return numbers === undefined ? undefined : Number(numbers.at(-1));
    }
    case 'pid_ns':
      try {
        return Number(/\d+/.exec(readlinkSync(`/proc/${pid}/ns/pid`))?.[0]);
      } catch {
        return undefined;
      }
    default:
      return column satisfies never;
  }
}

/** Whether a thread is not over. */
function isRunning(tid: number): boolean {
  const state = parseThreadStat(readProc(`/proc/${tid}/stat`) ?? '')?.state;
  return state !== undefined && state !== 'Z' && state !== 'X';
}

/** Whether the task table is told of all tasks that begin, are named or execute programs, as long as a plan is recorded. */
export function seesAllTasks(plan: ChannelPlan): boolean {
  if (!plan.description.isEnabled || conditionsOf(plan).length > 0) return false;
  return tableEvents.every((event) => plan.tableEvents.includes(event) || plan.events.includes(event));
}

/** The threads of a plan. */
export class WantedThreads {
  /** Equal for plans that want the same. */
  readonly key: string;
  /** Whether the kernel can choose at all. */
  readonly isLimited: boolean;
  private readonly conditions: readonly (readonly Condition[])[];
  /** Processes that were looked at, and whether they are wanted. */
  private known: ReadonlyMap<number, boolean> = new Map();
  private hasBegun = false;

  constructor(plan: ThreadPlan) {
    this.conditions = conditionsOf(plan);
    this.isLimited = this.conditions.length > 0;
    this.key = JSON.stringify(this.conditions);
  }

  /** The threads that there are. */
  private threads(): readonly number[] {
    const { known } = this;
    const processes = processNumbers();
    this.known = new Map(processes.map((pid) => [pid, known.get(pid) ?? this.isWanted(pid)]));
    return processes.flatMap((pid) => (this.known.get(pid) === true ? threadsOf(pid) : []));
  }

  /** Has an instance record them alone, or all while there are none. */
  begin(instance: TracefsInstance): void {
    const threads = this.isLimited ? this.threads() : [];
    instance.setThreads(threads);
    this.hasBegun = threads.length > 0;
  }

  /**
   * Has an instance record those that it does not, too: the ones that came from elsewhere, such as who enters a namespace, and
   * those that the kernel has taken from its list for they have the number of one that was over, a moment after that had ended.
   * @returns their numbers.
   */
  tell(instance: TracefsInstance): readonly number[] {
    const threads = this.threads();
    if (threads.length === 0) return threads;
    const listed = new Set(this.hasBegun ? instance.threads() : []);
    const missing = threads.filter((tid) => !listed.has(tid) && isRunning(tid));
    if (missing.length === 0) return missing;
    if (this.hasBegun) instance.addThreads(missing);
    else instance.setThreads(missing);
    this.hasBegun = true;
    return missing;
  }

  private isWanted(pid: number): boolean {
    return this.conditions.every((alternatives) =>
      alternatives.some(({ column, values }) => {
        const value = valueOf(pid, column);
        return value !== undefined && values.includes(value);
      }),
    );
  }
}
