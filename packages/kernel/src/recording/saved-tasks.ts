/**
 * What was known of tasks when recording began, in a file of the recording: contexts of tasks that are older than the recording
 * cannot be told by its records.
 */
import { SpoorError } from '@spoor/base';
import { taskColumns, type TaskColumn } from '../contexts/task-row.ts';
import type { TaskTable } from '../contexts/task-table.ts';

const savedTasksVersion = 1;

const encoder = new TextEncoder();

/** Before the columns of a task stand its number, when it began, its name, its control group and its container. */
type SavedTask = readonly [
  tid: number,
  bornNs: number,
  name: string,
  group: number,
  container: string,
  ...columns: number[],
];

interface SavedTasks {
  readonly version: number;
  readonly columns: readonly TaskColumn[];
  readonly tasks: readonly SavedTask[];
}

/** The text of the file, of those tasks that the table knows. */
export function formatTasks(table: TaskTable, tids: Iterable<number>): string {
  const lines: string[] = [];
  for (const tid of tids) {
    if (!table.isKnown(tid)) continue;
    const isProcess = table.get(tid, 'pid') === tid;
    const task: SavedTask = [
      tid,
      table.startOf(tid),
      table.nameOf(tid),
      isProcess ? table.groupOf(tid) : 0,
      isProcess ? table.containerOf(tid) : '',
      ...taskColumns.map((column) => table.get(tid, column)),
    ];
    lines.push(JSON.stringify(task));
  }
  const head = `{"version":${savedTasksVersion},"columns":${JSON.stringify(taskColumns)},"tasks":[\n`;
  return `${head}${lines.join(',\n')}\n]}\n`;
}

function damaged(where: string, cause?: unknown): SpoorError {
  return new SpoorError('kernel/recording', 'it does not tell of tasks', { where, cause });
}

/**
 * Enters the tasks of such a text.
 * @throws SpoorError `kernel/recording`.
 */
export function enterSavedTasks(table: TaskTable, text: string, where: string): void {
  let saved: Partial<SavedTasks>;
  try {
    saved = (JSON.parse(text) as Partial<SavedTasks> | null) ?? {};
  } catch (cause) {
    throw damaged(where, cause);
  }
  const { version, columns, tasks } = saved;
  if (version !== savedTasksVersion || !Array.isArray(columns) || !Array.isArray(tasks)) throw damaged(where);
  // Columns that this release does not have are passed over.
  const known = columns.map((name) => taskColumns.find((column) => column === name));
  for (const task of tasks as readonly unknown[]) {
    if (!Array.isArray(task)) throw damaged(where);
    const [tid, bornNs, name, group, container, ...values] = task as readonly unknown[];
    if (
      !Number.isSafeInteger(tid) ||
      !Number.isFinite(bornNs) ||
      typeof name !== 'string' ||
      !Number.isSafeInteger(group) ||
      typeof container !== 'string' ||
      values.length !== known.length ||
      !values.every((value) => Number.isSafeInteger(value))
    ) {
      throw damaged(where);
    }
    enterSavedTask(table, known, [tid, bornNs, name, group, container, ...values] as SavedTask);
  }
}

function enterSavedTask(
  table: TaskTable,
  columns: readonly (TaskColumn | undefined)[],
  [tid, bornNs, name, group, container, ...values]: SavedTask,
): void {
  columns.forEach((column, index) => {
    if (column !== undefined) table.set(tid, column, values[index]!);
  });
  table.setStart(tid, bornNs);
  table.setName(tid, encoder.encode(name));
  if (table.get(tid, 'pid') === tid) table.setGroup(tid, group, container);
}
