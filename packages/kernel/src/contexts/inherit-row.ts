/** What a task has that was made: what its maker has, but for what the flags of `clone` say and its numbers. */
import { cloneIntoGroupHigh, cloneNewPid, cloneParent, cloneThread, namespaceFlags } from './clone-flags.ts';
import {
  containerBytes,
  taskContainerWord,
  taskGroupWord,
  taskKnowledge,
  taskKnownWord,
  taskNamedAtWord,
  taskWordOf,
  type TaskColumn,
} from './task-row.ts';
import type { TaskTable } from './task-table.ts';

/** Which task, and how it was made. */
export interface MadeTask {
  readonly parent: number;
  readonly child: number;
  readonly cloneFlags: number;
  /** The upper 32 bits of the flags. */
  readonly cloneFlagsHigh: number;
  /** By the kernel's trace clock; 0 where it is not known. */
  readonly timeNs: number;
}

/**
 * Enters it in a row, which is told to be known then. A name that the row has since some time stays.
 * @returns whether the task has namespaces or a control group of its own, of which nothing is known.
 */
export function inheritRow(table: TaskTable, to: number, made: MadeTask): boolean {
  const { parent, child, cloneFlags, cloneFlagsHigh, timeNs } = made;
  const { words, times } = table;
  const from = parent > 0 ? table.rowAt(parent, timeNs) : 0;
  const ofProcess = table.processRowOf(from, timeNs);
  const ofMaker = (column: TaskColumn): number => words[from + taskWordOf(column)]!;
  const put = (column: TaskColumn, value: number): void => {
    words[to + taskWordOf(column)] = value;
  };
  const isNamed = times[(to + taskNamedAtWord) / 2]! > 0;
  words.copyWithin(to, from, from + (isNamed ? taskGroupWord : taskKnownWord));
  const groupEnd = taskContainerWord + containerBytes / 4;
  words.copyWithin(to + taskGroupWord, ofProcess + taskGroupWord, ofProcess + groupEnd);
  const isThread = (cloneFlags & cloneThread) !== 0;
  put('pid', isThread ? ofMaker('pid') : child);
  if (!isThread && (cloneFlags & cloneParent) === 0) {
    put('ppid', ofMaker('pid'));
    put('vppid', ofMaker('vpid'));
  }
  // In the first namespace the numbers are the same; in another only /proc knows them.
  const sameNumbers = ofMaker('vtid') === parent;
  put('vtid', sameNumbers ? child : 0);
  if (!isThread) put('vpid', sameNumbers ? child : 0);
  let isApart = (cloneFlagsHigh & cloneIntoGroupHigh) !== 0;
  if (isApart) words.fill(0, to + taskGroupWord, to + groupEnd);
  for (const [column, flag] of namespaceFlags) {
    if ((cloneFlags & flag) === 0) continue;
    put(column, 0);
    isApart = true;
  }
  if ((cloneFlags & cloneNewPid) !== 0) {
    put('vtid', 1);
    put('vpid', 1);
    put('vppid', 0);
  }
  words[to + taskKnownWord] = taskKnowledge.told;
  return isApart;
}
