import { expect, test } from 'vitest';
import { placeIdleTasks } from './idle-tasks.node.ts';
import { idleTaskName } from './idle-tasks.ts';
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

test.each([
  ['6.1.0-18-amd64', '#1 SMP PREEMPT_DYNAMIC Debian 6.1.76-1', 'swapper/3'],
  ['5.10.0', '#1 PREEMPT Tue Mar 5 12:00:00 UTC 2024', 'swapper'],
  ['6.16.2', '#1', 'swapper'],
  ['6.17.0', '#1 PREEMPT', 'swapper/3'],
  ['7.0.0', '#1', 'swapper/3'],
  // Recordings that do not tell what kernel they are of.
  ['', '', 'swapper/3'],
  ['5.10.0', '', 'swapper/3'],
])('the idle task of the kernel %s %s is called %s', (kernelRelease, kernelVersion, name) => {
  expect(idleTaskName({ kernelRelease, kernelVersion }, 3)).toBe(name);
});
