/**
 * Idle tasks: each processor has one, which runs where no other does, and all have the number 0. Interrupts that come
 * meanwhile are recorded as theirs. What the kernel has of them is the same on all machines but for where they are.
 */
import type { TaskTable } from './task-table.ts';
import {
  putText,
  taskKnowledge,
  taskKnownWord,
  taskNameBytes,
  taskNameWord,
  taskRowWords,
  taskWordOf,
} from './task-row.ts';

/** Processors of the largest kernels (NR_CPUS of x86 at its most). */
export const mostProcessors = 8192;

/** As LTTng counts: that of a task which was never told to be nice. */
const plainPriority = 20;

/** The process that makes the idle tasks of all processors but the one on which the kernel begins, whose is its own maker. */
const init = 1;

/**
 * Where the row of a processor's idle task begins, behind those of all numbers.
 * @param taskCount of the table.
 * @returns 0 where it has none.
 */
export function idleRowOf(taskCount: number, cpu: number): number {
  return cpu >= 0 && cpu < mostProcessors ? (taskCount + cpu) * taskRowWords : 0;
}

/** Since Linux 6.17 kernels for one processor alone are like all others. */
const firstAlike = [6, 17] as const;

/**
 * The name of a processor's idle task: without a number where the kernel is made for one processor alone.
 * @param kernel as `uname -r` and `uname -v` print it; empty where that is not known.
 */
export function idleTaskName(
  kernel: { readonly kernelRelease: string; readonly kernelVersion: string },
  cpu: number,
): string {
  const { kernelRelease, kernelVersion } = kernel;
  const found = /^(\d+)\.(\d+)/.exec(kernelRelease);
  const [major, minor] = [Number(found?.[1]), Number(found?.[2])];
  const isOlder = major < firstAlike[0] || (major === firstAlike[0] && minor < firstAlike[1]);
  return isOlder && kernelVersion !== '' && !/\bSMP\b/.test(kernelVersion) ? 'swapper' : `swapper/${cpu}`;
}

/** Says in a row what is known of a processor's idle task without looking. */
export function writeIdleTask(words: Int32Array, row: number, cpu: number, name: string): void {
  putText(words, row + taskNameWord, taskNameBytes, name);
  words[row + taskWordOf('prio')] = plainPriority;
  const maker = cpu === 0 ? 0 : init;
  words[row + taskWordOf('ppid')] = maker;
  words[row + taskWordOf('vppid')] = maker;
  words[row + taskKnownWord] = taskKnowledge.told;
}

/** The task of the kernel that makes its threads: it is where the kernel began, for nobody can move it. */
const kthreadd = { tid: 2, name: 'kthreadd' } as const;

/** Enters the namespaces and the control group of idle tasks, once those of all other tasks are entered. */
export function placeIdleTasksOf(
  table: Pick<TaskTable, 'nameOf' | 'get' | 'placeIdle'>,
  cpus: Iterable<number>,
): void {
  const { tid, name } = kthreadd;
  // In a PID namespace that is not the first one the number is somebody else's.
  if (table.nameOf(tid) !== name || table.get(tid, 'ppid') !== 0) return;
  for (const cpu of cpus) table.placeIdle(cpu, tid);
}
