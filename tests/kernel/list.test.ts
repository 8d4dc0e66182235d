// What `spoor list --kernel` shows of the running kernel, and what it says where there is none to show.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { knownFacilities, type KernelCapability, type ListedKernelEvent } from '@spoor/kernel';
import { findTracefs, probeCapabilities } from '../../packages/kernel/dist/node.js';
import { describeNeeding, tracefs } from '../support/needs.ts';
import { spoor } from '../support/spoor.ts';

describeNeeding([tracefs()], 'list --kernel', () => {
  test('events have their names in LTTng and in the kernel', () => {
    const done = spoor(['list', '--kernel']);
    expect(done.stderr).toBe('');
    expect(done.stdout).toMatch(/^Kernel events:\n-{13}\n {6}\w/);
    expect(done.stdout).toContain('      irq_softirq_entry (type: tracepoint) (kernel: irq:softirq_entry)\n');
    const { events } = JSON.parse(spoor(['list', '-k', '--json']).stdout) as {
      readonly events: readonly ListedKernelEvent[];
    };
    const available = readFileSync(join(findTracefs(), 'available_events'), 'latin1').trimEnd().split('\n');
    const others = available.filter((name) => !/^(?:raw_)?syscalls:/.test(name));
    // Probes of other tests come and go.
    expect(Math.abs(events.length - others.length)).toBeLessThan(20);
  });

  test('system calls have their arguments', () => {
    const done = spoor(['list', '-k', '--syscall', '--fields']);
    expect(done.stdout).toMatch(/^System calls:\n/);
    expect(done.stdout).toMatch(/\n {6}openat \(type: syscall\)\n {8}field: dfd \(int\)\n/);
    expect(spoor(['list', '-k', '--fields']).stdout).toMatch(
      /sched_switch .*\n {8}field: prev_comm \(char \[16\]\)\n/,
    );
  });

  test('fields and the names of their values can be read by programs', () => {
    const { events } = JSON.parse(spoor(['list', '-k', '--fields', '--json']).stdout) as {
      readonly events: readonly ListedKernelEvent[];
    };
    const softirq = events.find(({ name }) => name === 'irq_softirq_entry');
    expect(softirq?.fields?.[0]?.labels?.entries[1]).toEqual({ value: 1, label: 'TIMER' });
  });

  test('facilities are tried, each has one line, and nothing is left of it', () => {
    const before = readdirSync(join(findTracefs(), 'instances')).filter((name) =>
      name.startsWith('spoortest'),
    );
    const found: readonly KernelCapability[] = probeCapabilities('spoortest');
    expect(found.map(({ name }) => name)).toEqual(knownFacilities.map(({ name }) => name));
    const of = (name: string): KernelCapability | undefined => found.find((one) => one.name === name);
    for (const name of ['instances', 'events', 'syscalls', 'clock-mono', 'filters', 'marker']) {
      expect(of(name)).toMatchObject({ available: true });
    }
    for (const one of found) if (!one.available) expect(one.lack).toMatch(/\S/);
    const after = readdirSync(join(findTracefs(), 'instances')).filter((name) =>
      name.startsWith('spoortest'),
    );
    expect(after.filter((name) => !before.includes(name) && name.includes('tried'))).toEqual([]);
    const probes = readFileSync(join(findTracefs(), 'uprobe_events'), 'latin1');
    expect(probes).not.toContain(`spoortest_${process.pid}_tried`);
    const { stdout } = spoor(['list', '-k', '--facilities']);
    expect(stdout).toMatch(/^Here:\n-----\n {6}instances: /);
  });
});

describe('list', () => {
  test('what is about the kernel is refused of sessions', () => {
    const done = spoor(['list', '--syscall']);
    expect(done.status).toBe(1);
    expect(done.stderr).toContain('are about the kernel');
  });
});
