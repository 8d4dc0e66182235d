/** Fills the task table from /proc. */
import { readFileSync } from 'node:fs';
import { release, version } from 'node:os';
import {
  numbersOfTask,
  pidNamespaceOf,
  processNumbers,
  readProc,
  scanProcess,
  scanTask,
  type ScannedTask,
} from '../statedump/scan-tasks.node.ts';
import { parseThreadStat, type ThreadStatus } from '../statedump/proc-text.ts';
import { hasBegunAfter, sleptNs, startNs } from '../statedump/task-start.node.ts';
import { ControlGroups } from './control-groups.node.ts';
import { idleTaskName } from './idle-tasks.ts';
import { placeIdleTasks } from './idle-tasks.node.ts';
import { mostTasks } from './task-row.ts';
import { TaskTable, type LookReason, type TaskFinder } from './task-table.ts';

/** An empty table for this machine. */
export function makeTaskTable(): TaskTable {
  const most = Number(readFileSync('/proc/sys/kernel/pid_max', 'latin1'));
  const table = new TaskTable(Number.isInteger(most) && most > 0 ? Math.min(most, mostTasks) : mostTasks);
  // Where the others have none in their names there are no others.
  table.enterIdle(0, idleTaskName({ kernelRelease: release(), kernelVersion: version() }, 0));
  return table;
}

/** What never changes in a task's life: its numbers in its PID namespace, and which that is. */
function enterNumbers(table: TaskTable, tid: number, status: ThreadStatus, pidNamespace: number): void {
  const isNested = status.tids.length > 1;
  const ppid = table.get(tid, 'ppid');
  const hasParentThere = !isNested || table.get(ppid, 'pid_ns') === pidNamespace;
  table.set(tid, 'vtid', status.tids.at(-1) ?? tid);
  table.set(tid, 'vpid', status.pids.at(-1) ?? status.tgid);
  table.set(tid, 'vppid', !hasParentThere ? 0 : isNested ? table.get(ppid, 'vpid') : ppid);
  table.set(tid, 'pid_ns', pidNamespace);
}

/** What changes seldom: its users, its namespaces, its parent. */
function enterPlace(table: TaskTable, { stat, status, namespaces, pid }: ScannedTask): void {
  const { tid } = stat;
  table.set(tid, 'pid', pid);
  table.set(tid, 'ppid', stat.ppid);
  enterNumbers(table, tid, status, namespaces.pid);
  const [uid = 0, euid = 0, suid = 0] = status.uids;
  const [gid = 0, egid = 0, sgid = 0] = status.gids;
  for (const [column, value] of Object.entries({ uid, euid, suid, gid, egid, sgid } as const)) {
    table.set(tid, column as 'uid' | 'euid' | 'suid' | 'gid' | 'egid' | 'sgid', value);
  }
  table.set(tid, 'cgroup_ns', namespaces.cgroup);
  table.set(tid, 'ipc_ns', namespaces.ipc);
  table.set(tid, 'mnt_ns', namespaces.mnt);
  table.set(tid, 'net_ns', namespaces.net);
  table.set(tid, 'time_ns', namespaces.time);
  table.set(tid, 'user_ns', namespaces.user);
  table.set(tid, 'uts_ns', namespaces.uts);
}

/**
 * Puts one task into a table.
 * @param namedNs since when it has its name, by the clock of records; 0 for any time.
 * @param slept how long the machine has.
 */
export function enterTask(table: TaskTable, task: ScannedTask, namedNs = 0, slept: bigint = sleptNs()): void {
  const { stat } = task;
  table.setStart(stat.tid, startNs(stat.startTicks, slept));
  table.setName(stat.tid, Buffer.from(stat.name), namedNs);
  table.set(stat.tid, 'prio', stat.priority - 100);
  enterPlace(table, task);
}

/**
 * Puts tasks into a table whose making no ring tells, for the kernel was told only later to record them: the table knows
 * nothing of them, or what was there before. Those that are over are passed over.
 */
export function enterNewcomers(table: TaskTable, tids: readonly number[]): void {
  for (const tid of tids) {
    const task = scanTask(tid);
    if (task === undefined || task.namespaces.pid === 0) continue;
    if (table.isKnown(tid) && table.get(tid, 'pid_ns') === task.namespaces.pid) continue;
    enterTask(table, task);
    table.wasLookedUp(tid);
  }
}

/** Whether a number has become that of a task that began later, or of none. */
function isAnother(tid: number, timeNs: number): boolean {
  const stat = parseThreadStat(readProc(`/proc/${tid}/stat`) ?? '');
  return stat === undefined || hasBegunAfter(stat.startTicks, timeNs);
}

/** Finds the numbers of tasks in their PID namespaces alone: what never changes in a task's life. */
export const findTaskNumbers: TaskFinder = (table, tid, why, timeNs) => {
  if (why === 'changed' || why === 'moved') return false;
  const hasNumbers = table.get(tid, 'vtid') === tid;
  const namespace = pidNamespaceOf(tid);
  if (namespace === 0) return false;
  // Nearly always a child is where its parent is, and the numbers are the same: then one link tells it.
  if (hasNumbers && namespace === table.get(tid, 'pid_ns')) return true;
  const found = numbersOfTask(tid);
  if (found === undefined || found.pidNamespace === 0) return false;
  if (timeNs > 0 && isAnother(tid, timeNs)) return false;
  if (why === 'unknown') {
    table.set(tid, 'pid', found.status.tgid);
  }
  enterNumbers(table, tid, found.status, found.pidNamespace);
  return true;
};

/** Makes what finds tasks in /proc: all that contexts tell. @param groups control groups, where they are asked for. */
export function taskFinder(groups: ControlGroups | undefined): TaskFinder {
  return (table, tid, why, timeNs) => {
    if (why === 'moved') {
      if (groups === undefined || (timeNs > 0 && isAnother(tid, timeNs))) return false;
      groups.enter(table, tid);
      return true;
    }
    const pid = findAllOfTask(table, tid, why, timeNs);
    if (pid === undefined) return false;
    // Who is made is in the group of its maker, unless it says otherwise.
    if (why !== 'made') groups?.enter(table, pid);
    return true;
  };
}

/** Enters all that contexts tell but control groups. @returns its process; undefined where the task is gone. */
function findAllOfTask(table: TaskTable, tid: number, why: LookReason, timeNs: number): number | undefined {
  if (why === 'made') {
    const before = table.get(tid, 'pid_ns');
    if (!findTaskNumbers(table, tid, why, timeNs)) return undefined;
    // A maker whose children begin a PID namespace has left others, too, and told it nowhere.
    if (table.get(tid, 'pid_ns') === before) return tid;
  }
  const task = scanTask(tid);
  // Of a task that is ending nothing can be read but its numbers.
  if (task === undefined || task.namespaces.pid === 0) return undefined;
  if (timeNs > 0 && hasBegunAfter(task.stat.startTicks, timeNs)) return undefined;
  if (why === 'unknown') enterTask(table, task);
  else enterPlace(table, task);
  return task.pid;
}

/**
 * What a table has to look up for events with these contexts and filters.
 * @param wanted `SYSTEM:NAME` of the events.
 */
export function finderFor(
  contexts: readonly string[],
  filters: readonly string[],
  wanted: ReadonlySet<string>,
): TaskFinder | undefined {
  if (contexts.length > 0 || filters.some((filter) => filter.includes('$ctx.'))) {
    return taskFinder(ControlGroups.askedFor(contexts, filters));
  }
  return wanted.has('sched:sched_process_fork') ? findTaskNumbers : undefined;
}

/**
 * Enters all tasks that there are and that the table does not know; do it before recording begins.
 * @param areOlderRead whether records of before are read afterwards: what they say of names is of the past.
 */
export function fillTaskTable(table: TaskTable, areOlderRead = false): void {
  const slept = sleptNs();
  for (const pid of processNumbers()) {
    for (const task of scanProcess(pid)) {
      if (!table.isKnown(task.stat.tid))
        enterTask(table, task, areOlderRead ? Number(task.timeNs) : 0, slept);
    }
  }
  placeIdleTasks(table);
}
