/** Where the idle tasks of this machine are: nothing in /proc is about them. */
import { readFileSync } from 'node:fs';
import { parseProcessorList } from '../counters/online-processors.node.ts';
import { placeIdleTasksOf } from './idle-tasks.ts';
import type { TaskTable } from './task-table.ts';

/** Processors that there may ever be. */
const possiblePath = '/sys/devices/system/cpu/possible';

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
  placeIdleTasksOf(table, possibleProcessors());
}
