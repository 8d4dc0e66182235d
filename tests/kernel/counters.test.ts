// Counters of a recording of the kernel, checked against what getrusage says of a known load and against /proc.
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openTrace } from '@spoor/components/node';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { command, describeNeeding, repoRoot, tracefs } from '../support/needs.ts';
import { readByPeer } from '../support/recording.ts';
import { removeTree } from '../support/removal.ts';
import { spoor } from '../support/spoor.ts';

interface Sample {
  readonly name: string;
  readonly cpu: number;
  readonly counts: Readonly<Record<string, unknown>>;
  readonly fields: Readonly<Record<string, unknown>>;
}

interface Account {
  readonly pid: number;
  readonly cpuUs: number;
  readonly minorFaults: number;
  readonly switches: number;
}

describeNeeding([tracefs(), command('babeltrace2')], 'spoor record -k --counters', () => {
  const folder = mkdtempSync(join(tmpdir(), 'spoor-counters-'));
  const trace = join(folder, 'trace');
  let samples: readonly Sample[];
  let eventCount = 0;
  let accounts: readonly Account[];
  let before: string;
  let behind: string;

  beforeAll(() => {
    before = readFileSync('/proc/interrupts', 'latin1');
    const run = spoor([
      'record',
      '--no-auto',
      '-k',
      '--kernel-events',
      'sched_process_exec',
      '--counters',
      'default',
      '--counters-interval',
      '10ms',
      '-o',
      trace,
      '--',
      process.execPath,
      join(repoRoot, 'tests/kernel/programs/known-load.mjs'),
    ]);
    behind = readFileSync('/proc/interrupts', 'latin1');
    expect(run.status, run.stderr).toBe(0);
    accounts = JSON.parse(run.stdout) as readonly Account[];
    const set = openTrace(trace);
    samples = Array.from(set.events(), (event): Sample => {
      eventCount += 1;
      return {
        name: event.name,
        cpu: Number(event.packetContext()?.['cpu_id'] ?? 0),
        counts: event.specificContext() ?? {},
        fields: event.payload() ?? {},
      };
    }).filter(({ name }) => /^(?:perf|interrupt|softirq)_counters/.test(name));
    expect(set.warnings).toEqual([]);
  });

  afterAll(() => removeTree(folder));

  const lastOf = (name: string): Sample => samples.findLast((sample) => sample.name === name)!;
  const total = (key: keyof Account): number => accounts.reduce((sum, account) => sum + account[key], 0);

  test('babeltrace2 reads the same events', () => {
    expect(readByPeer(trace)).toEqual({ eventCount, stderr: '' });
  });

  test('the command’s counts are those of getrusage, and what comes before and behind it', () => {
    const { counts, fields } = lastOf('perf_counters_command');
    expect(accounts).toHaveLength(2);
    expect(Number(fields['pid'])).toBe(accounts[1]?.pid);
    const faults = Number(counts['perf_command_minor_faults']);
    expect(total('minorFaults')).toBeGreaterThan(40_000);
    expect(faults).toBeGreaterThanOrEqual(total('minorFaults'));
    expect(faults).toBeLessThan(total('minorFaults') * 1.2);
    const switches = Number(counts['perf_command_context_switches']);
    expect(total('switches')).toBeGreaterThan(400);
    expect(switches).toBeGreaterThanOrEqual(total('switches'));
    const cpuNs = Number(counts['perf_command_task_clock']);
    expect(cpuNs).toBeGreaterThan(total('cpuUs') * 900);
    expect(cpuNs).toBeLessThan(total('cpuUs') * 2000);
  });

  test('threads count no more than the command, and its processes are among them', () => {
    const threads = new Map<number, Sample>();
    for (const sample of samples) {
      if (sample.name === 'perf_counters_thread') threads.set(Number(sample.fields['tid']), sample);
    }
    const whole = lastOf('perf_counters_command').counts;
    for (const counter of ['minor_faults', 'context_switches', 'task_clock']) {
      let sum = 0;
      for (const { counts } of threads.values()) sum += Number(counts[`perf_thread_${counter}`]);
      expect(sum, counter).toBeLessThanOrEqual(Number(whole[`perf_command_${counter}`]));
      expect(sum, counter).toBeGreaterThan(0);
    }
    const [child, parent] = accounts;
    expect(threads.get(parent!.pid)?.fields['pid']).toBe(parent?.pid);
    expect([...threads.values()].some(({ fields }) => fields['pid'] === child?.pid)).toBe(true);
  });

  test('processors count all that the command does, and never less than before', () => {
    const last = new Map<number, number>();
    for (const { name, cpu, counts } of samples) {
      if (name !== 'perf_counters_cpu') continue;
      const faults = Number(counts['perf_cpu_minor_faults']);
      expect(faults).toBeGreaterThanOrEqual(last.get(cpu) ?? 0);
      last.set(cpu, faults);
    }
    const sum = [...last.values()].reduce((all, one) => all + one, 0);
    expect(sum).toBeGreaterThanOrEqual(
      Number(lastOf('perf_counters_command').counts['perf_command_minor_faults']),
    );
  });

  test('interrupts have the kernel’s own counts', () => {
    const columns = (/CPU.*/.exec(before)?.[0] ?? '')
      .trim()
      .split(/\s+/)
      .map((name) => Number(name.slice(3)));
    const of = (text: string, label: string, cpu: number): number =>
      Number(
        text
          .split('\n')
          .find((line) => line.trimStart().startsWith(`${label}:`))!
          .trim()
          .split(/\s+/)[1 + columns.indexOf(cpu)],
      );
    const found = samples.filter(({ name }) => name === 'interrupt_counters');
    expect(found.length).toBeGreaterThan(0);
    for (const { cpu, fields } of found) {
      const label = String(fields['label']);
      expect(Number(fields['count'])).toBeGreaterThanOrEqual(of(before, label, cpu));
      expect(Number(fields['count'])).toBeLessThanOrEqual(of(behind, label, cpu));
    }
    const timer = samples.filter(
      ({ name, fields }) => name === 'softirq_counters' && fields['name'] === 'TIMER',
    );
    expect(timer.every(({ fields }) => Number(fields['vec']) === 1)).toBe(true);
    expect(timer.length).toBeGreaterThan(0);
  });

  test('a counter that is not there, and an interval that is none, are told before the command runs', () => {
    const wrong = spoor([
      'record',
      '-k',
      '--counters',
      'instrctions',
      '-o',
      join(folder, 'a'),
      '--',
      'echo',
      'ran',
    ]);
    expect(wrong).toMatchObject({ status: 2, stdout: '' });
    expect(wrong.stderr).toContain('did you mean instructions?');
    const never = spoor([
      'record',
      '-k',
      '--counters',
      'default',
      '--counters-interval',
      '0',
      '--',
      'echo',
      'ran',
    ]);
    expect(never).toMatchObject({ status: 2, stdout: '' });
    expect(never.stderr).toContain('A time between 1ms and 1h is needed');
  });
});
