// `spoor record -k`: probes, filters, and what a dry run says of them.
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmdirSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openTrace } from '@spoor/components/node';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { compileC } from '../support/c-program.ts';
import { command, describeNeeding, tracefs } from '../support/needs.ts';
import { readByPeer, until } from '../support/recording.ts';
import { removeTree } from '../support/removal.ts';
import { spoor } from '../support/spoor.ts';

const source = `
#include <unistd.h>
__attribute__((noinline)) int work(int n) { __asm__ volatile(""); return n * 2; }
int main(void) {
  int total = 0;
  for (int n = 0; n < 5; n++) total += work(n);
  for (int n = 1; n <= 20; n++) if (write(1, "aaaaaaaaaaaaaaaaaaaa", n) != n) return 1;
  return total == 20 ? 0 : 1;
}
`;

/** Instances and probes of recorders that are gone, or of this test, whose recorders have all ended. */
function leftBehind(): readonly string[] {
  const root = '/sys/kernel/tracing';
  const isDead = (pid: string | undefined): boolean => pid !== undefined && !existsSync(`/proc/${pid}`);
  const instances = readdirSync(join(root, 'instances')).filter((name) =>
    isDead(/^spoor-\d+-(\d+)-/.exec(name)?.[1]),
  );
  const probes = readFileSync(join(root, 'uprobe_events'), 'latin1')
    .split('\n')
    .filter((line) => isDead(/:spoor_\d+_(\d+)_\d+_/.exec(line)?.[1]));
  return [...instances, ...probes];
}

describeNeeding([tracefs(), command('gcc'), command('babeltrace2')], 'choices of spoor record -k', () => {
  const folder = mkdtempSync(join(tmpdir(), 'spoor-choices-'));
  const program = join(folder, 'choices');
  afterAll(() => removeTree(folder));
  beforeAll(() => {
    compileC(program, source, '-O1');
  });

  function record(name: string, ...options: readonly string[]): readonly [string, Record<string, unknown>][] {
    const trace = join(folder, name);
    const done = spoor(['record', '--no-auto', ...options, '-o', trace, '--', program]);
    expect(done.status, done.stderr).toBe(0);
    const set = openTrace(trace);
    const all = Array.from(set.events(), (event): [string, Record<string, unknown>] => [
      event.name,
      { ...event.payload() },
    ]);
    expect(set.warnings).toEqual([]);
    expect(readByPeer(trace)).toEqual({ eventCount: all.length, stderr: '' });
    expect(leftBehind()).toEqual([]);
    return all.filter(([event]) => !event.startsWith('lttng_statedump_'));
  }

  test('a probe alone is all that is recorded, and is removed', () => {
    const events = record('probe', '--userspace-probe', `here=elf:${program}:work`);
    expect(events.map(([name]) => name)).toEqual(['here', 'here', 'here', 'here', 'here']);
  });

  test('filters over fields and contexts; of the events that they do not fit nothing is left', () => {
    const events = record(
      'filtered',
      '--kernel-events',
      'sched_switch,syscall_entry_write',
      '--kernel-filter',
      'count > 15 && $ctx.procname == "choices"',
    );
    expect(events.map(([name, { count }]) => [name, Number(count)])).toEqual(
      [16, 17, 18, 19, 20].map((count) => ['syscall_entry_write', count]),
    );
    const all = record('calls', '-k', '--kernel-filter', 'count == 7 && $ctx.procname == "choices"');
    expect(all.map(([name]) => name)).toEqual(['syscall_entry_write']);
  });

  test('a dry run says what the kernel keeps out and what is left to the reader, and runs nothing', () => {
    const ran = join(folder, 'ran');
    const dry = (...options: readonly string[]): ReturnType<typeof spoor> =>
      spoor(['record', ...options, '--dry-run', '-o', ran, '--', 'touch', ran]);
    const { status, stdout } = dry(
      '--kernel-events',
      'sched_switch,irq_softirq_entry,sched_process_exec',
      '--userspace-probe',
      `elf:${program}:work`,
      '--kernel-filter',
      'prev_tid > 1 && $ctx.procname != "x"',
    );
    expect(status).toBe(0);
    expect(stdout).toBe(`Of the command and all that comes of it (the kernel chooses them):
  irq_softirq_entry (irq:softirq_entry)
    left out: it has not all fields that the filter names
  sched_process_exec (sched:sched_process_exec)
    left out: it has not all fields that the filter names
  sched_switch (sched:sched_switch)
    kernel: (prev_pid > 1)
    reader: prev_tid > 1 && $ctx.procname != "x"
  work (a probe)
    left out: it has not all fields that the filter names
`);
    const whole = dry(
      '--all-processes',
      '--kernel-events',
      'irq:softirq_entry',
      '--kernel-filter',
      'vec == 3',
    );
    expect(whole.stdout).toContain('    kernel: (vec == 3)\n    reader: leaves out nothing more\n');
    const calls = dry('-k', '--kernel-filter', 'fd == 3');
    expect(calls.stdout).toContain(
      'syscall_entry_* (raw_syscalls:sys_enter)\n    kernel: keeps all\n    reader: fd == 3\n',
    );
    expect(existsSync(ran)).toBe(false);
    expect(leftBehind()).toEqual([]);
  });

  test('a container alone: its processes, and not those of the command', async ({ skip }) => {
    const freezer = '/sys/fs/cgroup/freezer';
    const group = join(freezer, `docker-${randomBytes(32).toString('hex')}.scope`);
    try {
      mkdirSync(group);
    } catch {
      skip('control groups cannot be made here');
    }
    const log = join(folder, 'contained');
    writeFileSync(log, '');
    const inside = `while :; do ${program} >/dev/null; echo >> ${log}; done`;
    const container = spawn(
      'sh',
      ['-c', `echo $$ > ${group}/cgroup.procs && exec unshare --pid --fork --kill-child sh -c '${inside}'`],
      { stdio: 'ignore' },
    );
    const ended = new Promise((resolve) => {
      container.once('exit', resolve);
    });
    try {
      await until(() => statSync(log).size > 0);
      const whileItRuns = `n=$(wc -c < ${log}); until [ $(wc -c < ${log}) -gt $((n + 5)) ]; do :; done`;
      const trace = join(folder, 'container');
      const id = /docker-(\w{12})/.exec(group)![1]!;
      const done = spoor([
        'record',
        '--no-auto',
        '--kernel-events',
        'sched_process_exec,syscall_entry_write',
        '--kernel-context',
        'pid_ns',
        '--container',
        id,
        '-o',
        trace,
        '--',
        'sh',
        '-c',
        whileItRuns,
      ]);
      expect(done.status, done.stderr).toBe(0);
      const own = Number(/\d+/.exec(readlinkSync('/proc/self/ns/pid'))?.[0]);
      const names = new Set<unknown>();
      const spaces = new Set<number>();
      let count = 0;
      for (const event of openTrace(trace).events()) {
        if (event.name.startsWith('lttng_statedump_')) continue;
        count += 1;
        spaces.add(Number(event.commonContext()?.['pid_ns']));
        if (event.name === 'sched_process_exec') names.add(event.payload()?.['filename']);
      }
      // Five runs of the program, each of which writes twenty times.
      expect(count).toBeGreaterThanOrEqual(100);
      expect([...names]).toEqual([program]);
      expect(spaces.size).toBe(1);
      expect(spaces).not.toContain(own);
    } finally {
      container.kill('SIGKILL');
      await ended;
      await until(() => readFileSync(join(group, 'cgroup.procs'), 'latin1') === '');
      rmdirSync(group);
    }
    expect(spoor(['record', '-k', '--container', 'no-such', '--', 'true']).stderr).toContain('no container');
  });

  test.each([
    [['-k', '--kernel-filter', 'nothing_has_this == 1'], 'fits none of the events', 1],
    [['-k', '--kernel-filter', 'a =='], '--kernel-filter', 2],
    [['--userspace-probe', 'elf:/nowhere/at/all:main'], '/nowhere/at/all', 1],
  ])('%j is refused before the command runs', (options, message, status) => {
    const ran = join(folder, 'refused');
    const done = spoor(['record', ...options, '-o', join(folder, 'none'), '--', 'touch', ran]);
    expect(done.status).toBe(status);
    expect(done.stderr).toContain(message);
    expect(existsSync(ran)).toBe(false);
    expect(existsSync(join(folder, 'none'))).toBe(false);
    expect(leftBehind()).toEqual([]);
  });
});
