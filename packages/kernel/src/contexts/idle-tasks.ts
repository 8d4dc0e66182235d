/**
 * Idle tasks: each processor has one, which runs where no other does, and all have the number 0. Interrupts that come
 * meanwhile are recorded as theirs. What the kernel has of them is the same on all machines but for where they are.
 */
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

/** Says in a row what is known of a processor's idle task without looking. */
export function writeIdleTask(words: Int32Array, row: number, cpu: number): void {
  putText(words, row + taskNameWord, taskNameBytes, `swapper/${cpu}`);
  words[row + taskWordOf('prio')] = plainPriority;
  const maker = cpu === 0 ? 0 : init;
  words[row + taskWordOf('ppid')] = maker;
  words[row + taskWordOf('vppid')] = maker;
  words[row + taskKnownWord] = taskKnowledge.told;
}
