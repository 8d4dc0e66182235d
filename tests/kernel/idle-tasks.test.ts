// Interrupts that come while a processor idles are of its idle task, whose number is that of all idle tasks: contexts say of it
// what the kernel has, which the records of task switches tell, in every way in which events are made.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import {
  findTracefs,
  RawRecording,
  sweepSessions,
  TracefsInstance,
} from '../../packages/kernel/dist/node.js';
import { patientlyMs, withDaemon } from '../support/daemon.ts';
import { command, describeNeeding, tracefs } from '../support/needs.ts';
import { readEvents, type ReadEvent } from '../support/read-events.ts';
import { removeTree } from '../support/removal.ts';
import { spoor } from '../support/spoor.ts';

interface Read extends ReadEvent {
  readonly tid: number;
  readonly cpu: number;
}

/** Events of a trace that records of the kernel were made to. */
function eventsIn(path: string): readonly Read[] {
  return readEvents(path).flatMap((event) => {
    const { tid, cpu_id: cpu } = event.context;
    return tid === undefined ? [] : { ...event, tid: Number(tid), cpu: Number(cpu) };
  });
}

/** Whose events are what they should be; `procname` and `prio` are among the contexts. */
function expectIdleTasks(events: readonly Read[]): void {
  const idle = events.filter(({ tid }) => tid === 0);
  expect(idle.filter(({ cpu }) => cpu === 0).length).toBeGreaterThan(0);
  expect(idle.length).toBeLessThan(events.length);
  for (const { name, cpu, context, fields } of idle) {
    expect(context['procname']).toBe(`swapper/${cpu}`);
    expect(Number(context['prio'])).toBe(20);
    if (name !== 'sched_switch') continue;
    expect([fields['prev_comm'], Number(fields['prev_tid']), Number(fields['prev_prio'])]).toEqual([
      context['procname'],
      0,
      Number(context['prio']),
    ]);
  }
  expect(
    events.filter(({ tid, context }) => tid !== 0 && /swapper/.test(String(context['procname']))),
  ).toEqual([]);
}

const tracepoints = 'sched_switch,sched_waking,irq_softirq_*,timer_hrtimer_*';
const contexts = ['procname', 'prio', 'tid', 'cpu_id'] as const;

describeNeeding([tracefs(), command('taskset')], 'events of idle processors', () => {
  const folder = mkdtempSync(join(tmpdir(), 'spoor-idle-'));
  /** Ends once the first processor has had something to do after it was idle: it has this itself. */
  let idling: readonly [string, ...string[]];
  let watch: TracefsInstance;
  beforeAll(() => {
    watch = TracefsInstance.create(findTracefs(), 'idling', 'spoortest');
    watch.configure({ ringBytes: 1 << 16, overwrite: true });
    const filter = 'prev_pid == 0 && next_comm == "sleep"';
    writeFileSync(join(watch.path, 'events/sched/sched_switch/filter'), filter);
    watch.enable(['sched:sched_switch']);
    watch.start();
    const awaitOne = `: > trace; until grep -q '^entries: [1-9]' per_cpu/cpu0/stats; do sleep 0.01; done`;
    idling = ['taskset', '-c', '0', 'sh', '-c', `cd '${watch.path}'; ${awaitOne}`];
  });
  afterAll(() => {
    watch[Symbol.dispose]();
    removeTree(folder);
  });

  function record(name: string, ...options: readonly string[]): readonly Read[] {
    const path = join(folder, name);
    const done = spoor([
      'record',
      '--no-auto',
      '--all-processes',
      '--kernel-events',
      tracepoints,
      ...options,
      '-o',
      path,
      '--',
      ...idling,
    ]);
    expect(done.status, done.stderr).toBe(0);
    return eventsIn(path);
  }

  test('are of the idle tasks, which are where the kernel began', { timeout: patientlyMs }, () => {
    const spaces = ['cgroup_ns', 'ipc_ns', 'mnt_ns', 'net_ns', 'pid_ns', 'time_ns', 'user_ns', 'uts_ns'];
    const numbers = ['pid', 'vpid', 'vtid', 'uid', 'euid', 'suid', 'gid', 'egid', 'sgid'];
    const more = [...spaces, ...numbers, 'ppid', 'vppid'];
    const events = record('all', '--kernel-context', [...contexts, ...more].join(','));
    expectIdleTasks(events);
    const inode = (name: string): number =>
      Number(/\d+/.exec(readlinkSync(`/proc/2/ns/${name.slice(0, -3)}`))?.[0]);
    for (const { tid, cpu, context } of events) {
      if (tid !== 0) continue;
      const of = (names: readonly string[]): readonly number[] => names.map((name) => Number(context[name]));
      expect(of(spaces)).toEqual(spaces.map(inode));
      expect(of(numbers)).toEqual(numbers.map(() => 0));
      // The first one was there before all tasks; the first of these made the others.
      expect(of(['ppid', 'vppid'])).toEqual(cpu === 0 ? [0, 0] : [1, 1]);
    }
  });

  test('are found by filters that name them', { timeout: patientlyMs }, () => {
    const filtered = (name: string, filter: string): readonly Read[] =>
      record(name, '--kernel-context', contexts.join(','), '--kernel-filter', filter);
    const ofFirst = ({ tid, cpu }: Read): boolean => tid === 0 && cpu === 0;
    const first = filtered('first', '$ctx.procname == "swapper/0"');
    expect(first.length).toBeGreaterThan(0);
    expect(first.filter((event) => !ofFirst(event))).toEqual([]);
    const others = filtered('others', '$ctx.procname != "swapper/0"');
    expect(others.length).toBeGreaterThan(0);
    expect(others.filter(ofFirst)).toEqual([]);
    const named = filtered('named', '$ctx.procname == "swapper/*" && $ctx.prio == 20');
    expect(named.length).toBeGreaterThan(0);
    expect(named.filter(({ tid }) => tid !== 0)).toEqual([]);
  });

  test('are of them where pages are converted that were kept', { timeout: patientlyMs }, async () => {
    const pages = join(folder, 'pages');
    {
      using instance = TracefsInstance.create(findTracefs(), 'idle', 'spoortest');
      instance.configure({ clock: 'mono', ringBytes: 16 << 20, overwrite: false });
      const events = instance.enable(['sched:sched_switch', 'sched:sched_waking', 'irq:*']);
      const recording = await RawRecording.start(instance, pages, { events, pageForm: 'stored' });
      instance.start();
      expect(spawnSync(idling[0], idling.slice(1)).status).toBe(0);
      await recording.stop();
    }
    const path = join(folder, 'converted');
    const parameters = `inputs=[${JSON.stringify(pages)}],naming=lttng,contexts=[${contexts.map((name) => `"${name}"`).join(',')}]`;
    const done = spoor(['-c', 'source.ftrace.raw', '-p', parameters, '-o', 'ctf', '-w', path]);
    expect(done.status, done.stderr).toBe(0);
    expectIdleTasks(eventsIn(path));
  });

  describe('in sessions', () => {
    afterEach(() => void sweepSessions(findTracefs()));

    test.each(['local', 'snapshot'] as const)(
      'are of them, too (%s)',
      (mode) =>
        withDaemon(async (daemon) => {
          const client = await daemon.start();
          const target = { session: 's', domain: 'kernel' } as const;
          const { session } = await client.call('create-session', { name: 's', mode });
          for (const name of tracepoints.split(','))
            await client.call('enable-event', { ...target, rule: { kind: 'kernel-tracepoint', name } });
          await client.call('add-context', { ...target, contexts });
          // The second time tasks are known from the first.
          for (let round = 1; round <= 2; round += 1) {
            await client.call('start-session', { session: 's' });
            expect(spawnSync(idling[0], idling.slice(1)).status).toBe(0);
            await client.call('stop-session', { session: 's' });
            if (mode === 'snapshot') {
              const { snapshots } = await client.call('record-snapshot', { session: 's' });
              expectIdleTasks(eventsIn(snapshots[0]!.path));
            }
          }
          await client.call('destroy-session', { session: 's' });
          if (mode === 'local' && session.output?.kind === 'local') {
            expectIdleTasks(eventsIn(join(session.output.path, 'kernel')));
          }
        })(),
      patientlyMs,
    );
  });
});
