// Text that the kernel made of its rings is read: of a console (a fixture after the kernel's sources), and of this kernel.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { findTracefs, TracefsInstance } from '../../packages/kernel/dist/node.js';
import { describeNeeding, repoRoot, tracefs } from '../support/needs.ts';
import { removeTree } from '../support/removal.ts';
import { spoor } from '../support/spoor.ts';

const folder = mkdtempSync(join(tmpdir(), 'spoor-trace-text-'));
afterAll(() => removeTree(folder));

const read = (path: string): ReturnType<typeof spoor> =>
  spoor(['-c', 'source.ftrace.text', '-p', `inputs=[${JSON.stringify(path)}]`, '--clock-cycles']);

describe('the dump on a console', () => {
  test('has its events in the order of time, and what was lost', () => {
    const done = read(join(repoRoot, 'tests/fixtures/ftrace-text/console.log'));
    expect(done.status).toBe(0);
    const lines = done.stdout.trimEnd().split('\n');
    expect(lines.map((line) => /\b(?:irq|sched)_\w+/.exec(line)?.[0])).toEqual([
      'sched_switch',
      'irq_handler_entry',
      'irq_handler_exit',
      'sched_switch',
    ]);
    expect(lines[0]).toContain('cpu_id = 1');
    expect(lines[0]).toContain('tid = 812, procname = "bash", flags = "d..2."');
    expect(lines[1]).toContain('text = "irq=24 name=virtio0"');
    expect(lines[1]).toContain('74005123000');
    expect(done.stderr).toMatch(/discarded events .* cpu1/s);
  });

  test('lines that were garbled among them are told of', () => {
    const path = join(folder, 'garbled.log');
    const log = readFileSync(join(repoRoot, 'tests/fixtures/ftrace-text/console.log'), 'utf8');
    writeFileSync(path, log.replace('1d..2. 74005140us', '1d..2. 740[   75.0'));
    const done = read(path);
    expect(done.stdout.trimEnd().split('\n').length).toBe(3);
    expect(done.status).toBe(0);
    writeFileSync(path, log.replace('0d.h1. 74005125us+', '0d.h[   75.0'));
    expect(read(path).stderr).toContain('1 lines among its events are none');
  });

  test('a text without one is refused', () => {
    const done = read(join(repoRoot, 'README.md'));
    expect(done.status).not.toBe(0);
    expect(done.stderr).toContain('no line of it is an event of the kernel');
  });
});

describeNeeding([tracefs()], 'the text of tracefs', () => {
  test('every event of it is read', () => {
    using instance = TracefsInstance.create(findTracefs(), 'text', 'spoortest');
    instance.configure({ clock: 'mono', ringBytes: 4 << 20, overwrite: false });
    instance.enable(['sched:sched_process_*', 'raw_syscalls:sys_enter']);
    instance.setFilter('raw_syscalls:sys_enter', 'COMM == "sort"');
    instance.start();
    spawnSync('sh', ['-c', 'ls /etc | sort | cat']);
    instance.stop();
    const text = readFileSync(join(instance.path, 'trace'), 'utf8');
    const path = join(folder, 'trace');
    writeFileSync(path, text);
    const written = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    const done = read(path);
    expect(done.stderr).toBe('');
    expect(written.length).toBeGreaterThan(10);
    expect(done.stdout.trimEnd().split('\n').length).toBe(written.length);
  });
});
