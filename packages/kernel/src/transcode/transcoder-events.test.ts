// What the transcoder makes of single events: names, typed values and contexts. How pages become packets: transcoder.test.ts.
import { expect, test } from 'vitest';
import { MemoryTrace } from '../../../components/src/testing/memory-trace.ts';
import { TaskTable } from '../contexts/task-table.ts';
import { PageBuilder } from '../testing/page-builder.ts';
import { sampleFormats } from '../testing/sample-formats.ts';
import { options, plain, transcodeInto } from '../testing/transcode-pages.ts';
import { KernelTranscoder, type TranscoderOptions } from './transcoder.ts';

function events(
  steps: readonly (readonly [name: string, fill: (view: DataView) => void])[],
  more: Partial<TranscoderOptions> = {},
): readonly unknown[] {
  const page = new PageBuilder(sampleFormats.layout, 5_000_000_000n);
  for (const [name, fill] of steps) {
    const format = sampleFormats.ofName(name)!;
    const bytes = new Uint8Array(64);
    const view = new DataView(bytes.buffer);
    view.setUint16(0, format.id, true);
    fill(view);
    page.record(10, bytes);
  }
  const { trace } = transcodeInto(
    new MemoryTrace(),
    new KernelTranscoder(sampleFormats, options(more)),
    [page.finish()],
    262_144,
  );
  return Array.from(trace.open().events(), (event) => {
    const payload = Object.entries(event.payload() ?? {}).map(([name, value]) => [name, plain(value)]);
    const context = Object.entries(event.commonContext() ?? {}).map(([name, value]) => [name, plain(value)]);
    return {
      event: event.name,
      ...Object.fromEntries(payload),
      context: Object.fromEntries(context),
    } as unknown;
  });
}

const putText = (view: DataView, at: number, content: string): void => {
  new Uint8Array(view.buffer).set(new TextEncoder().encode(content), at);
};

/** A step in which a task begins to handle soft interrupts of number 9. */
const softirq = (tid: number) =>
  [
    'irq:softirq_entry',
    (view: DataView) => {
      view.setInt32(4, tid, true);
      view.setInt32(8, 9, true);
    },
  ] as const;

test('system calls have their names, typed arguments and labels', () => {
  const found = events([
    [
      'raw_syscalls:sys_enter',
      (view) => {
        view.setInt32(8, 257, true);
        view.setBigInt64(16, -100n, true);
        view.setBigUint64(24, 0x7fff_1234_5678n, true);
        view.setBigUint64(32, 0o2000101n, true);
        view.setBigUint64(40, 0o644n, true);
      },
    ],
    [
      'raw_syscalls:sys_exit',
      (view) => {
        view.setInt32(8, 257, true);
        view.setBigInt64(16, -2n, true);
      },
    ],
    ['raw_syscalls:sys_enter', (view) => view.setInt32(8, 999, true)],
  ]);
  expect(found[0]).toMatchObject({
    event: 'syscall_entry_openat',
    dfd: -100n,
    filename: 0x7fff_1234_5678n,
    flags: 0o2000101n,
    mode: 0o644n,
  });
  expect(found[1]).toEqual({ event: 'syscall_exit_openat', ret: -2n, context: {} });
  expect(found[2]).toMatchObject({ event: 'syscall_entry_unknown', id: 999n });
});

test('priorities, states and names are as LTTng has them', () => {
  const [found] = events([
    [
      'sched:sched_switch',
      (view) => {
        putText(view, 8, 'node');
        view.setInt32(24, 77, true);
        view.setInt32(28, 120, true);
        view.setBigInt64(32, 256n, true);
        putText(view, 40, 'swapper/1');
        view.setInt32(60, 120, true);
      },
    ],
  ]);
  expect(found).toEqual({
    event: 'sched_switch',
    prev_comm: 'node',
    prev_tid: 77n,
    prev_prio: 20n,
    prev_state: 256n,
    next_comm: 'swapper/1',
    next_tid: 0n,
    next_prio: 20n,
    context: {},
  });
});

test('the task table tells threads from processes, and gives contexts', () => {
  const tasks = new TaskTable(1000);
  tasks.set(50, 'pid', 40);
  tasks.set(50, 'pid_ns', 4_026_531);
  tasks.set(50, 'vtid', 50);
  const fork = (child: number, flags: bigint) =>
    [
      [
        'task:task_newtask',
        (view: DataView) => {
          view.setInt32(4, 50, true);
          view.setInt32(8, child, true);
          putText(view, 12, 'worker');
          view.setBigUint64(32, flags, true);
        },
      ],
      [
        'sched:sched_process_fork',
        (view: DataView) => {
          view.setInt32(4, 50, true);
          view.setInt32(12, 50, true);
          view.setInt32(20, child, true);
        },
      ],
    ] as const;
  const wants = (name: string): boolean => !name.startsWith('task:');
  const found = events([...fork(60, 0x1_0000n), ...fork(70, 0n), softirq(60)], {
    tasks,
    wants,
    contexts: ['pid', 'ppid', 'procname', 'vtid'],
  });
  expect(found).toMatchObject([
    {
      event: 'sched_process_fork',
      parent_pid: 40n,
      child_tid: 60n,
      child_pid: 40n,
      vtids: [60n],
      child_ns_inum: 4_026_531n,
    },
    { event: 'sched_process_fork', parent_pid: 40n, child_tid: 70n, child_pid: 70n },
    { event: 'irq_softirq_entry', vec: 9n, context: { pid: 40n, procname: 'worker', vtid: 60n } },
  ]);
  expect(tasks.get(70, 'ppid')).toBe(40);
});

test.each([
  [true, true],
  [false, true],
  [true, false],
])('moves between groups are told by records (compiled: %s, process gone: %s)', (compile, isGone) => {
  const tasks = new TaskTable(1000, (table, tid, why) => {
    if (why !== 'moved' || isGone) return false;
    table.setGroup(tid, 99, '');
    return true;
  });
  const move = (root: number, group: bigint, path: string) =>
    [
      'cgroup:cgroup_attach_task',
      (view: DataView) => {
        view.setInt32(4, 1, true);
        view.setInt32(8, root, true);
        view.setBigUint64(16, group, true);
        view.setInt32(24, 40, true);
        view.setUint32(28, ((path.length + 1) << 16) | 36, true);
        putText(view, 36, path);
      },
    ] as const;
  tasks.set(50, 'pid', 40);
  const steps = [
    softirq(50),
    move(0, 4_294_967_000n, '/lxc.payload.shop'),
    softirq(50),
    // Of version 1: its groups have numbers of their own.
    move(7, 12n, '/'),
    softirq(50),
    move(0, 1n, '/'),
    softirq(50),
  ];
  const found = events(steps, {
    tasks,
    compile,
    wants: (name) => name === 'irq:softirq_entry',
    contexts: ['cgroup_id', 'container_id'],
  });
  expect(found.map((event) => (event as { readonly context: unknown }).context)).toEqual([
    { cgroup_id: 0n, container_id: '' },
    { cgroup_id: 4_294_967_000n, container_id: 'shop' },
    isGone ? { cgroup_id: 4_294_967_000n, container_id: 'shop' } : { cgroup_id: 99n, container_id: '' },
    { cgroup_id: 1n, container_id: '' },
  ]);
});

test.each([true, false])('tasks that no record told of are looked for (compiled: %s)', (compile) => {
  const asked: string[] = [];
  const tasks = new TaskTable(1000, (table, tid, why) => {
    asked.push(`${tid} ${why}`);
    if (tid !== 60) return false;
    table.set(tid, 'vtid', 7);
    return true;
  });
  const found = events([softirq(60), softirq(61), softirq(60), softirq(61), softirq(0)], {
    tasks,
    compile,
    wants: (name) => name === 'irq:softirq_entry',
    contexts: ['vtid'],
  });
  expect(found.map((event) => (event as { readonly context: unknown }).context)).toEqual(
    [7n, 0n, 7n, 0n, 0n].map((vtid) => ({ vtid })),
  );
  expect(asked).toEqual(['60 unknown', '61 unknown']);
});

test.each([true, false])(
  'events of number 0 are of the idle task of their processor (compiled: %s)',
  (compile) => {
    const asked: number[] = [];
    const tasks = new TaskTable(1000, (_table, tid) => asked.push(tid) < 0);
    tasks.set(2, 'net_ns', 4_026_531);
    tasks.setGroup(2, 1, '');
    tasks.placeIdle(3, 2);
    const found = events([softirq(0), softirq(1000), softirq(-1)], {
      tasks,
      compile,
      wants: (name) => name === 'irq:softirq_entry',
      contexts: ['procname', 'prio', 'tid', 'pid', 'ppid', 'net_ns', 'cgroup_id', 'container_id'],
    });
    const none = { procname: '', prio: 0n, ppid: 0n, net_ns: 0n, cgroup_id: 0n };
    expect(found.map((event) => (event as { readonly context: unknown }).context)).toEqual(
      [
        { tid: 0n, procname: 'swapper/3', prio: 20n, ppid: 1n, net_ns: 4_026_531n, cgroup_id: 1n },
        // Numbers that no task has are nobody's.
        { tid: 1000n, ...none },
        { tid: -1n, ...none },
      ].map((context) => ({ ...context, pid: 0n, container_id: '' })),
    );
    expect(asked).toEqual([]);
  },
);

test('users and namespaces are looked up again after a call that has changed them', () => {
  const asked: string[] = [];
  const tasks = new TaskTable(1000, (_table, tid, why) => asked.push(`${tid} ${why}`) > 0);
  for (const tid of [50, 51, 52]) tasks.set(tid, 'pid', tid);
  const exit = (tid: number, call: number, result: bigint) =>
    [
      'raw_syscalls:sys_exit',
      (view: DataView) => {
        view.setInt32(4, tid, true);
        view.setBigInt64(8, BigInt(call), true);
        view.setBigInt64(16, result, true);
      },
    ] as const;
  const [read, unshare] = [0, 272];
  const found = events([exit(50, unshare, 0n), exit(51, unshare, -1n), exit(52, read, 0n)], {
    tasks,
    wants: (name) => name === 'raw_syscalls:sys_exit',
    wantsCall: (call) => call === 'unshare' || call === 'read',
  });
  expect(found.map((event) => (event as { readonly event: string }).event)).toEqual([
    'syscall_exit_unshare',
    'syscall_exit_unshare',
    'syscall_exit_read',
  ]);
  expect(asked).toEqual(['50 changed']);
});

test('unknown contexts are refused, with the one that was probably meant', () => {
  expect(() => new KernelTranscoder(sampleFormats, options({ contexts: ['procnam'] }))).toThrow(
    expect.objectContaining({ code: 'kernel/context', hint: 'did you mean procname?' }),
  );
});
