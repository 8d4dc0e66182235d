// Two processors' rings: who was made on the one did something on the other, whose ring is read first.
import { formatTsdl } from '@spoor/ctf';
import { afterEach, expect, test, vi } from 'vitest';
import { MemoryTrace } from '../../../components/src/testing/memory-trace.ts';
import { TaskTable, type TaskFinder } from '../contexts/task-table.ts';
import { layout64, PageBuilder } from '../testing/page-builder.ts';
import { sampleFacts } from '../testing/sample-facts.ts';
import { sampleFormats } from '../testing/sample-formats.ts';
import { KernelTranscoder } from './transcoder.ts';

afterEach(() => void vi.useRealTimers());

/** A page of records of tasks, the time between any two of which is 1000 ns. */
function pageOf(
  records: readonly (readonly [name: string, tid: number, fill?: (view: DataView) => void])[],
  beginNs = 1_000_000_000n,
): Uint8Array {
  const page = new PageBuilder(layout64, beginNs);
  for (const [name, tid, fill] of records) {
    const format = sampleFormats.events.find((event) => event.name === name)!;
    const bytes = new Uint8Array(48);
    const view = new DataView(bytes.buffer);
    view.setUint16(0, format.id, true);
    view.setInt32(4, tid, true);
    fill?.(view);
    page.record(1000, bytes);
  }
  return page.finish();
}

const made = (maker: number, tid: number, comm: string) =>
  [
    'task_newtask',
    maker,
    (view: DataView) => {
      view.setInt32(8, tid, true);
      new Uint8Array(view.buffer).set(Buffer.from(comm), 12);
    },
  ] as const;

/** A transcoder of soft interrupts, two streams of it, and what their events' contexts are in the end. */
function twoRings(finder: TaskFinder | undefined, compile: boolean, filter?: string) {
  const tasks = new TaskTable(1000, finder);
  tasks.set(10, 'pid', 10);
  tasks.set(10, 'vtid', 10);
  tasks.set(10, 'uid', 4_000_000_000);
  tasks.setGroup(10, 77, 'web');
  const transcoder = new KernelTranscoder(sampleFormats, {
    naming: 'lttng',
    machine: 'x86_64',
    facts: sampleFacts,
    tasks,
    compile,
    ...(filter === undefined ? {} : { filter: { filtersOf: () => [filter] } }),
    wants: (name) => name === 'irq:softirq_entry',
    contexts: ['procname', 'interruptible', 'tid', 'ppid', 'container_id', 'cgroup_id', 'uid', 'cpu_id'],
  });
  const trace = new MemoryTrace();
  const metadata = new TextEncoder().encode(formatTsdl(transcoder.traceClass));
  trace.create('metadata').write(metadata, metadata.length);
  const streams = [0, 1].map((cpu) => {
    const file = trace.create(`channel0_${cpu}`);
    return transcoder.stream({
      cpu,
      output: { packet: (bytes, lengthBytes) => file.write(bytes, lengthBytes) },
    });
  });
  const contexts = (): readonly unknown[] =>
    Array.from(trace.open().events(), (event) => Object.values(event.commonContext() ?? {}));
  return { tasks, first: streams[0]!, second: streams[1]!, contexts };
}

test.each([true, false])('contexts are those that the other ring tells of (compiled: %s)', (compile) => {
  const asked: number[] = [];
  const { first, second, contexts } = twoRings((_, tid, why) => {
    if (why === 'unknown') asked.push(tid);
    return false;
  }, compile);
  first.page(
    pageOf([
      ['softirq_entry', 20],
      ['softirq_entry', 10],
      ['softirq_entry', 20],
    ]),
    0,
    4096,
  );
  expect([first.isWaiting, second.isWaiting]).toEqual([true, false]);
  second.page(pageOf([made(10, 20, 'child'), ['softirq_entry', 20]]), 0, 4096);
  expect(second.isWaiting).toBe(false);
  second.flush();
  first.flush();
  expect(first.isWaiting).toBe(false);
  const plain = contexts().map((values) => (values as unknown[]).map(String).join(' '));
  const child = 'child 1 20 10 web 77 4000000000';
  expect(plain.toSorted()).toEqual([' 1 10 0 web 77 4000000000 0', `${child} 0`, `${child} 0`, `${child} 1`]);
  // Once: neither each event nor each packet asks.
  expect(asked).toEqual([20]);
});

/** Two tasks that have the number 20, one after the other, on two processors. */
const owners = [
  pageOf([made(10, 20, 'before'), ['softirq_entry', 20], ['softirq_entry', 20]]),
  pageOf([['softirq_entry', 10], made(10, 20, 'after'), ['softirq_entry', 20]], 2_000_000_000n),
] as const;

const namesIn = (contexts: readonly unknown[]): readonly string[] =>
  contexts.map((values) => String((values as unknown[])[0]));

test.each([
  [0, true],
  [0, false],
  [1, true],
  [1, false],
] as const)(
  'events are of who had the number then, whatever ring is read first (%i, compiled: %s)',
  (first, compile) => {
    for (const finder of [undefined, () => false]) {
      const rings = twoRings(finder, compile);
      const streams = [rings.first, rings.second];
      for (const index of [first, 1 - first]) streams[index]!.page(owners[index]!, 0, 4096);
      for (const stream of streams) stream.flush();
      expect(namesIn(rings.contexts())).toEqual(['before', 'before', '', 'after']);
    }
  },
);

test.each([true, false])('filters see who had the number then (compiled: %s)', (compile) => {
  for (const name of ['before', 'after']) {
    const { first, second, contexts } = twoRings(() => false, compile, `$ctx.procname == "${name}"`);
    second.page(owners[1], 0, 4096);
    first.page(owners[0], 0, 4096);
    first.flush();
    second.flush();
    expect(namesIn(contexts())).toEqual(name === 'before' ? [name, name] : [name]);
  }
});

test.each([true, false])('what is noted is of who had the number then (compiled: %s)', (compile) => {
  const { first, second, contexts } = twoRings(() => false, compile);
  // Of both nothing is known when their events are written.
  first.page(pageOf([['softirq_entry', 20]], 1_500_000_000n), 0, 4096);
  first.page(pageOf([['softirq_entry', 20]], 2_500_000_000n), 0, 4096);
  expect(first.isWaiting).toBe(true);
  second.page(owners[1], 0, 4096);
  // Somebody is known who had the number later.
  first.page(pageOf([['softirq_entry', 20]], 1_600_000_000n), 0, 4096);
  second.page(owners[0], 0, 4096);
  for (const stream of [first, second]) stream.flush();
  expect(namesIn(contexts()).toSorted()).toEqual(
    ['', 'after', 'after', 'before', 'before', 'before', 'before'].toSorted(),
  );
});

test.each([true, false])(
  'a number that was left is waited for until it is told whose it is (compiled: %s)',
  (compile) => {
    const { first, second, contexts } = twoRings(() => false, compile);
    const ends = (beginNs: bigint) =>
      pageOf(
        [
          ['softirq_entry', 20],
          ['sched_process_exit', 20],
          ['softirq_entry', 20],
        ],
        beginNs,
      );
    second.page(pageOf([made(10, 20, 'before')]), 0, 4096);
    second.page(ends(1_100_000_000n), 0, 4096);
    second.page(pageOf([['softirq_entry', 20]], 1_100_500_000n), 0, 4096);
    // What a task does in its last moment is of itself.
    expect(second.isWaiting).toBe(false);
    first.page(pageOf([['softirq_entry', 20]], 1_600_000_000n), 0, 4096);
    expect(first.isWaiting).toBe(true);
    second.page(pageOf([made(10, 20, 'after')], 1_500_000_000n), 0, 4096);
    for (const stream of [first, second]) stream.flush();
    expect(namesIn(contexts())).toEqual(['before', 'before', 'before', 'after']);
    expect(first.isWaiting).toBe(false);
  },
);

test('a number that was left, and of which nobody tells, is of who had it, and then looked up', () => {
  const asked: number[] = [];
  const { first, second, contexts } = twoRings((table, tid, why) => {
    if (why !== 'unknown') return false;
    asked.push(tid);
    table.setName(tid, Buffer.from('found'));
    return true;
  }, true);
  second.page(pageOf([made(10, 20, 'before'), ['sched_process_exit', 20]]), 0, 4096);
  for (const beginNs of [1_500_000_000n, 9_000_000_000n, 9_100_000_000n]) {
    first.page(pageOf([['softirq_entry', 20]], beginNs), 0, 4096);
    first.flush();
  }
  expect(namesIn(contexts())).toEqual(['before', 'before', 'found']);
  expect(asked).toEqual([20]);
});

test('tasks that nothing tells of are waited for no more after a while', () => {
  vi.useFakeTimers({ toFake: ['Date'] });
  const { first, tasks, contexts } = twoRings(() => false, true);
  first.page(pageOf([['softirq_entry', 30]]), 0, 4096);
  expect(first.isWaiting).toBe(true);
  first.flush();
  vi.setSystemTime(Date.now() + 500);
  first.page(pageOf([['softirq_entry', 30]]), 0, 4096);
  expect(first.isWaiting).toBe(true);
  vi.setSystemTime(Date.now() + 1000);
  first.flush();
  first.page(pageOf([['softirq_entry', 30]]), 0, 4096);
  expect(first.isWaiting).toBe(false);
  first.flush();
  expect(contexts()).toHaveLength(3);
  // A number that nobody could tell of is a task's later on.
  tasks.fork(10, 30, 0, 5e9);
  expect(tasks.get(30, 'ppid')).toBe(10);
});
