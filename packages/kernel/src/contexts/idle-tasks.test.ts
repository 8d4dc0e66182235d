import { expect, test } from 'vitest';
import { placeIdleTasks } from './idle-tasks.node.ts';
import { TaskTable } from './task-table.ts';

test.each([
  ['kthreadd', 0, 77],
  // In a container the number is a program's, whatever that calls itself.
  ['sh', 0, 0],
  ['kthreadd', 1, 0],
])("idle tasks are where the second task is, if that is the kernel's (%s of %d)", (name, ppid, expected) => {
  const table = new TaskTable(1000);
  table.setName(2, new TextEncoder().encode(name));
  table.set(2, 'ppid', ppid);
  table.set(2, 'mnt_ns', 77);
  table.setGroup(2, 77, '');
  placeIdleTasks(table);
  table.enterIdle(0);
  expect([table.nameOf(0, 0), table.get(0, 'mnt_ns', 0), table.groupOf(0, 0)]).toEqual([
    'swapper/0',
    expected,
    expected,
  ]);
});
