// Records of two processors' rings, which are read in any order: who had a number before, and who has it now.
import { expect, test } from 'vitest';
import type { TaskUpdate } from '../mapping/event-mapping.ts';
import { sampleFormats } from '../testing/sample-formats.ts';
import { TaskTable } from './task-table.ts';
import { taskRecordReader } from './task-updates.ts';

const records = { 'new-task': 'task_newtask', rename: 'task_rename', moved: 'cgroup_attach_task' } as const;

/** Hands the table a record. @param fill writes its fields. */
function read(
  table: TaskTable,
  update: TaskUpdate & keyof typeof records,
  timeNs: number,
  fill: (view: DataView, bytes: Uint8Array) => void,
): void {
  const format = sampleFormats.events.find(({ name }) => name === records[update])!;
  const bytes = new Uint8Array(128);
  const view = new DataView(bytes.buffer);
  fill(view, bytes);
  taskRecordReader(format, update, table)(view, bytes, 0, bytes.length, timeNs);
}

function makes(table: TaskTable, timeNs: number, parent: number, child: number, name: string): void {
  read(table, 'new-task', timeNs, (view, bytes) => {
    view.setInt32(4, parent, true);
    view.setInt32(8, child, true);
    bytes.set(Buffer.from(name), 12);
  });
}

function renames(table: TaskTable, timeNs: number, tid: number, name: string): void {
  read(table, 'rename', timeNs, (view, bytes) => {
    view.setInt32(8, tid, true);
    bytes.set(Buffer.from(name), 28);
  });
}

function moves(table: TaskTable, timeNs: number, pid: number, id: number): void {
  read(table, 'moved', timeNs, (view, bytes) => {
    view.setUint32(16, id, true);
    view.setInt32(24, pid, true);
    view.setUint32(28, (2 << 16) | 40, true);
    bytes.set(Buffer.from('/'), 40);
  });
}

/** What each ring has: on the one a task that is over, on the other who has its number after it. */
const rings = {
  earlier: (table: TaskTable): void => {
    makes(table, 1e9, 11, 20, 'sh');
    renames(table, 1.1e9, 20, 'foreign');
    moves(table, 1.2e9, 20, 5);
  },
  later: (table: TaskTable): void => {
    makes(table, 2e9, 10, 20, 'sh');
    renames(table, 2.1e9, 20, 'program');
    moves(table, 2.2e9, 20, 6);
  },
};

test.each([
  ['earlier', 'later'],
  ['later', 'earlier'],
] as const)('rings that are read %s, %s leave the task that has the number', (first, second) => {
  const memory = new TaskTable(1000).memory;
  for (const tid of [10, 11]) new TaskTable(memory).set(tid, 'pid', tid);
  // Each thread has a table of its own in the same memory.
  rings[first](new TaskTable(memory));
  rings[second](new TaskTable(memory));
  const table = new TaskTable(memory);
  expect([table.get(20, 'pid'), table.get(20, 'ppid'), table.nameOf(20), table.groupOf(20)]).toEqual([
    20,
    10,
    'program',
    6,
  ]);
  // And who had it is known for its time.
  const before = [table.get(20, 'ppid', undefined, 1.5e9), table.nameOf(20, undefined, 1.5e9)];
  expect([...before, table.groupOf(20, undefined, 1.5e9)]).toEqual([11, 'foreign', 5]);
});
