// What goes wrong beneath a recording of the kernel has a clear outcome: numbers that are another's, many tasks, rings that
// are too small, events and file systems that are not there.
import { spawn, spawnSync } from 'node:child_process';
import { appendFileSync, copyFileSync, mkdtempSync, readFileSync, readdirSync } from 'node:fs';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openTrace } from '@spoor/components/node';
import { findTracefs, sweepSessions } from '@spoor/kernel/node';
import { afterAll, afterEach, expect, test } from 'vitest';
import { patientlyMs, until, withDaemon } from '../support/daemon.ts';
import { command, describeNeeding, repoRoot, tracefs } from '../support/needs.ts';
import { NumberedWrites, numberedRule, writesIn } from '../support/numbered-writes.ts';
import { lossesToldByPeer, readByPeer } from '../support/recording.ts';
import { removeTree } from '../support/removal.ts';
import { spoor, spoorProgram } from '../support/spoor.ts';

const needs = [tracefs(), command('babeltrace2'), command('taskset'), command('unshare')];

describeNeeding(needs, 'faults beneath a recording of the kernel', () => {
  const folder = mkdtempSync(join(tmpdir(), 'spoor-faults-'));
  afterAll(() => removeTree(folder));
  afterEach(() => void sweepSessions(findTracefs()));

  test('who has a number after another has its own name and parent', { timeout: patientlyMs }, () => {
    for (const name of ['one-program', 'other-program']) copyFileSync('/bin/sh', join(folder, name));
    const trace = join(mkdtempSync(join(folder, 'reuse-')), 'trace');
    const script = join(repoRoot, 'tests/kernel/programs/reuse-number.sh');
    // On one processor, whose records are in order; and all processes, for the kernel itself drops a number from its
    // list some time after the end of the task, though it may be another's by then.
    const done = spoor([
      'record',
      '--no-auto',
      '--all-processes',
      '--kernel-events=syscall_entry_umask',
      '--kernel-context=tid,pid,ppid,procname',
      `--output=${trace}`,
      '--',
      'taskset',
      '-c',
      '0',
      'sh',
      script,
      folder,
      '6',
    ]);
    expect(done.status, done.stderr).toBe(0);
    const said = [...done.stdout.matchAll(/^(\d+) (\d+) ([a-z-]+)$/gm)].map(
      ([, tid, ppid, name]) => `${tid} ${tid} ${ppid} ${name}`,
    );
    const [tid = ''] = said[0]!.split(' ');
    expect(new Set(said.map((line) => line.split(' ')[0]))).toEqual(new Set([tid]));
    expect(said.length).toBeGreaterThanOrEqual(3);
    const seen: string[] = [];
    for (const event of openTrace(join(trace, 'kernel')).events()) {
      if (event.name !== 'syscall_entry_umask') continue;
      const context = (event.commonContext() ?? {}) as Readonly<Record<string, number | string>>;
      const own = ['tid', 'pid', 'ppid', 'procname'].map((key) => String(context[key])).join(' ');
      // Somebody else may have the number in between.
      if (!/ (?:sh|[a-z]+-program)$/.test(own)) continue;
      if (own.startsWith(`${tid} `) && seen.at(-1) !== own) seen.push(own);
    }
    // Those whose other half of a pair was somebody else's say nothing.
    expect(seen).toEqual(said.filter((line, index) => line !== said[index - 1]));
  });

  test(
    'two thousand tasks are all in the state dump',
    async () => {
      const trace = join(folder, 'many');
      const text = 'i=0; while [ $i -lt 2000 ]; do read line & i=$((i+1)); done; echo $$; wait';
      // They all wait for a line of the same pipe.
      const parent = spawn('sh', ['-c', `exec 3<&0; ${text.replace('read line', 'read line <&3')}`], {
        stdio: ['pipe', 'pipe', 'inherit'],
      });
      const ended = new Promise((resolve) => parent.once('close', resolve));
      try {
        await Promise.race([once(parent.stdout, 'data'), ended]);
        const done = spoor([
          'record',
          '--no-auto',
          '--kernel-events=sched_process_exit',
          '-o',
          trace,
          '--',
          'true',
        ]);
        expect(done.status, done.stderr).toBe(0);
        const children = new Set<number>();
        for (const event of openTrace(join(trace, 'kernel')).events()) {
          if (event.name !== 'lttng_statedump_process_state') continue;
          const { ppid, tid } = event.payload() as Readonly<Record<string, unknown>>;
          if (Number(ppid) === parent.pid) children.add(Number(tid));
        }
        expect(children.size).toBe(2000);
        expect(readByPeer(trace).stderr).toBe('');
      } finally {
        parent.stdin.end();
        await ended;
      }
    },
    patientlyMs,
  );

  test(
    'what rings of two small sub-buffers lose is counted to the last event, and the rest is a whole trace',
    withDaemon(async (daemon) => {
      using program = new NumberedWrites();
      const client = await daemon.start();
      const path = join(daemon.home, 'small');
      await client.call('create-session', { name: 's', mode: 'local', output: { kind: 'local', path } });
      const target = { session: 's', domain: 'kernel', channel: 'c' } as const;
      const attributes = { subBufferSizeBytes: 4096, subBufferCount: 2 };
      await client.call('enable-channel', { ...target, attributes });
      await client.call('enable-event', { ...target, rule: numberedRule(program) });
      await client.call('start-session', { session: 's' });
      let written = 0;
      let lost = 0;
      await until('something is lost', async () => {
        await program.write(20_000);
        written += 20_000;
        const { losses } = await client.call('stop-session', { session: 's' });
        lost = losses.discardedCount;
        await client.call('start-session', { session: 's' });
        return lost > 0;
      });
      const { losses } = await client.call('stop-session', { session: 's' });
      const kernel = join(path, 'kernel');
      expect(lossesToldByPeer(kernel)).toBe(losses.discardedCount);
      const destroyed = await client.call('destroy-session', { session: 's' });
      expect(destroyed.losses).toEqual(losses);
      const found = writesIn(kernel);
      expect(found.length).toBeLessThan(written);
      expect(found).toEqual([...new Set(found)].sort((one, other) => one - other));
      // Few other records come into these rings: the beginnings of tasks.
      expect(found.length + losses.discardedCount).toBeGreaterThanOrEqual(written);
      expect(lossesToldByPeer(kernel)).toBe(losses.discardedCount);
    }),
    patientlyMs,
  );

  test(
    'an event that is taken away before the start is named; while it is recorded the kernel keeps it',
    withDaemon(async (daemon) => {
      const root = findTracefs();
      const probes = join(root, 'uprobe_events');
      const name = `fault_${process.pid}`;
      // Of a program by its path: nobody else runs this copy.
      const program = join(folder, 'probed');
      copyFileSync('/bin/true', program);
      const entry = readFileSync(program).readBigUInt64LE(24);
      const add = (): void =>
        appendFileSync(probes, `p:spoortest/${name} ${program}:0x${entry.toString(16)}\n`);
      const remove = (): void => appendFileSync(probes, `-:spoortest/${name}\n`);
      const client = await daemon.start();
      const path = join(daemon.home, 'probed');
      await client.call('create-session', { name: 's', mode: 'local', output: { kind: 'local', path } });
      const target = { session: 's', domain: 'kernel', channel: 'c' } as const;
      const rule = { kind: 'kernel-tracepoint', name: `spoortest:${name}` } as const;
      add();
      try {
        await client.call('enable-event', { ...target, rule });
        remove();
        await expect(client.call('start-session', { session: 's' })).rejects.toMatchObject({
          code: 'kernel/no-event',
        });
        const refused = await client.call('list-sessions', {});
        expect(refused.sessions).toMatchObject([{ isActive: false }]);
        const left = readdirSync(join(root, 'instances'));
        expect(left.filter((one) => one.includes(encodeURIComponent(daemon.runDir)))).toEqual([]);
        add();
        await client.call('start-session', { session: 's' });
        expect(remove).toThrow('EBUSY');
        spawnSync(program);
        await client.call('destroy-session', { session: 's' });
      } finally {
        remove();
      }
      let count = 0;
      for (const event of openTrace(path).events()) if (event.name.endsWith(name)) count += 1;
      expect(count).toBe(1);
    }),
    patientlyMs,
  );

  test.each([
    ['read-only', 'mount -o bind,remount,ro "$0"', /EROFS \(tracefs is mounted read-only here\)/],
    ['hidden', 'mount -t tmpfs none /sys', /tracefs is not mounted \(as root: mount -t tracefs/],
  ])('tracefs that is %s is told in one line, and nothing is left behind', (how, mounts, told) => {
    const root = findTracefs();
    const output = join(folder, how);
    const text = `mount --make-rprivate / && mount --bind "$0" "$0" && ${mounts} && exec "$@"`;
    const record = [process.execPath, spoorProgram, 'record', '-k', '-o', output, '--', 'true'];
    const done = spawnSync('unshare', ['-m', 'sh', '-c', text, root, ...record], {
      encoding: 'utf8',
      timeout: patientlyMs,
    });
    expect([done.status, done.stderr]).toEqual([1, expect.stringMatching(told)]);
    expect(done.stderr.trim().split('\n')).toHaveLength(1);
    expect(readdirSync(folder)).not.toContain(how);
  });
});
