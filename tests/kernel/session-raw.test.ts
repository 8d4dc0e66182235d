// Channels of the kernel whose pages wait until they are wanted as events: `spoor enable-channel -k --raw`.
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import type { ControlClient, Session } from '@spoor/control';
import { findTracefs, sweepSessions } from '@spoor/kernel/node';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type TestDaemon, patientlyMs, until, upTo, withDaemon } from '../support/daemon.ts';
import { command, describeNeeding, tracefs } from '../support/needs.ts';
import { NumberedWrites, numberedRule, writesIn } from '../support/numbered-writes.ts';
import { lossesToldByPeer, readByPeer, textOfPeer } from '../support/recording.ts';
import { removeTree } from '../support/removal.ts';
import { spoor } from '../support/spoor.ts';

const raw = { session: 's', domain: 'kernel', channel: 'raw' } as const;

async function makeSession(client: ControlClient, path: string): Promise<Session> {
  const { session } = await client.call('create-session', {
    name: 's',
    mode: 'local',
    output: { kind: 'local', path },
  });
  await client.call('enable-channel', { ...raw, attributes: { rawPages: true } });
  return session;
}

/** A session that records the calls of a program, and is started. */
async function recordWrites(client: ControlClient, program: NumberedWrites, path: string): Promise<Session> {
  const session = await makeSession(client, path);
  // What comes while nobody reads has room.
  await client.call('enable-channel', { ...raw, attributes: { subBufferCount: 32 } });
  await client.call('enable-event', { ...raw, rule: numberedRule(program) });
  await client.call('start-session', { session: 's' });
  return session;
}

/** The files in which pages of a session wait. */
function waitingIn(output: string): readonly string[] {
  const folder = readdirSync(output).find((name) => name.startsWith('.kernel-pages-'));
  return folder === undefined
    ? []
    : readdirSync(join(output, folder)).map((name) => join(output, folder, name));
}

/** What the kernel has counted of the rings of a daemon's only channel. */
function countsOf(daemon: TestDaemon): {
  readonly read: number;
  readonly lost: number;
  readonly entries: number;
} {
  const instances = join(findTracefs(), 'instances');
  const own = readdirSync(instances).find((name) => name.includes(encodeURIComponent(daemon.runDir)))!;
  const count = { read: 0, lost: 0, entries: 0 };
  const perCpu = join(instances, own, 'per_cpu');
  for (const cpu of readdirSync(perCpu)) {
    const text = readFileSync(join(perCpu, cpu, 'stats'), 'latin1');
    const of = (name: string): number => Number(new RegExp(`^${name}: (\\d+)`, 'm').exec(text)?.[1]);
    count.read += of('read events');
    count.entries += of('entries');
    count.lost += of('overrun') + of('commit overrun') + of('dropped events');
  }
  return count;
}

async function replaceConsumer(daemon: TestDaemon, { id }: Session): Promise<void> {
  const consumer = daemon.consumerPid(id)!;
  process.kill(consumer, 'SIGKILL');
  await until('another consumer is there', () => {
    const pid = daemon.consumerPid(id);
    return pid !== undefined && pid !== consumer;
  });
}

/** What a trace has of one channel, without times: each thread's events in their order. */
function eventsOf(kernel: string, channel: string, folder: string): ReadonlyMap<string, readonly string[]> {
  const own = join(folder, channel);
  const isOwn = (path: string): boolean => {
    const name = basename(path);
    return !/_\d+(?:-\d+)?(?:\.idx)?$/.test(name) || name.startsWith(`${channel}_`);
  };
  cpSync(kernel, own, {
    recursive: true,
    filter: (path) => isOwn(path) && !basename(path).startsWith('statedump'),
  });
  const byThread = new Map<string, string[]>();
  for (const line of textOfPeer(own).split('\n')) {
    const event = line.replace(/^\[[^\]]*\] \([^)]*\) /, '');
    const thread = / tid = (\d+)/.exec(event)?.[1];
    if (thread === undefined) continue;
    const known = byThread.get(thread);
    if (known === undefined) byThread.set(thread, [event]);
    else known.push(event);
  }
  return byThread;
}

describeNeeding([tracefs(), command('babeltrace2')], 'channels of the kernel with raw pages', () => {
  const folder = mkdtempSync(join(tmpdir(), 'spoor-raw-channels-'));
  const small = join(folder, 'small');
  const filler = join(small, 'filler');
  beforeAll(() => {
    mkdirSync(small);
    expect(spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64m', 'none', small]).status).toBe(0);
  });
  afterEach(() => void sweepSessions(findTracefs()));
  afterAll(() => {
    spawnSync('umount', ['--lazy', small]);
    removeTree(folder);
  });

  /** Fills the disk but for so much. */
  const fill = (freeBytes: number): void => {
    const spare = join(small, 'spare');
    writeFileSync(spare, Buffer.alloc(freeBytes));
    expect(() => writeFileSync(filler, Buffer.alloc(64 << 20))).toThrow('ENOSPC');
    rmSync(spare);
  };

  test(
    'have the events, payloads and contexts of those that are converted as they come',
    withDaemon(async (daemon) => {
      const client = await daemon.start();
      const output = join(folder, 'equal');
      await makeSession(client, output);
      await client.call('enable-channel', { ...raw, channel: 'live' });
      for (const channel of ['raw', 'live']) {
        for (const name of ['sched_process_fork', 'sched_process_exec', 'sched_process_exit'])
          await client.call('enable-event', { ...raw, channel, rule: { kind: 'kernel-tracepoint', name } });
        for (const site of ['entry', 'exit'] as const)
          await client.call('enable-event', {
            ...raw,
            channel,
            rule: { kind: 'kernel-syscall', name: '*', site },
          });
        for (const context of ['tid', 'procname', 'ppid', 'pid_ns'])
          await client.call('add-context', { session: 's', domain: 'kernel', channel, contexts: [context] });
      }
      await client.call('start-session', { session: 's' });
      // On one processor: rings of several are read beside each other, and who executes a program there may have its name too early.
      const script = 'for n in 1 2 3 4 5 6 7 8 9; do /bin/true; (exit 0); done; exec /bin/cat /dev/null';
      const shells = upTo(4).map(() => {
        const { pid, status } = spawnSync('taskset', ['-c', '0', 'sh', '-c', script]);
        expect(status).toBe(0);
        return String(pid);
      });
      await client.call('stop-session', { session: 's' });
      expect(waitingIn(output)).toEqual([]);
      await client.call('destroy-session', { session: 's' });
      expect(readdirSync(output)).toEqual(['kernel']);
      const kernel = join(output, 'kernel');
      const [waited, live] = ['raw', 'live'].map((channel) =>
        eventsOf(kernel, channel, join(folder, 'parts')),
      );
      // What is converted as it comes is not known of tasks that were over before anybody looked, on a busy machine.
      const asKnown = (own: readonly string[] | undefined, other: readonly string[]) =>
        own?.map((event, at) =>
          event.replace(
            /\b(\w*pid|\w*ns_inum|pid_ns) = 0\b/g,
            (text, name: string) => new RegExp(`\\b${name} = \\d+`).exec(other[at] ?? '')?.[0] ?? text,
          ),
        );
      // It may have the name that a task gets next, too: it was looked up.
      const withoutNames = (events: readonly string[] | undefined) =>
        events?.map((event) => event.replace(/procname = "[^"]*"/, ''));
      const namesOf = (events: readonly string[]): readonly string[] => {
        const names = events.map((event) => /procname = "([^"]*)"/.exec(event)![1]!);
        return names.filter((name, at) => at === 0 || name !== names[at - 1]);
      };
      for (const shell of shells) {
        const events = waited!.get(shell)!;
        expect(events.length).toBeGreaterThan(100);
        expect(withoutNames(events)).toEqual(withoutNames(asKnown(live!.get(shell), events)));
        expect(namesOf(events).slice(-3)).toEqual(['taskset', 'sh', 'cat']);
        // Each is over before anybody asks what it was.
        const children = [...waited!].filter(([, own]) => own[0]!.includes(` ppid = ${shell},`));
        expect(children).toHaveLength(18);
        for (const [child, own] of children) {
          expect(withoutNames(own)).toEqual(withoutNames(asKnown(live!.get(child), own)));
          const executes = own.some((event) => event.includes(' sched_process_exec: '));
          expect(namesOf(own)).toEqual(executes ? ['sh', 'true'] : ['sh']);
        }
      }
    }),
    patientlyMs,
  );

  test(
    'are told of to the last event by several chunks and their losses, as the kernel counts them',
    withDaemon(async (daemon) => {
      const client = await daemon.start();
      const output = join(folder, 'counted');
      const session = await makeSession(client, output);
      const sizes = { subBufferSizeBytes: 16_384, subBufferCount: 2 };
      await client.call('enable-channel', { ...raw, attributes: sizes });
      for (const name of ['sched_switch', 'sched_waking'])
        await client.call('enable-event', { ...raw, rule: { kind: 'kernel-tracepoint', name } });
      await client.call('start-session', { session: 's' });
      const load = (): void => {
        spawnSync('sh', ['-c', 'for n in 1 2 3 4 5 6 7 8 9; do true | cat | cat; done']);
      };
      const chunks: string[] = [];
      for (let round = 0; round < 3; round += 1) {
        const consumer = daemon.consumerPid(session.id)!;
        process.kill(consumer, 'SIGSTOP');
        const { lost } = countsOf(daemon);
        while (countsOf(daemon).lost === lost) load();
        process.kill(consumer, 'SIGCONT');
        load();
        const rotating = client.call('rotate-session', { session: 's' });
        load();
        chunks.push((await rotating).path);
      }
      const { losses } = await client.call('stop-session', { session: 's' });
      const count = countsOf(daemon);
      const { path: last } = await client.call('destroy-session', { session: 's' });
      const kernels = [...chunks, last!]
        .map((chunk) => join(chunk, 'kernel'))
        .filter((path) => existsSync(path));
      let events = 0;
      for (const kernel of kernels)
        events += textOfPeer(kernel)
          .split('\n')
          .filter((line) => / sched_(?:switch|waking): /.test(line)).length;
      expect(count.lost).toBeGreaterThan(0);
      expect(losses.discardedCount + losses.overwrittenCount).toBe(count.lost);
      expect({
        read: events,
        lost: kernels.reduce((sum, kernel) => sum + lossesToldByPeer(kernel), 0),
      }).toEqual({
        read: count.read,
        lost: count.lost,
      });
      expect(count.entries).toBe(0);
    }),
    patientlyMs,
  );

  test(
    'are in chunks that are cut while the program goes on, and gone where they are cleared',
    withDaemon(async (daemon) => {
      using program = new NumberedWrites();
      const client = await daemon.start();
      const output = join(folder, 'chunks');
      await recordWrites(client, program, output);
      const chunks: string[] = [];
      for (let round = 0; round < 3; round += 1) {
        const writing = program.write(30_000);
        chunks.push((await client.call('rotate-session', { session: 's' })).path);
        await writing;
      }
      await client.call('stop-session', { session: 's' });
      const totals = await client.call('get-usage', { session: 's' });
      expect(totals.losses).toMatchObject({ discardedCount: 0, overwrittenCount: 0 });
      await client.call('start-session', { session: 's' });
      chunks.push((await client.call('rotate-session', { session: 's' })).path);
      await program.write(50);
      await client.call('clear-session', { session: 's' });
      await program.write(7);
      const { path } = await client.call('destroy-session', { session: 's' });
      const kernels = chunks.map((chunk) => join(chunk, 'kernel')).filter((kernel) => existsSync(kernel));
      expect(kernels.flatMap((kernel) => writesIn(kernel))).toEqual(upTo(90_000));
      expect(writesIn(join(path!, 'kernel'))).toEqual(upTo(90_057).slice(90_050));
      for (const kernel of kernels) expect(readByPeer(kernel).stderr).toBe('');
      expect(waitingIn(output)).toEqual([]);
    }),
    patientlyMs,
  );

  test(
    'count what waits, and keep it for a session whose description changes',
    withDaemon(async (daemon) => {
      using program = new NumberedWrites();
      const client = await daemon.start();
      const output = join(folder, 'changed');
      await recordWrites(client, program, output);
      await program.write(20_000);
      await until('full pages wait', () => waitingIn(output).length > 0);
      await until('they are counted', async () => {
        const { losses, writtenBytes } = await client.call('get-usage', { session: 's' });
        return losses.eventCount > 0 && writtenBytes > 0;
      });
      expect(readdirSync(join(output, 'kernel')).filter((name) => name.startsWith('raw_'))).toEqual([]);
      const rule = { kind: 'kernel-syscall', name: 'umask', site: 'entry' } as const;
      await client.call('enable-event', { ...raw, rule });
      await program.write(10_000);
      await until('full pages wait again', () => waitingIn(output).length > 0);
      // Readers pass over what waits.
      expect(writesIn(output)).toEqual(upTo(20_000));
      expect(readByPeer(output).stderr).toBe('');
      spawnSync('sh', ['-c', 'umask 077']);
      const { losses } = await client.call('stop-session', { session: 's' });
      await client.call('destroy-session', { session: 's' });
      const kernel = join(output, 'kernel');
      expect(writesIn(kernel)).toEqual(upTo(30_000));
      expect(losses.discardedCount).toBe(0);
      expect(textOfPeer(kernel)).toContain(' syscall_entry_umask: ');
      expect(readByPeer(kernel).stderr).toBe('');
    }),
    patientlyMs,
  );

  test(
    'are converted once and whole by whoever follows a consumer that was killed while it recorded or converted',
    withDaemon(async (daemon) => {
      using program = new NumberedWrites();
      const client = await daemon.start();
      const output = join(folder, 'killed');
      const session = await recordWrites(client, program, output);
      await program.write(20_000);
      await until('full pages wait', () => waitingIn(output).length > 0);
      const { read } = countsOf(daemon);
      await replaceConsumer(daemon, session);
      await program.write(20_000);
      // Before it reads there is room for so much only.
      await until('the next one reads', () => countsOf(daemon).read > read);
      await program.write(280_000);
      expect(countsOf(daemon).lost).toBe(0);
      // Its note is what the conversion begins with.
      const noted = join(daemon.hub, 'sessions', String(session.id));
      const stopping = client.call('stop-session', { session: 's' }).catch(() => undefined);
      await until('it is converted, or was', () => {
        const isNoted = readdirSync(noted).some((name) => /^kernel-pages-.*\.json$/.test(name));
        return isNoted || waitingIn(output).length === 0;
      });
      await replaceConsumer(daemon, session);
      await stopping;
      await client.call('destroy-session', { session: 's' });
      const kernel = join(output, 'kernel');
      const found = writesIn(kernel);
      expect(found.length).toBe(320_000);
      expect(found).toEqual(upTo(320_000));
      expect(readByPeer(kernel).stderr).toBe('');
      expect(readdirSync(output)).toEqual(['kernel']);
    }),
    patientlyMs,
  );

  test.each([false, true])(
    'wait where there is no room for their events, also for the next consumer: %s',
    async (isKilled) => {
      await withDaemon(async (daemon) => {
        using program = new NumberedWrites();
        const client = await daemon.start();
        const output = join(small, isKilled ? 'killed' : 'full');
        const session = await recordWrites(client, program, output);
        await program.write(150_000);
        await until('nothing is in the rings', async () => {
          const { channels } = await client.call('get-usage', { session: 's' });
          return channels.every(({ usedBytes }) => usedBytes < 1 << 20);
        });
        fill(1 << 20);
        for (let attempt = 0; attempt < 2; attempt += 1) {
          await expect(client.call('rotate-session', { session: 's' })).rejects.toThrow(
            /pages wait .*no room|ENOSPC/s,
          );
          expect(waitingIn(output)).not.toEqual([]);
        }
        if (isKilled) await replaceConsumer(daemon, session);
        rmSync(filler);
        await program.write(10);
        const { path: first } = await client.call('rotate-session', { session: 's' });
        await program.write(20);
        // Records that other programs leave, of tasks alone, may have found no room: that is no loss of events.
        const { path: last } = await client.call('destroy-session', { session: 's' });
        const found = [first, last!].flatMap((path) => writesIn(join(path, 'kernel')));
        expect(found.length).toBe(150_030);
        expect(found).toEqual(upTo(150_030));
        expect(readByPeer(output).stderr).toBe('');
        expect(waitingIn(output)).toEqual([]);
      })();
    },
    patientlyMs,
  );

  test.each(['nothing can be noted of it', 'the chunk cannot be written'])(
    'wait while they cannot be converted: %s',
    async (why) => {
      await withDaemon(async (daemon) => {
        using program = new NumberedWrites();
        const isNoted = why !== 'nothing can be noted of it';
        const output = join(folder, why);
        const kernel = join(output, 'kernel');
        const { runDir } = daemon;
        const mount = (...words: string[]): void => expect(spawnSync('mount', words).status).toBe(0);
        let consumer: number | undefined;
        if (!isNoted) mount('-t', 'tmpfs', '-o', 'size=16m', 'none', runDir);
        try {
          const client = await daemon.start();
          const { id } = await recordWrites(client, program, output);
          await program.write(100_000);
          await until('full pages wait', () => waitingIn(output).length > 0);
          const notes = join(runDir, 'filler');
          if (isNoted) {
            mount('--bind', kernel, kernel);
            mount('-o', 'remount,bind,ro', kernel);
          } else expect(() => writeFileSync(notes, Buffer.alloc(32 << 20))).toThrow('ENOSPC');
          const rotating = client.call('rotate-session', { session: 's' });
          await expect(rotating).rejects.toThrow(isNoted ? 'EROFS' : 'ENOSPC');
          await program.write(100_000);
          if (isNoted) expect(spawnSync('umount', [kernel]).status).toBe(0);
          else rmSync(notes);
          const { path } = await client.call('rotate-session', { session: 's' });
          await program.write(10);
          // At the beginning it may have been who stood in for it.
          consumer = daemon.consumerPid(id);
          const { losses, warnings, path: last } = await client.call('destroy-session', { session: 's' });
          expect([losses.discardedCount, warnings]).toEqual([0, []]);
          const found = [path, last!].flatMap((chunk) => writesIn(join(chunk, 'kernel')));
          expect(found).toEqual(upTo(200_010));
          expect(waitingIn(output)).toEqual([]);
        } finally {
          spawnSync('umount', ['--lazy', kernel]);
          if (!isNoted) {
            await daemon.kill();
            if (consumer !== undefined) process.kill(consumer, 'SIGKILL');
            spawnSync('umount', ['--lazy', runDir]);
          }
        }
      })();
    },
    patientlyMs,
  );

  test.each(['cut off', 'overwritten'])(
    'are counted where they were %s while they waited',
    async (how) => {
      await withDaemon(async (daemon) => {
        using program = new NumberedWrites();
        const client = await daemon.start();
        const output = join(folder, how);
        const session = await recordWrites(client, program, output);
        await program.write(100_000);
        const largest = (): string | undefined =>
          waitingIn(output).toSorted((a, b) => statSync(b).size - statSync(a).size)[0];
        await until('full pages wait', () => statSync(largest() ?? output).size > 1 << 20);
        await replaceConsumer(daemon, session);
        const path = largest()!;
        if (how === 'cut off') truncateSync(path, (1 << 19) + 5);
        else {
          const bytes = readFileSync(path);
          writeFileSync(path, bytes.fill(0xee, 1 << 18, 1 << 19));
        }
        await program.write(10);
        await client.call('stop-session', { session: 's' });
        const { read } = countsOf(daemon);
        const { losses, warnings } = await client.call('destroy-session', { session: 's' });
        const kernel = join(output, 'kernel');
        const found = writesIn(kernel);
        expect(losses.discardedCount).toBeGreaterThan(0);
        // Some records are of tasks alone.
        const count = found.length + losses.discardedCount;
        expect(count).toBeGreaterThanOrEqual(100_010);
        expect(count).toBeLessThanOrEqual(read);
        expect(lossesToldByPeer(kernel)).toBe(losses.discardedCount);
        expect(readByPeer(kernel).stderr).toBe('');
        expect(warnings.join('\n')).toContain('damaged, or not all there');
      })();
    },
    patientlyMs,
  );

  test(
    'are lost and told of where there is no room for their events when the session is destroyed',
    withDaemon(async (daemon) => {
      using program = new NumberedWrites();
      const client = await daemon.start();
      const output = join(small, 'destroyed');
      await recordWrites(client, program, output);
      await program.write(150_000);
      await client.call('stop-session', { session: 's' });
      await client.call('start-session', { session: 's' });
      await program.write(150_000);
      await until('nothing is in the rings', async () => {
        const { channels } = await client.call('get-usage', { session: 's' });
        return channels.every(({ usedBytes }) => usedBytes < 1 << 20);
      });
      fill(1 << 20);
      const stopped = await client.call('stop-session', { session: 's' });
      expect(stopped.losses.discardedCount).toBe(0);
      const { troubles } = await client.call('get-usage', { session: 's' });
      expect(troubles.join('\n')).toContain('pages of the kernel wait that cannot be converted');
      const { losses, warnings } = await client.call('destroy-session', { session: 's' });
      expect(warnings.join('\n')).toContain('not all could be written');
      expect(waitingIn(output)).toEqual([]);
      rmSync(filler);
      const kernel = join(output, 'kernel');
      const found = writesIn(kernel);
      expect(found.slice(0, 150_000)).toEqual(upTo(150_000));
      expect(losses.discardedCount).toBeGreaterThan(0);
      expect(found.length + losses.discardedCount).toBe(300_000);
      expect(new Set(found).size).toBe(found.length);
      removeTree(output);
    }),
    patientlyMs,
  );

  test(
    'are counted as lost where there is no room for them',
    withDaemon(async (daemon) => {
      using program = new NumberedWrites();
      const client = await daemon.start();
      const output = join(small, 'lost');
      await recordWrites(client, program, output);
      await program.write(20_000);
      fill(1 << 20);
      await program.write(700_000);
      rmSync(filler);
      await program.write(10_000);
      const { losses } = await client.call('stop-session', { session: 's' });
      await client.call('destroy-session', { session: 's' });
      const kernel = join(output, 'kernel');
      const found = writesIn(kernel);
      expect(losses.discardedCount).toBeGreaterThan(0);
      expect(found.length).toBeLessThan(730_000);
      expect(found.length + losses.discardedCount).toBe(730_000);
      expect(lossesToldByPeer(kernel)).toBe(losses.discardedCount);
      expect(new Set(found).size).toBe(found.length);
    }),
    patientlyMs,
  );

  test(
    'are asked for by the command, shown, saved and loaded, and refused where they cannot be',
    withDaemon(async (daemon) => {
      await daemon.start();
      const env = daemon.environment;
      const run = (...words: string[]) => spoor(words, { env });
      const saved = join(folder, 'saved');
      expect(run('create', 's', '--output', join(folder, 'asked')).stderr).toBe('');
      expect(run('enable-channel', '-k', '-s', 's', '--raw', 'raw').stderr).toBe('');
      expect(run('list', 's').stdout).toContain('kept raw until a trace chunk ends or recording stops');
      expect(run('save', 's', '-o', saved).stderr).toBe('');
      expect(run('destroy', 's').stderr).toBe('');
      expect(run('load', '-i', saved, 's').stderr).toBe('');
      expect(run('list', 's').stdout).toContain('kept raw until');
      const lttng = run('save', 's', '-o', join(folder, 'lttng'), '--format', 'lttng');
      expect(lttng.stderr).toContain('channel raw is written without raw pages');
      const user = run('enable-channel', '-u', '-s', 's', '--raw', 'mine');
      expect([user.status, user.stderr]).toEqual([
        1,
        expect.stringContaining('raw pages are of the kernel: -k'),
      ]);
      expect(run('enable-event', '-k', '-s', 's', '-c', 'raw', 'sched_process_exit').stderr).toBe('');
      expect(run('enable-channel', '-k', '-s', 's', 'other').stderr).toBe('');
      expect(run('start', 's').stderr).toBe('');
      const late = run('enable-channel', '-k', '-s', 's', '--raw', 'other');
      expect([late.status, late.stderr]).toEqual([
        1,
        expect.stringContaining('before the session is started'),
      ]);
      expect(run('create', 'memory', '--snapshot').stderr).toBe('');
      const memory = run('enable-channel', '-k', '-s', 'memory', '--raw', 'raw');
      expect([memory.status, memory.stderr]).toEqual([1, expect.stringContaining('are raw anyway')]);
      for (const name of ['s', 'memory']) expect(run('destroy', name).status).toBe(0);
    }),
    patientlyMs,
  );
});
