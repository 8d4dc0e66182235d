// The task that is looked up is this process, which has begun a while ago.
import { expect, test } from 'vitest';
import { findTaskNumbers, makeTaskTable, taskFinder } from './fill-task-table.node.ts';
import { TaskTable } from './task-table.ts';

const findTask = taskFinder(undefined);
const nowNs = (): number => Number(process.hrtime.bigint());

test.each(['unknown', 'changed', 'made-apart'] as const)(
  'who has a number is not taken for who had it when the record was made (%s)',
  (why) => {
    const table = makeTaskTable();
    table.set(process.pid, 'ppid', 77);
    expect(findTask(table, process.pid, why, 1)).toBe(false);
    expect(table.get(process.pid, 'ppid')).toBe(77);
    expect(findTask(table, process.pid, why, nowNs())).toBe(true);
    expect(table.get(process.pid, 'ppid')).toBe(process.ppid);
    table.set(process.pid, 'ppid', 77);
    // Nobody says when.
    expect(findTask(table, process.pid, why, 0)).toBe(true);
    expect(table.get(process.pid, 'ppid')).toBe(process.ppid);
  },
);

test('nor are its numbers in its namespace', () => {
  const table = makeTaskTable();
  expect(findTaskNumbers(table, process.pid, 'made', 1)).toBe(false);
  expect(table.get(process.pid, 'vtid')).toBe(0);
  expect(findTaskNumbers(table, process.pid, 'made', nowNs())).toBe(true);
  expect(table.get(process.pid, 'vtid')).toBeGreaterThan(0);
});

test('records hand on when they were made', () => {
  const times: number[] = [];
  const table = new TaskTable(100, (_table, _tid, _why, timeNs) => {
    times.push(timeNs);
    return false;
  });
  table.fork(5, 6, 0, 10);
  table.refresh(6, 20);
  table.refresh(7, 30);
  table.seek(8, 40);
  expect(times).toEqual([10, 10, 20, 30, 40]);
});
