// Files of trace-cmd are read as trace-cmd reads them, and recordings of ours say the same in every form.
import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  closeSync,
  constants,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  readdirSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { command, describeNeeding, repoRoot, tracefs } from '../support/needs.ts';
import { findTracefs, RawRecording, TracefsInstance } from '../../packages/kernel/dist/node.js';
import { spoor } from '../support/spoor.ts';
import { removeTree } from '../support/removal.ts';

const fixture = join(repoRoot, 'tests/fixtures/trace-dat/instance-zstd.dat');

/** `TIME CPU TID NAME` of each event, times in nanoseconds of the clock; sorted, for ties are broken in other ways. */
function ownEvents(component: string, path: string): string[] {
  const parameters = `inputs=[${JSON.stringify(path)}]`;
  const done = spoor(['-c', `source.ftrace.${component}`, '-p', parameters, '--clock-cycles', '--no-delta']);
  expect(done.stderr).toBe('');
  return done.stdout
    .trimEnd()
    .split('\n')
    .map((line) => {
      const found = /^\[(\d+)\](?: \S+)? (\w+): \{ cpu_id = (\d+) \}, \{ tid = (\d+) \}/.exec(line);
      if (found === null) throw new Error(`what is ${line}?`);
      return `${BigInt(found[1]!)} ${found[3]} ${found[4]} ${found[2]}`;
    })
    .sort();
}

/** The same of what `trace-cmd report` prints. */
function theirEvents(path: string): string[] {
  const done = spawnSync('trace-cmd', ['report', '-t', '-R', '-i', path], {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  return done.stdout
    .split('\n')
    .filter((line) => / \[\d+\] /.test(line))
    .map((line) => {
      const found = /-(\d+) +\[(\d+)\] +(\d+)\.(\d{9}): (\w+):/.exec(line);
      if (found === null) throw new Error(`what is ${line}?`);
      const [, tid, cpu, seconds, fraction, name] = found;
      return `${BigInt(`${seconds}${fraction}`)} ${Number(cpu)} ${tid} ${name}`;
    })
    .sort();
}

describe('a file of trace-cmd', () => {
  test('is read, packed as it is', () => {
    const events = ownEvents('trace-dat', fixture);
    expect(events.length).toBe(805);
    expect(events[0]).toBe('37932358822678 1 2730 sched_stat_runtime');
  });

  test('what is none is refused', () => {
    const parameters = `inputs=[${JSON.stringify(join(repoRoot, 'README.md'))}]`;
    const done = spoor(['-c', 'source.ftrace.trace-dat', '-p', parameters]);
    expect(done.stderr).toContain('it is no trace.dat of trace-cmd');
    expect(done.status).not.toBe(0);
  });
});

describeNeeding([command('trace-cmd')], 'a file of trace-cmd, beside trace-cmd', () => {
  test('has the same events', () => {
    expect(ownEvents('trace-dat', fixture)).toEqual(theirEvents(fixture));
  });
});

describeNeeding([tracefs(), command('trace-cmd')], 'recordings of one load', () => {
  const folder = mkdtempSync(join(tmpdir(), 'spoor-trace-cmd-'));
  afterAll(() => removeTree(folder));
  const root = findTracefs();
  const load = (): void => {
    spawnSync('sh', ['-c', 'ls -R /etc/default | sort | cat; sleep 0.01']);
  };

  /**
   * What trace-cmd reads of tracefs, of some systems. Of tracefs itself it notes how many events there are before it copies
   * their formats: where a probe of anybody comes or goes meanwhile its file is damaged, and it reads nothing of it itself.
   */
  function copyFormats(systems: readonly string[]): string {
    const copy = join(folder, 'tracefs');
    const take = (path: string): void => writeFileSync(join(copy, path), readFileSync(join(root, path)));
    mkdirSync(join(copy, 'events'), { recursive: true });
    for (const path of ['printk_formats', 'saved_cmdlines', 'events/header_page', 'events/header_event'])
      take(path);
    for (const system of [...systems, 'ftrace']) {
      for (const entry of readdirSync(join(root, 'events', system), { withFileTypes: true })) {
        if (!entry.isDirectory()) continue;
        const path = join('events', system, entry.name);
        mkdirSync(join(copy, path), { recursive: true });
        take(join(path, 'format'));
      }
    }
    return copy;
  }

  function traceCmd(...words: readonly string[]): void {
    const done = spawnSync('trace-cmd', words, { encoding: 'utf8' });
    expect(done.status, done.stderr).toBe(0);
  }

  test('pages that trace-cmd makes a file of', () => {
    const systems = ['sched', 'irq', 'timer', 'task', 'net'];
    using instance = TracefsInstance.create(root, 'trace-cmd', 'spoortest');
    instance.configure({ clock: 'mono', ringBytes: 4 << 20, overwrite: false });
    instance.enable(systems.map((system) => `${system}:*`));
    instance.start();
    load();
    instance.stop();
    const files = instance.cpus.map((cpu) => {
      const file = join(folder, `pages${cpu}`);
      writeFileSync(file, '');
      const path = join(instance.path, `per_cpu/cpu${cpu}/trace_pipe_raw`);
      const ring = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
      const page = Buffer.alloc(instance.geometry().subBufferBytes);
      try {
        while (readSync(ring, page, 0, page.length, null) > 0) appendFileSync(file, page);
      } catch {
        // It is empty.
      }
      closeSync(ring);
      return file;
    });
    const head = join(folder, 'head.dat');
    const path = join(folder, 'trace.dat');
    traceCmd('restore', '-c', '-t', copyFormats(systems), '-o', head);
    traceCmd('restore', '-i', head, '-o', path, ...files);
    const events = ownEvents('trace-dat', path);
    expect(events.length).toBeGreaterThan(50);
    expect(events).toEqual(theirEvents(path));
  });

  test('a raw recording has all events that the kernel counted, by either naming', async () => {
    using instance = TracefsInstance.create(root, 'raw', 'spoortest');
    instance.configure({ clock: 'mono', subBufferBytes: 16_384, ringBytes: 4 << 20, overwrite: false });
    const events = instance.enable(['sched:sched_switch', 'sched:sched_process_*', 'raw_syscalls:*']);
    // So few that none is lost, however long this machine leaves the rings alone.
    for (const event of ['raw_syscalls:sys_enter', 'raw_syscalls:sys_exit']) {
      instance.setFilter(event, 'COMM == "sort"');
    }
    instance.setFilter('sched:sched_switch', 'prev_comm == "sort" || next_comm == "sort"');
    const directory = join(folder, 'raw');
    const recording = await RawRecording.start(instance, directory, { events, kallsyms: false });
    instance.start();
    load();
    const { statistics } = await recording.stop();
    const count = statistics.reduce((sum, { read }) => sum + read, 0);
    const own = ownEvents('raw', directory);
    expect(own.length).toBe(count);
    const written = join(folder, 'ctf');
    const parameters = `inputs=[${JSON.stringify(directory)}],naming=lttng`;
    const made = spoor(['-c', 'source.ftrace.raw', '-p', parameters, '-o', 'ctf', '-w', written]);
    expect(made.stderr).toBe('');
    const text = spoor([written]).stdout.trimEnd().split('\n');
    expect(text.length).toBe(count);
    expect(text.some((line) => line.includes('syscall_entry_'))).toBe(true);
    expect(text.some((line) => /sched_switch: .*prev_tid = /.test(line))).toBe(true);
  });
});
