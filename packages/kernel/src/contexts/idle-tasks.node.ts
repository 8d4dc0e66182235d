/** Where the idle tasks of this machine are: nothing in /proc is about them. */
import { readFileSync } from 'node:fs';
import { parseProcessorList } from '../counters/online-processors.node.ts';
import type { TaskTable } from './task-table.ts';

/** Processors that there may ever be. */
const possiblePath = '/sys/devices/system/cpu/possible';

/** The task of the kernel that makes its threads: it is where the kernel began, for nobody can move it. */
const kthreadd = { tid: 2, name: 'kthreadd' } as const;

function possibleProcessors(): Iterable<number> {
  try {
    return parseProcessorList(readFileSync(possiblePath, 'latin1'));
  } catch {
    // A container that hides it.
    return [];
  }
}

/** Enters the namespaces and the control group of idle tasks, once those of all other tasks are entered. */
export function placeIdleTasks(table: TaskTable): void {
  const { tid, name } = kthreadd;
  // In a PID namespace that is not the first one the number is somebody else's.
  if (table.nameOf(tid) !== name || table.get(tid, 'ppid') !== 0) return;
  for (const cpu of possibleProcessors()) table.placeIdle(cpu, tid);
}
