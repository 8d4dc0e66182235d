// What is known of tasks goes through a file.
import { expect, test } from 'vitest';
import { TaskTable } from '../contexts/task-table.ts';
import { enterSavedTasks, formatTasks } from './saved-tasks.ts';

function tableOf(): TaskTable {
  const table = new TaskTable(100);
  for (const [tid, pid, name] of [
    [7, 7, 'leader "é" \u0001'],
    [8, 7, 'thread'],
  ] as const) {
    table.set(tid, 'pid', pid);
    table.set(tid, 'ppid', 1);
    table.set(tid, 'pid_ns', 4_026_531_836);
    table.set(tid, 'prio', -100);
    table.setStart(tid, 123_456_789_012 + tid);
    table.setName(tid, new TextEncoder().encode(name));
  }
  table.setGroup(7, 4_000_000_001, 'abcdef012345');
  return table;
}

test('a table that is entered tells the same', () => {
  const from = tableOf();
  const text = formatTasks(from, [7, 8, 9]);
  const to = new TaskTable(50);
  enterSavedTasks(to, text, 'tasks.json');
  for (const tid of [7, 8]) {
    expect(to.nameOf(tid)).toBe(from.nameOf(tid));
    for (const column of ['pid', 'ppid', 'pid_ns', 'prio', 'uid'] as const)
      expect(to.get(tid, column)).toBe(from.get(tid, column));
    expect(to.startOf(tid)).toBe(from.startOf(tid));
    expect(to.groupOf(tid)).toBe(4_000_000_001);
    expect(to.containerOf(tid)).toBe('abcdef012345');
  }
  expect(to.isKnown(9)).toBe(false);
});

test('columns of another release are passed over, and so are numbers beyond the table', () => {
  const text = JSON.stringify({
    version: 1,
    columns: ['later', 'pid'],
    tasks: [
      [7, 0, 'a', 0, '', 99, 7],
      [5000, 0, 'b', 0, '', 99, 5000],
    ],
  });
  const table = new TaskTable(50);
  enterSavedTasks(table, text, 'tasks.json');
  expect(table.get(7, 'pid')).toBe(7);
  expect(table.nameOf(7)).toBe('a');
  expect(table.isKnown(5000)).toBe(false);
});

test.each(['{', '7', 'null', '{"version":2}', '{"version":1,"columns":[],"tasks":[3]}'])(
  '%s tells of no tasks',
  (text) => {
    expect(() => enterSavedTasks(new TaskTable(9), text, 'tasks.json')).toThrow(
      expect.objectContaining({ code: 'kernel/recording', where: 'tasks.json' }),
    );
  },
);
