// The kernel domain of sessions: a real daemon, the real kernel, a program whose system calls are numbered.
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { ControlClient, Session } from '@spoor/control';
import { findTracefs, sweepSessions } from '@spoor/kernel/node';
import { afterEach, expect, test } from 'vitest';
import { type TestDaemon, patientlyMs, steps, until, upTo, withDaemon } from '../support/daemon.ts';
import { command, describeNeeding, tracefs } from '../support/needs.ts';
import { NumberedWrites, numberedRule, writesIn } from '../support/numbered-writes.ts';
import { lossesToldByPeer, readByPeer, textOfPeer } from '../support/recording.ts';

function outputOf(session: Session): string {
  const output = session.output ?? session.snapshotOutputs[0]?.output;
  if (output?.kind !== 'local') throw new Error('no output');
  return output.path;
}

/** Instances of the sessions of a daemon. */
function instancesOf(daemon: TestDaemon): readonly string[] {
  return readdirSync(join(findTracefs(), 'instances')).filter((name) =>
    name.includes(encodeURIComponent(daemon.runDir)),
  );
}

async function makeSession(
  client: ControlClient,
  program: NumberedWrites,
  mode: 'local' | 'snapshot' = 'local',
  name = 's',
): Promise<Session> {
  const { session } = await client.call('create-session', { name, mode });
  await client.call('enable-event', { session: name, domain: 'kernel', rule: numberedRule(program) });
  await client.call('start-session', { session: name });
  return session;
}

describeNeeding([tracefs(), command('babeltrace2')], 'the kernel in sessions', () => {
  // Daemons of tests are killed; what they had in the kernel belongs to directories that are gone.
  afterEach(() => void sweepSessions(findTracefs()));

  test(
    'events are written while it records, and nothing is left in the kernel when it is destroyed',
    withDaemon(async (daemon) => {
      using program = new NumberedWrites();
      const client = await daemon.start();
      const session = await makeSession(client, program);
      await program.write(500);
      expect(instancesOf(daemon)).toHaveLength(1);
      const { losses } = await client.call('stop-session', { session: 's' });
      expect(losses.discardedCount).toBe(0);
      await program.write(7);
      await client.call('start-session', { session: 's' });
      await program.write(3);
      await client.call('destroy-session', { session: 's' });
      expect(instancesOf(daemon)).toEqual([]);
      const kernel = join(outputOf(session), 'kernel');
      expect(writesIn(kernel)).toEqual([...upTo(500), 507, 508, 509]);
      expect(readByPeer(kernel).stderr).toBe('');
      expect(readFileSync(join(kernel, 'metadata'), 'utf8')).toMatch(
        /domain = "kernel";[^}]*trace_name = "s";/,
      );
    }),
    patientlyMs,
  );

  test(
    'user space and the kernel are on one clock in one directory',
    withDaemon(async (daemon) => {
      const client = await daemon.start();
      const { session } = await client.call('create-session', { name: 's', mode: 'local' });
      const target = { session: 's' };
      await client.call('enable-event', {
        ...target,
        domain: 'user',
        rule: { kind: 'user-tracepoint', name: 'test:step' },
      });
      const sched = { kind: 'kernel-tracepoint', name: 'sched_process_exit' } as const;
      await client.call('enable-event', { ...target, domain: 'kernel', rule: sched });
      await client.call('start-session', target);
      const program = await daemon.program();
      await daemon.joined(session.id, program);
      await program.tell('emit 20');
      await program.end();
      await client.call('destroy-session', target);
      const path = outputOf(session);
      expect(readdirSync(path).sort()).toEqual(['kernel', 'ust']);
      expect(steps(path)).toEqual(upTo(20));
      expect(readByPeer(path).stderr).toBe('');
    }),
    patientlyMs,
  );

  test(
    'chunks are whole traces: no event is lost or twice there',
    withDaemon(async (daemon) => {
      using program = new NumberedWrites();
      const client = await daemon.start();
      const session = await makeSession(client, program);
      const chunks: string[] = [];
      for (let round = 0; round < 3; round += 1) {
        const writing = program.write(400);
        chunks.push((await client.call('rotate-session', { session: 's' })).path);
        await writing;
      }
      const { path } = await client.call('destroy-session', { session: 's' });
      const all = [...chunks, path!]
        .map((chunk) => join(chunk, 'kernel'))
        .filter((chunk) => existsSync(chunk));
      expect(all.flatMap((chunk) => writesIn(chunk))).toEqual(upTo(1200));
      for (const chunk of all) expect(readByPeer(chunk).stderr).toBe('');
      expect(existsSync(join(outputOf(session), 'archives'))).toBe(true);
    }),
    patientlyMs,
  );

  test(
    'chunks are read as one trace too, though each has events that the others have not',
    withDaemon(async (daemon) => {
      using program = new NumberedWrites();
      const client = await daemon.start();
      const session = await makeSession(client, program);
      const domain = 'kernel';
      for (const name of ['umask', 'chroot', 'personality']) {
        const rule = { kind: 'kernel-syscall', name, site: 'entry' } as const;
        await client.call('enable-event', { session: 's', domain, rule });
      }
      await program.write(20);
      await client.call('rotate-session', { session: 's' });
      execFileSync('setarch', ['linux64', 'sh', '-c', 'umask 077; chroot / true']);
      await client.call('destroy-session', { session: 's' });
      const trace = outputOf(session);
      expect(writesIn(trace)).toEqual(upTo(20));
      expect(readByPeer(trace).stderr).toBe('');
      const text = textOfPeer(trace);
      for (const name of ['write', 'umask', 'chroot', 'personality'])
        expect(text.includes(` syscall_entry_${name}: `), name).toBe(true);
    }),
    patientlyMs,
  );

  test(
    'what is cleared is gone, and what comes afterwards is there',
    withDaemon(async (daemon) => {
      using program = new NumberedWrites();
      const client = await daemon.start();
      const session = await makeSession(client, program);
      await program.write(50);
      await client.call('clear-session', { session: 's' });
      await program.write(10);
      await client.call('destroy-session', { session: 's' });
      expect(writesIn(join(outputOf(session), 'kernel'))).toEqual(upTo(60).slice(50));
    }),
    patientlyMs,
  );

  test(
    'snapshots have what is in memory, again and again, until it is cleared',
    withDaemon(async (daemon) => {
      using program = new NumberedWrites();
      const client = await daemon.start();
      await makeSession(client, program, 'snapshot');
      const snapshot = async (): Promise<number[]> => {
        const { snapshots } = await client.call('record-snapshot', { session: 's' });
        const kernel = join(snapshots[0]!.path, 'kernel');
        expect(readByPeer(kernel).stderr).toBe('');
        return writesIn(kernel);
      };
      await program.write(100);
      expect(await snapshot()).toEqual(upTo(100));
      await program.write(20);
      expect(await snapshot()).toEqual(upTo(120));
      await client.call('clear-session', { session: 's' });
      await program.write(5);
      await client.call('stop-session', { session: 's' });
      expect(await snapshot()).toEqual(upTo(125).slice(120));
      await client.call('destroy-session', { session: 's' });
      expect(instancesOf(daemon)).toEqual([]);
    }),
    patientlyMs,
  );

  test(
    'a killed daemon and a killed consumer are replaced; the kernel records meanwhile',
    withDaemon(async (daemon) => {
      using program = new NumberedWrites();
      let client = await daemon.start();
      const session = await makeSession(client, program);
      await program.write(100);
      await daemon.kill();
      await program.write(100);
      client = await daemon.start();
      await program.write(100);
      // All of it is written: a reader that is killed in the middle of a helping loses that.
      await client.call('stop-session', { session: 's' });
      await client.call('start-session', { session: 's' });
      const consumer = daemon.consumerPid(session.id)!;
      process.kill(consumer, 'SIGKILL');
      await program.write(100);
      await until('another consumer is there', () => {
        const pid = daemon.consumerPid(session.id);
        return pid !== undefined && pid !== consumer;
      });
      await program.write(100);
      await client.call('destroy-session', { session: 's' });
      const kernel = join(outputOf(session), 'kernel');
      expect(writesIn(kernel)).toEqual(upTo(500));
      expect(readByPeer(kernel).stderr).toBe('');
      expect(instancesOf(daemon)).toEqual([]);
    }),
    patientlyMs,
  );

  test(
    'files of a channel are as large and as many as it says',
    withDaemon(async (daemon) => {
      using program = new NumberedWrites();
      const client = await daemon.start();
      const limits = { subBufferSizeBytes: 65_536, subBufferCount: 64, traceFileSizeBytes: 65_536 };
      const sessions: Session[] = [];
      for (const [name, traceFileCount] of [
        ['all', 0],
        ['newest', 2],
      ] as const) {
        const { session } = await client.call('create-session', { name, mode: 'local' });
        const target = { session: name, domain: 'kernel', channel: 'ch' } as const;
        await client.call('enable-channel', { ...target, attributes: { ...limits, traceFileCount } });
        await client.call('enable-event', { ...target, rule: numberedRule(program) });
        await client.call('start-session', { session: name });
        sessions.push(session);
      }
      await program.write(20_000);
      for (const session of ['all', 'newest']) await client.call('destroy-session', { session });
      const [all = '', newest = ''] = sessions.map((session) => join(outputOf(session), 'kernel'));
      const filesIn = (path: string): readonly string[] =>
        readdirSync(path).filter((file) => /^ch_\d+_\d+$/.test(file));
      for (const path of [all, newest]) {
        const files = filesIn(path);
        expect(files.length).toBeGreaterThan(1);
        for (const file of files) expect(statSync(join(path, file)).size).toBeLessThanOrEqual(65_536);
        expect(readdirSync(path).filter((file) => /^ch_\d+$/.test(file))).toEqual([]);
        expect(readByPeer(path).stderr).toBe('');
      }
      expect(writesIn(all)).toEqual(upTo(20_000));
      expect(filesIn(newest).filter((file) => !/_[01]$/.test(file))).toEqual([]);
      // Of each processor the newest: those of the last one that the program ran on are all there.
      const kept = writesIn(newest);
      expect(kept.length).toBeLessThan(20_000);
      expect(kept.at(-1)).toBe(upTo(20_000).at(-1));
      expect(kept).toEqual([...new Set(kept)].sort((one, other) => one - other));
    }),
    patientlyMs,
  );

  test(
    'what the smallest rings overwrite is told to the last event, in each chunk',
    withDaemon(async (daemon) => {
      using program = new NumberedWrites();
      const client = await daemon.start();
      const { session } = await client.call('create-session', { name: 's', mode: 'local' });
      const target = { session: 's', domain: 'kernel', channel: 'ch' } as const;
      const attributes = { lossMode: 'overwrite', subBufferSizeBytes: 4096, subBufferCount: 2 } as const;
      await client.call('enable-channel', { ...target, attributes });
      await client.call('enable-event', { ...target, rule: numberedRule(program) });
      await client.call('start-session', { session: 's' });
      // The first page that is read comes after some that were overwritten.
      const consumer = daemon.consumerPid(session.id)!;
      process.kill(consumer, 'SIGSTOP');
      await program.write(20_000);
      process.kill(consumer, 'SIGCONT');
      const lossesOf = (path: string): number => lossesToldByPeer(join(path, 'kernel'));
      const stopped = await client.call('stop-session', { session: 's' });
      expect(stopped.losses.overwrittenCount).toBeGreaterThan(10_000);
      expect(lossesOf(outputOf(session))).toBe(stopped.losses.overwrittenCount);
      await client.call('start-session', { session: 's' });
      const { path: first } = await client.call('rotate-session', { session: 's' });
      await program.write(20_000);
      const { losses } = await client.call('stop-session', { session: 's' });
      const { path: second } = await client.call('destroy-session', { session: 's' });
      const chunks = [first, second!].map((path) => join(path, 'kernel'));
      const told = chunks.reduce((sum, chunk) => sum + lossesToldByPeer(chunk), 0);
      // The table of tasks needs events of which some are lost, too.
      expect(told).toBe(losses.overwrittenCount + losses.discardedCount);
      const lines = chunks.flatMap((chunk) => textOfPeer(chunk).split('\n'));
      const written = lines.filter((line) => line.includes(' syscall_entry_write: ')).length;
      expect(written).toBeGreaterThan(0);
      expect(written + told).toBeGreaterThanOrEqual(40_000);
    }),
    patientlyMs,
  );
});
