// What the table makes of records of tasks, and when it looks for what no record tells.
import { expect, test } from 'vitest';
import { taskKnownWord } from './task-row.ts';
import { TaskTable, type LookReason } from './task-table.ts';

const cloneThread = 0x0001_0000;
const cloneNewNet = 0x4000_0000;
const cloneNewPid = 0x2000_0000;
/** CLONE_INTO_CGROUP, of the upper half. */
const cloneIntoGroup = 0x2;

/** A table that finds these tasks, by the inodes of their PID namespaces, and what it was asked. */
function tableThatFinds(there: ReadonlyMap<number, number>): {
  readonly table: TaskTable;
  readonly asked: readonly (readonly [tid: number, why: LookReason])[];
} {
  const asked: [number, LookReason][] = [];
  const table = new TaskTable(1000, (of, tid, why) => {
    asked.push([tid, why]);
    const namespace = there.get(tid);
    if (namespace === undefined) return false;
    of.set(tid, 'pid_ns', namespace);
    return true;
  });
  return { table, asked };
}

test('what is unknown is looked for once, whether or not it is found', () => {
  const { table, asked } = tableThatFinds(new Map([[5, 77]]));
  for (let time = 0; time < 3; time += 1) {
    table.seek(5);
    table.seek(6);
  }
  expect(asked).toEqual([
    [5, 'unknown'],
    [6, 'unknown'],
  ]);
  expect([table.isKnown(5), table.isKnown(6)]).toEqual([true, false]);
  expect(table.get(5, 'pid_ns')).toBe(77);
});

test('inodes of namespaces and numbers of users are what was put in, also beyond 2^31', () => {
  const { table } = tableThatFinds(new Map());
  table.set(5, 'pid_ns', 4_026_531_836);
  table.set(5, 'uid', 4_294_967_294);
  table.set(5, 'prio', -100);
  expect(['pid_ns', 'uid', 'prio'].map((column) => table.get(5, column as 'uid'))).toEqual([
    4_026_531_836, 4_294_967_294, -100,
  ]);
});

test('tables of recordings made elsewhere look for nothing', () => {
  const table = new TaskTable(1000);
  table.seek(5);
  table.refresh(5);
  expect(table.canSeek).toBe(false);
  expect(table.isKnown(5)).toBe(false);
});

test('records of a task that were read before that of its making are kept', () => {
  const { table } = tableThatFinds(new Map([[20, 77]]));
  table.set(10, 'pid', 10);
  table.set(10, 'pid_ns', 1);
  table.setName(10, Buffer.from('maker'));
  table.seek(20);
  table.setName(20, Buffer.from('renamed'));
  expect(table.fork(10, 20, 0)).toBe(false);
  expect([table.nameOf(20), table.get(20, 'pid_ns')]).toEqual(['renamed', 77]);
  // The number is another task's later on.
  expect(table.fork(10, 20, 0)).toBe(true);
  expect(table.nameOf(20)).toBe('maker');
});

test.each([
  [0, 1, 2],
  [0, 2, 1],
  [2, 1, 0],
])('renamings read in the order %i, %i, %i leave the latest name', (...order) => {
  const table = new TaskTable(1000);
  table.setName(20, Buffer.from('found'));
  for (const index of order) table.setName(20, Buffer.from(['unshare', 'sh', 'node'][index]!), 1000 + index);
  expect(table.nameOf(20)).toBe('node');
  // What was made of its number later has its own past.
  table.setName(10, Buffer.from('sh'), 5000);
  table.fork(10, 20, 0);
  table.setName(20, Buffer.from('worker'), 4000);
  expect([table.nameOf(10), table.nameOf(20)]).toEqual(['sh', 'worker']);
});

test('a name from after its making, which was read before, is kept', () => {
  const table = new TaskTable(1000);
  table.set(10, 'pid', 10);
  table.setName(10, Buffer.from('bash'), 1e9);
  table.setName(20, Buffer.from('tail'), 3e9);
  expect(table.fork(10, 20, 0, 2e9)).toBe(true);
  table.setName(20, Buffer.from('bash'), 2e9);
  expect([table.nameOf(20), table.get(20, 'pid'), table.get(20, 'ppid')]).toEqual(['tail', 20, 10]);
  // The number becomes another task's.
  table.fork(10, 20, 0, 4e9);
  table.setName(20, Buffer.from('bash'), 4e9);
  expect(table.nameOf(20)).toBe('bash');
});

test('a making that was entered already, from another ring, undoes nothing of what was told since', () => {
  const table = new TaskTable(1000);
  table.set(10, 'pid', 10);
  expect(table.fork(10, 20, 0, 2e9)).toBe(true);
  table.set(20, 'uid', 7);
  expect(table.fork(10, 20, 0, 2e9 + 500)).toBe(false);
  expect(table.get(20, 'uid')).toBe(7);
  // Another task of the number.
  expect(table.fork(10, 20, 0, 3e9)).toBe(true);
  expect(table.get(20, 'uid')).toBe(0);
  table.free(20);
  expect(table.fork(10, 20, 0, 3e9)).toBe(true);
});

test('who had a number before undoes nothing of whoever has it now, though its making is read later', () => {
  const table = new TaskTable(1000);
  table.set(10, 'pid', 10);
  table.set(11, 'pid', 11);
  expect(table.fork(10, 20, 0, 2e9)).toBe(true);
  // What another thread has of the same memory knows it as well.
  const ofOther = new TaskTable(table.memory);
  expect([1e9, 2e9, 3e9].map((timeNs) => ofOther.isPast(20, timeNs))).toEqual([true, false, false]);
  expect(ofOther.fork(11, 20, 0, 1e9)).toBe(true);
  expect(table.get(20, 'ppid')).toBe(10);
  expect(ofOther.fork(11, 20, 0, 3e9)).toBe(true);
  expect(table.get(20, 'ppid')).toBe(11);
});

const atTimes = (table: TaskTable, tid: number, times: readonly number[]): readonly number[] =>
  times.map((timeNs) => table.get(tid, 'ppid', undefined, timeNs));

test.each([
  [0, 1, 2, 3],
  [3, 2, 1, 0],
  [2, 0, 3, 1],
])('makings of a number that are read in the order %i, %i, %i, %i are each of their time', (...order) => {
  const table = new TaskTable(1000);
  for (const tid of [10, 11, 12, 13]) table.set(tid, 'pid', tid);
  // Rings of flight recorders are read again.
  for (const index of [...order, ...order]) {
    const timeNs = (index + 1) * 1e9;
    table.fork(10 + index, 20, 0, timeNs);
    table.setName(20, Buffer.from(`name-${index}`), timeNs + 1e6);
    table.setGroup(20, 70 + index, undefined, timeNs + 2e6);
  }
  const other = new TaskTable(table.memory);
  const times = [0.5e9, 1e9, 1.9e9, 2e9, 3.5e9, 4e9, 9e9];
  expect(atTimes(other, 20, times)).toEqual([0, 10, 10, 11, 12, 13, 13]);
  expect([1.5e9, 3.5e9].map((timeNs) => other.nameOf(20, undefined, timeNs))).toEqual(['name-0', 'name-2']);
  expect([1.5e9, 5e9].map((timeNs) => other.groupOf(20, undefined, timeNs))).toEqual([70, 73]);
  // Without a time whoever has it last is meant.
  expect([other.get(20, 'ppid'), other.nameOf(20), other.groupOf(20)]).toEqual([13, 'name-3', 73]);
  table.forget();
  expect(atTimes(other, 20, times)).toEqual([0, 0, 0, 0, 0, 0, 0]);
  // Nothing of it is in contexts of tasks without a row.
  expect(table.words.subarray(0, taskKnownWord + 1).every((word) => word === 0)).toBe(true);
});

test('children and threads have what their maker and their process had then', () => {
  const table = new TaskTable(1000);
  table.set(10, 'pid', 10);
  table.fork(10, 20, 0, 1e9);
  table.setGroup(20, 7, 'web', 1e9);
  table.fork(10, 20, 0, 3e9);
  table.setGroup(20, 8, '', 3e9);
  table.fork(20, 21, cloneThread, 2e9);
  table.fork(20, 22, 0, 4e9);
  const groups = [2e9, 4e9].map((timeNs) => [
    table.groupOf(21, undefined, timeNs),
    table.containerOf(20, undefined, timeNs),
  ]);
  expect(groups).toEqual([
    [7, 'web'],
    [8, ''],
  ]);
  expect([table.get(21, 'pid'), table.groupOf(22)]).toEqual([20, 8]);
});

test('the last eight of those who had a number before are kept, and those of other numbers stay', () => {
  const table = new TaskTable(10_000);
  for (let tid = 100; tid < 112; tid += 1) table.set(tid, 'pid', tid);
  table.fork(100, 21, 0, 1e9);
  table.fork(101, 21, 0, 2e9);
  for (let index = 0; index < 11; index += 1) table.fork(100 + index, 20, 0, (index + 1) * 1e9);
  const times = Array.from({ length: 11 }, (_, index) => (index + 1.5) * 1e9);
  expect(atTimes(table, 20, times)).toEqual([0, 0, 102, 103, 104, 105, 106, 107, 108, 109, 110]);
  expect(atTimes(table, 21, [1.5e9, 2.5e9])).toEqual([100, 101]);
  // A number that has the same rows.
  expect(atTimes(table, 20 + 2048, [1.5e9, 5.5e9])).toEqual([0, 0]);
});

test('who left its number is known for the time when it had it', () => {
  const { table, asked } = tableThatFinds(new Map());
  table.set(10, 'pid', 10);
  table.fork(10, 20, cloneThread, 1e9);
  table.free(20, 2e9);
  expect([1.5e9, 2.5e9].map((timeNs) => table.get(20, 'pid', undefined, timeNs))).toEqual([10, 0]);
  expect(table.isKnown(20)).toBe(false);
  // And forgotten where nothing is known of that.
  table.fork(10, 30, cloneThread, 1e9);
  table.free(30);
  expect(table.get(30, 'pid', undefined, 1.5e9)).toBe(0);
  // Nobody looks in /proc for who is gone.
  table.fork(10, 40, 0, 5e9);
  const before = asked.length;
  table.fork(10, 40, 0, 4e9);
  expect(asked.length).toBe(before);
});

test('who has ended is known, works on for a moment, and may be another after that', () => {
  const table = new TaskTable(1000);
  table.set(10, 'pid', 10);
  table.fork(10, 20, 0, 1e9);
  const row = table.rowAt(20, 0);
  expect(table.hasLeft(row, 9e9)).toBe(false);
  table.end(20, 2e9);
  // Another channel tells it, too; who had the number before ended before.
  table.end(20, 2e9 + 700);
  expect([table.isKnown(20), table.endOf(row)]).toEqual([true, 2e9]);
  expect([1.5e9, 2e9 + 5e5, 2e9 + 2e6].map((timeNs) => table.hasLeft(row, timeNs))).toEqual([
    false,
    false,
    true,
  ]);
  expect(table.fork(10, 20, 0, 1e9 + 500)).toBe(false);
  expect(table.fork(10, 20, cloneThread, 3e9)).toBe(true);
  expect([table.endOf(row), table.hasLeft(row, 9e9)]).toEqual([0, false]);
  table.end(20, 2.5e9);
  expect(table.endOf(row)).toBe(0);
  // Its number is that of the thread that executes a program.
  table.end(20, 4e9);
  table.goOn(20);
  expect([table.hasLeft(row, 9e9), table.isKnown(20)]).toEqual([false, true]);
});

test('who has ended is forgotten when nothing tells for a while whose its number is', () => {
  const { table, asked } = tableThatFinds(new Map([[20, 77]]));
  table.set(10, 'pid', 10);
  table.fork(10, 20, cloneThread, 1e9);
  table.end(20, 2e9);
  table.leave(20, 3e9);
  expect(table.isKnown(20)).toBe(true);
  table.leave(20, 5e9);
  expect([table.isKnown(20), table.get(20, 'pid', undefined, 1.5e9)]).toEqual([false, 10]);
  table.seek(20);
  expect([table.get(20, 'pid_ns'), asked.at(-1)]).toEqual([77, [20, 'unknown']]);
  // Who is there is not left, whatever the time.
  table.leave(20, 9e9);
  expect(table.isKnown(20)).toBe(true);
});

test('who was looked up and has ended is not taken for who is made after it', () => {
  const { table } = tableThatFinds(new Map([[20, 77]]));
  table.set(10, 'pid', 10);
  table.seek(20);
  table.setStart(20, 2e9);
  table.end(20, 2.1e9);
  // The record of its making comes behind that of its end.
  expect(table.fork(10, 20, 0, 2e9 + 9e6)).toBe(false);
  expect([table.get(20, 'pid_ns'), table.endOf(table.rowAt(20, 0))]).toEqual([77, 2.1e9]);
  expect(table.fork(10, 20, 0, 2.2e9)).toBe(true);
  expect([table.get(20, 'pid_ns', undefined, 2.05e9), table.endOf(table.rowAt(20, 0))]).toEqual([77, 0]);
});

test('who was looked up is told from who had the number before and after by when it began', () => {
  const { table } = tableThatFinds(new Map([[20, 77]]));
  table.set(10, 'pid', 10);
  table.seek(20);
  table.setStart(20, 2e9);
  table.setName(20, Buffer.from('itself'));
  table.set(20, 'uid', 7);
  expect(table.fork(10, 20, 0, 1e9)).toBe(true);
  expect([table.nameOf(20), table.get(20, 'uid')]).toEqual(['itself', 7]);
  // What /proc says of starts is exact to a tick.
  expect(table.fork(10, 20, 0, 2e9 + 9e6)).toBe(false);
  expect([table.nameOf(20), table.isPast(20, 2e9 + 1e6)]).toEqual(['itself', true]);
  expect(table.nameOf(20, undefined, 1.5e9)).toBe('');
  const another = tableThatFinds(new Map([[20, 77]])).table;
  another.seek(20);
  another.setStart(20, 2e9);
  another.setName(20, Buffer.from('before'));
  expect(another.fork(10, 20, 0, 3e9)).toBe(true);
  expect(another.nameOf(20)).toBe('');
  // The record of its own making is of who was looked up before.
  expect(another.fork(10, 20, 0, 2e9 + 9e6)).toBe(false);
  expect(another.nameOf(20, undefined, 2.5e9)).toBe('before');
});

test('what was looked up for a record of itself is not undone by that of its making', () => {
  const { table, asked } = tableThatFinds(new Map([[20, 77]]));
  table.set(10, 'pid_ns', 1);
  table.refresh(20);
  expect(table.fork(10, 20, 0)).toBe(false);
  expect(table.get(20, 'pid_ns')).toBe(77);
  table.refresh(20);
  expect(asked.map(([, why]) => why)).toEqual(['unknown', 'changed', 'changed']);
});

test('who was looked for in vain has what its maker has once its record is read', () => {
  const { table } = tableThatFinds(new Map());
  table.set(10, 'pid', 10);
  table.set(10, 'net_ns', 3);
  table.seek(20);
  expect(table.fork(10, 20, 0)).toBe(true);
  expect([table.get(20, 'pid'), table.get(20, 'net_ns'), table.isKnown(20)]).toEqual([20, 3, true]);
});

test('namespaces of its own that nobody can tell any more are not those of the maker', () => {
  const { table, asked } = tableThatFinds(new Map());
  for (const column of ['pid', 'vpid', 'vtid'] as const) table.set(10, column, 10);
  for (const column of ['net_ns', 'mnt_ns', 'pid_ns'] as const) table.set(10, column, 3);
  table.fork(10, 20, cloneNewNet | cloneNewPid);
  expect(asked).toEqual([[20, 'made-apart']]);
  expect([table.get(20, 'net_ns'), table.get(20, 'pid_ns'), table.get(20, 'mnt_ns')]).toEqual([0, 0, 3]);
  expect([table.get(20, 'vtid'), table.get(20, 'vpid'), table.get(20, 'vppid')]).toEqual([1, 1, 0]);
});

test('threads are looked for only where their numbers are others than the first namespace has', () => {
  const { table, asked } = tableThatFinds(new Map());
  table.set(10, 'vtid', 10);
  table.fork(10, 20, cloneThread);
  expect(asked).toEqual([]);
  table.set(30, 'vtid', 1);
  table.fork(30, 40, cloneThread);
  expect(asked).toEqual([[40, 'made']]);
  expect(table.get(40, 'vtid')).toBe(0);
});

test('threads are in the control group of their process, and children begin in that of their maker', () => {
  const table = new TaskTable(1000);
  table.set(10, 'pid', 10);
  table.setGroup(10, 7, '');
  table.fork(10, 11, cloneThread);
  // Records of moves name the process alone.
  table.setGroup(10, 4_294_967_290, '0123456789abcdef');
  expect([table.groupOf(11), table.containerOf(11)]).toEqual([4_294_967_290, '0123456789ab']);
  table.fork(11, 20, 0);
  expect([table.groupOf(20), table.containerOf(20)]).toEqual([4_294_967_290, '0123456789ab']);
  table.setGroup(10, 8, '');
  expect([table.groupOf(11), table.containerOf(11)]).toEqual([8, '']);
  expect([table.groupOf(20), table.containerOf(20)]).toEqual([4_294_967_290, '0123456789ab']);
  expect([table.groupOf(500), table.containerOf(500)]).toEqual([0, '']);
});

test('who begins in another control group is looked for, and is not taken to be in that of its maker', () => {
  const { table, asked } = tableThatFinds(new Map());
  for (const column of ['pid', 'vpid', 'vtid'] as const) table.set(10, column, 10);
  table.setGroup(10, 7, 'web');
  table.fork(10, 20, 0, 0, cloneIntoGroup);
  expect(asked).toEqual([[20, 'made-apart']]);
  expect([table.groupOf(20), table.containerOf(20), table.groupOf(10)]).toEqual([0, '', 7]);
});

test('each processor has an idle task, which nothing that is told of number 0 changes', () => {
  const { table, asked } = tableThatFinds(new Map());
  expect([table.nameOf(0, 1), table.get(0, 'prio', 1)]).toEqual(['', 0]);
  for (const cpu of [0, 1, 8191, 8192, -1]) table.enterIdle(cpu);
  const idle = (cpu: number) => [table.nameOf(0, cpu), table.get(0, 'prio', cpu), table.get(0, 'ppid', cpu)];
  expect([0, 1, 8191, 8192, -1].map(idle)).toEqual([
    ['swapper/0', 20, 0],
    ['swapper/1', 20, 1],
    ['swapper/8191', 20, 1],
    // There is no such processor.
    ['', 0, 0],
    ['', 0, 0],
  ]);
  table.setName(0, new TextEncoder().encode('somebody'), 5);
  table.set(0, 'prio', 3);
  table.seek(0);
  table.refresh(0);
  table.setGroup(0, 9, 'web');
  table.fork(10, 0, 0, 7);
  table.free(0);
  table.forget();
  expect(idle(1)).toEqual(['swapper/1', 20, 1]);
  expect([table.groupOf(0, 1), table.containerOf(0, 1)]).toEqual([0, '']);
  expect([table.nameOf(0), table.get(0, 'prio'), table.isKnown(0)]).toEqual(['', 0, false]);
  expect(asked).toEqual([]);
  // Their rows are no numbers.
  expect([table.nameOf(table.taskCount + 1), table.isKnown(table.taskCount + 1)]).toEqual(['', false]);
});

test('idle tasks are where another task is, and keep what else they have; other threads see it', () => {
  const table = new TaskTable(1000);
  const other = new TaskTable(table.memory);
  expect(other.taskCount).toBe(1000);
  table.setName(2, new TextEncoder().encode('kthreadd'));
  for (const column of ['pid', 'vtid', 'mnt_ns', 'uts_ns', 'uid'] as const) table.set(2, column, 7);
  table.setGroup(2, 4, 'web');
  table.enterIdle(1);
  table.placeIdle(1, 2);
  expect(other.nameOf(0, 1)).toBe('swapper/1');
  const columns = ['pid', 'vtid', 'mnt_ns', 'uts_ns', 'uid', 'prio'] as const;
  expect(columns.map((column) => other.get(0, column, 1))).toEqual([0, 0, 7, 7, 0, 20]);
  expect([other.groupOf(0, 1), other.containerOf(0, 1)]).toEqual([4, 'web']);
  // Of one that is not kept nothing is known.
  table.placeIdle(1, 1000);
  expect(other.get(0, 'mnt_ns', 1)).toBe(7);
});
