import { expect, test } from 'vitest';
import { layout64, PageBuilder } from '../testing/page-builder.ts';
import { sampleFormats } from '../testing/sample-formats.ts';
import { birthEvent, enterBirths, namingEvent, tasksIn, type TaskBirth } from './task-births.ts';
import { TaskTable } from './task-table.ts';

const format = sampleFormats.events.find(({ system, name }) => `${system}:${name}` === birthEvent)!;
const naming = sampleFormats.events.find(({ system, name }) => `${system}:${name}` === namingEvent)!;
const another = sampleFormats.events.find(({ name }) => name === 'softirq_entry')!;
const cloneThread = 0x0001_0000;

const birth = (timeNs: number, parent: number, child: number, more: Partial<TaskBirth> = {}): TaskBirth => ({
  timeNs,
  parent,
  child,
  cloneFlags: 0,
  cloneFlagsHigh: 0,
  name: Buffer.from(`of-${parent}\0`),
  ...more,
});

/** A record of the kernel. */
function recordOf({ parent, child, cloneFlags, cloneFlagsHigh, name }: TaskBirth): Uint8Array {
  const bytes = new Uint8Array(44);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, format.id, true);
  view.setInt32(4, parent, true);
  view.setInt32(8, child, true);
  bytes.set(name!, 12);
  view.setInt32(32, cloneFlags, true);
  view.setInt32(36, cloneFlagsHigh, true);
  return bytes;
}

/** The table of a machine in which process 10 is known. */
function tableOf10(): TaskTable {
  const table = new TaskTable(1000);
  table.set(10, 'pid', 10);
  table.set(10, 'vtid', 10);
  return table;
}

const nobody = (): boolean => false;

test('are found among other records, with their times', () => {
  const wanted = [
    birth(1_000_100, 10, 20),
    birth(1_000_350, 20, 30, { cloneFlags: cloneThread, cloneFlagsHigh: 2 }),
  ];
  const page = new PageBuilder(layout64, 1_000_000n);
  const other = new Uint8Array(12);
  new DataView(other.buffer).setUint16(0, another.id, true);
  page.record(0, other);
  page.record(100, recordOf(wanted[0]!));
  page.record(50, other);
  page.record(200, recordOf(wanted[1]!));
  // One that is cut off is none.
  page.record(10, recordOf(wanted[0]!).subarray(0, 20));
  const renaming = new Uint8Array(48);
  new DataView(renaming.buffer).setUint16(0, naming.id, true);
  new DataView(renaming.buffer).setInt32(4, 20, true);
  new DataView(renaming.buffer).setInt32(8, 21, true);
  page.record(10, renaming);
  const found = tasksIn([page.finish()], layout64, format, naming);
  expect(found.seen).toEqual([0, 10, 20]);
  expect(found.named).toEqual([21]);
  expect(
    found.births.map(({ name, ...rest }) => ({ ...rest, name: Buffer.from(name!).toString('latin1', 0, 5) })),
  ).toEqual(
    wanted.map(({ name, ...rest }) => ({ ...rest, name: Buffer.from(name!).toString('latin1', 0, 5) })),
  );
});

test('are entered in the order of time, whatever order they are given in', () => {
  const table = tableOf10();
  enterBirths(
    table,
    [birth(300, 30, 31, { cloneFlags: cloneThread }), birth(200, 20, 30), birth(100, 10, 20)],
    nobody,
  );
  expect(
    [20, 30, 31].map((tid) => [table.get(tid, 'pid'), table.get(tid, 'ppid'), table.nameOf(tid)]),
  ).toEqual([
    [20, 10, 'of-10'],
    [30, 20, 'of-20'],
    [30, 20, 'of-30'],
  ]);
});

test('change nothing of tasks that are known, or there yet', () => {
  const table = tableOf10();
  enterBirths(table, [birth(100, 10, 20)], nobody);
  table.setName(20, Buffer.from('program'), 150);
  table.set(20, 'uid', 7);
  enterBirths(table, [birth(100, 10, 20), birth(200, 10, 40)], ({ child }) => child === 40);
  expect([table.nameOf(20), table.get(20, 'uid'), table.isKnown(40)]).toEqual(['program', 7, false]);
  table.set(50, 'uid', 8);
  table.wasLookedUp(50);
  enterBirths(table, [birth(300, 10, 50)], nobody);
  expect(table.get(50, 'uid')).toBe(8);
});

test('are news of a number that an earlier task had', () => {
  const table = tableOf10();
  enterBirths(table, [birth(100, 10, 20)], nobody);
  enterBirths(table, [birth(5e9, 10, 11)], nobody);
  enterBirths(table, [birth(9e9, 11, 20)], nobody);
  expect([table.get(20, 'ppid'), table.nameOf(20)]).toEqual([11, 'of-11']);
});

test('of numbers that several tasks had all are entered, each for its time; two records of one birth are of one', () => {
  const table = tableOf10();
  enterBirths(table, [birth(1e9, 10, 11)], nobody);
  enterBirths(table, [birth(5e9, 11, 20), birth(2e9, 10, 20)], nobody);
  const ppids = [1e9, 2e9, 4e9, 5e9, 9e9].map((timeNs) => table.get(20, 'ppid', undefined, timeNs));
  expect(ppids).toEqual([0, 10, 10, 11, 11]);
  enterBirths(table, [birth(1e9, 10, 21), birth(1e9 + 700, 10, 21)], nobody);
  expect(table.get(21, 'pid')).toBe(21);
});

test('who is there is looked up, and not taken for whoever had its number before', () => {
  const table = tableOf10();
  enterBirths(table, [birth(1e9, 10, 20)], nobody);
  enterBirths(table, [birth(5e9, 10, 20)], () => true);
  expect([table.isKnown(20), table.nameOf(20, undefined, 4e9)]).toEqual([false, 'of-10']);
});
