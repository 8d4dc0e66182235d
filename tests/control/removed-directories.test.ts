// Somebody removes directories in shared memory while programs are recorded: nothing stays behind, and sessions can be ended.
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  hasEnded,
  patientlyMs,
  recordProgram,
  recordSteps,
  steps,
  until,
  upTo,
  withDaemon,
} from '../support/daemon.ts';

describe('the directories of a recording in shared memory are removed', () => {
  test(
    'after the daemon was killed: the consumer ends',
    withDaemon(async (daemon) => {
      const { session } = await recordProgram(daemon, join(daemon.home, 'trace'));
      const consumer = daemon.consumerPid(session.id)!;
      await daemon.kill();
      rmSync(daemon.runDir, { recursive: true });
      await until('the consumer has ended', () => hasEnded(consumer));
    }),
    patientlyMs,
  );

  test(
    'while the daemon runs: it says so, the session can be destroyed, and others be made',
    withDaemon(async (daemon) => {
      const path = join(daemon.home, 'trace');
      const { client, session, program } = await recordProgram(daemon, path);
      await program.tell('emit 10');
      await until('the consumer has found the ring', async () => {
        return (await client.call('get-usage', { session: 's' })).channels.length > 0;
      });
      rmSync(daemon.hub, { recursive: true });
      const lost = expect.stringMatching(
        /sessions\/1, by which .* was removed: .* not written is lost$/,
      ) as string;
      expect(await client.call('get-usage', { session: 's' })).toMatchObject({ troubles: [lost] });
      const { warnings, losses } = await client.call('destroy-session', { session: 's' });
      expect(warnings).toEqual([lost]);
      expect(losses.eventCount + losses.discardedCount).toBe(10);
      expect((await client.call('list-sessions', {})).sessions).toEqual([]);
      const next = await recordSteps(client, join(daemon.home, 'next'));
      expect(next.id).not.toBe(session.id);
      const other = await daemon.program();
      await daemon.joined(next.id, other);
      await other.tell('emit 100');
      await client.call('destroy-session', { session: 's' });
      expect(steps(join(daemon.home, 'next'))).toEqual(upTo(100));
    }),
    patientlyMs,
  );

  test(
    'between two daemons: the later one makes them anew, and what programs record from then on is in the trace',
    withDaemon(async (daemon) => {
      const path = join(daemon.home, 'trace');
      const { session, program } = await recordProgram(daemon, path);
      await daemon.kill();
      rmSync(daemon.hub, { recursive: true });
      const client = await daemon.start();
      await daemon.joined(session.id, program);
      await program.tell('emit 1000');
      const { warnings } = await client.call('destroy-session', { session: 's' });
      expect(warnings).toEqual([]);
      expect(steps(path)).toEqual(upTo(1000));
      expect(readdirSync(join(daemon.hub, 'sessions'))).toEqual([]);
    }),
    patientlyMs,
  );

  test(
    'with the directory of the daemon: it ends, and its consumer',
    withDaemon(async (daemon) => {
      const { session } = await recordProgram(daemon, join(daemon.home, 'trace'));
      const [first, consumer] = [daemon.pid!, daemon.consumerPid(session.id)!];
      rmSync(daemon.runDir, { recursive: true });
      await until('the daemon has ended', () => hasEnded(first));
      await until('the consumer has ended', () => hasEnded(consumer));
    }),
    patientlyMs,
  );

  test(
    'with the directory of the daemon, and another daemon is started: the one before ends and leaves it alone',
    withDaemon(async (daemon) => {
      const { session } = await recordProgram(daemon, join(daemon.home, 'trace'));
      const [first, consumer] = [daemon.pid!, daemon.consumerPid(session.id)!];
      rmSync(join(daemon.runDir, 'spoor'), { recursive: true });
      const path = join(daemon.home, 'next');
      const { program } = await recordProgram(daemon, path);
      await program.tell('emit 1000');
      await until('the daemon before has ended', () => hasEnded(first));
      await until('its consumer has ended', () => hasEnded(consumer));
      await program.tell('emit 1000');
      // By the socket that is there.
      const client = await daemon.connect();
      await client.call('stop-session', { session: 's' });
      await daemon.kill();
      const { losses } = await (await daemon.start()).call('destroy-session', { session: 's' });
      expect(losses).toEqual({ eventCount: 2000, discardedCount: 0, overwrittenCount: 0 });
      expect(steps(path)).toEqual(upTo(2000));
    }),
    patientlyMs,
  );
});
