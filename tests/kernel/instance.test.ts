// Instances of the running kernel's tracefs, each with a prefix of the test's own.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { describeNeeding, repoRoot, tracefs } from '../support/needs.ts';
import { findTracefs, readFormats, sweepInstances, TracefsInstance } from '@spoor/kernel/node';

const prefix = 'spoortest';

describeNeeding([tracefs()], 'instances of tracefs', () => {
  const root = findTracefs();

  test('every format of this kernel is understood', () => {
    const formats = readFormats(root);
    const available = readFileSync(join(root, 'available_events'), 'latin1').trim().split('\n');
    expect(available.filter((name) => formats.ofName(name) === undefined)).toEqual([]);
    expect(formats.ofName('ftrace:print')).toBeDefined();
    for (const event of formats.events) expect(formats.ofId(event.id)).toBe(event);
  });

  test('an instance is configured, records, counts and is removed', () => {
    let path: string;
    {
      using instance = TracefsInstance.create(root, 'a session/channel', prefix);
      path = instance.path;
      expect(instance.name).toMatch(/^spoortest-.*-a_session_channel$/);
      const geometry = instance.configure({
        clock: 'mono',
        subBufferBytes: 16_000,
        ringBytes: 500_000,
        overwrite: false,
      });
      expect(instance.clock()).toBe('mono');
      expect(geometry.ringBytes).toBeGreaterThanOrEqual(500_000);
      expect(geometry.subBufferBytes % 4096).toBe(0);
      expect(instance.enable(['sched:sched_process_*', 'raw_syscalls:*'])).toContain(
        'sched:sched_process_fork',
      );
      expect(readFileSync(join(path, 'events/raw_syscalls/enable'), 'latin1').trim()).toBe('1');
      instance.setThreads([process.pid]);
      instance.start();
      spawnSync('true');
      instance.stop();
      const recorded = instance.statistics().reduce((sum, { entries }) => sum + entries, 0);
      expect(recorded).toBeGreaterThan(10);
      expect(readFileSync(join(path, 'trace'), 'latin1')).toMatch(/sched_process_exec: filename=.*true/);
      instance.clear();
      expect(instance.statistics().every(({ entries }) => entries === 0)).toBe(true);
    }
    expect(existsSync(path)).toBe(false);
  });

  test('threads that are hidden leave nothing', () => {
    using instance = TracefsInstance.create(root, 'hidden', prefix);
    instance.enable(['raw_syscalls:sys_enter']);
    instance.setFilter('raw_syscalls:sys_enter', `common_pid == ${process.pid}`);
    const recorded = (): number => {
      instance.clear();
      instance.start();
      for (let times = 0; times < 100; times++) existsSync('/');
      instance.stop();
      return instance.statistics().reduce((sum, { entries }) => sum + entries, 0);
    };
    expect(recorded()).toBeGreaterThanOrEqual(100);
    instance.hideThreads([process.pid]);
    expect(recorded()).toBe(0);
    // Who is in a list of those that are wanted is wanted; without the list all is as before.
    instance.setThreads([process.pid]);
    expect(recorded()).toBeGreaterThanOrEqual(100);
    instance.setThreads([]);
    expect(recorded()).toBe(0);
  });

  test('threads that were hidden and have ended are hidden no more, whoever has hidden them', async () => {
    using instance = TracefsInstance.create(root, 'ended', prefix);
    const hidden = (): readonly number[] =>
      readFileSync(join(instance.path, 'set_event_notrace_pid'), 'latin1').trim().split('\n').map(Number);
    const [helper, other] = [spawn('sleep', ['1000']), spawn('sleep', ['1000'])];
    instance.hideThreads([helper.pid!]);
    instance.hideThreads([other.pid!]);
    instance.hideThreads([process.pid]);
    // Who hides others does not show those that were hidden before.
    expect(new Set(hidden())).toEqual(new Set([helper.pid, other.pid, process.pid]));
    helper.kill('SIGKILL');
    await once(helper, 'exit');
    instance.hideThreads([process.pid]);
    expect(new Set(hidden())).toEqual(new Set([other.pid, process.pid]));
    // A successor knows only who is to be hidden now.
    const successor = TracefsInstance.adopt(root, instance.name)!;
    successor.hideThreads([process.pid]);
    expect(hidden()).toEqual([process.pid]);
    other.kill('SIGKILL');
    await once(other, 'exit');
  });

  test('a command of the recorder, which is hidden itself, is followed', async () => {
    using instance = TracefsInstance.create(root, 'followed', prefix);
    instance.hideThreads([process.pid]);
    instance.enable(['sched:sched_process_exec']);
    // It says its number and waits until that is in the list.
    const script = `echo $$ > "$1"; read line < "$1"; exec "$0" -c 'true; /bin/true'`;
    const fifo = join(mkdtempSync(join(tmpdir(), 'spoor-follow-')), 'fifo');
    spawnSync('mkfifo', [fifo]);
    const child = spawn('sh', ['-c', script, 'sh', fifo], { stdio: 'ignore' });
    instance.setThreads([child.pid!]);
    instance.start();
    readFileSync(fifo);
    writeFileSync(fifo, 'go\n');
    await once(child, 'exit');
    instance.stop();
    const text = readFileSync(join(instance.path, 'trace'), 'latin1');
    expect(text).toMatch(/sched_process_exec: filename=.*\/bin\/true/);
    expect(text).toContain(`pid=${child.pid}`);
    rmSync(join(fifo, '..'), { recursive: true });
  });

  test('what the kernel refuses is told with its reason', () => {
    using instance = TracefsInstance.create(root, 'errors', prefix);
    instance.setFilter('sched:sched_switch', 'prev_pid == 1 && next_comm ~ "a*"');
    instance.setFilter('sched:sched_switch', '');
    expect(() => instance.setFilter('sched:sched_switch', 'nosuch == 1')).toThrow(
      expect.objectContaining({
        code: 'kernel/filter',
        message: expect.stringContaining('Field not found') as string,
      }),
    );
    expect(() => instance.configure({ clock: 'sundial' })).toThrow(
      expect.objectContaining({ code: 'kernel/einval' }),
    );
    expect(() => instance.setOption('nosuch', true)).toThrow(
      expect.objectContaining({ code: 'kernel/enoent' }),
    );
    expect(() => instance.enable(['sched:nosuch_*'])).toThrow(
      expect.objectContaining({ code: 'kernel/no-event' }),
    );
  });

  test("a killed process's instances are swept, a living one's are not", async () => {
    const program = `import { findTracefs, TracefsInstance } from '@spoor/kernel/node';
      console.log(TracefsInstance.create(findTracefs(), 'left', 'spoortest').path);
      setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
      cwd: repoRoot,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [output] = (await once(child.stdout, 'data')) as [Buffer];
    const path = output.toString().trim();
    expect(existsSync(path)).toBe(true);
    using own = TracefsInstance.create(root, 'mine', prefix);
    expect(sweepInstances(root, prefix)).not.toContain(path.split('/').at(-1));
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(sweepInstances(root, prefix)).toContain(path.split('/').at(-1));
    expect(existsSync(path)).toBe(false);
    expect(existsSync(own.path)).toBe(true);
  });
});
