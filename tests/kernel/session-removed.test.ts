// Somebody removes the directories of sessions that record the kernel: nothing of them stays in the kernel.
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { findTracefs } from '@spoor/kernel/node';
import { expect, test } from 'vitest';
import { type TestDaemon, hasEnded, patientlyMs, until, upTo, withDaemon } from '../support/daemon.ts';
import { describeNeeding, tracefs } from '../support/needs.ts';
import { NumberedWrites, numberedRule, writesIn } from '../support/numbered-writes.ts';

/** Instances of the sessions of a daemon. */
function instancesOf(daemon: TestDaemon): readonly string[] {
  return readdirSync(join(findTracefs(), 'instances')).filter((name) =>
    name.includes(encodeURIComponent(daemon.runDir)),
  );
}

/** A daemon with a session that has recorded 100 calls of a program. */
async function recordWrites(daemon: TestDaemon, program: NumberedWrites, path: string) {
  const client = await daemon.start();
  const output = { kind: 'local', path } as const;
  const { session } = await client.call('create-session', { name: 's', mode: 'local', output });
  const rule = numberedRule(program);
  await client.call('enable-event', { session: 's', domain: 'kernel', rule });
  await client.call('start-session', { session: 's' });
  await program.write(100);
  expect(instancesOf(daemon)).toHaveLength(1);
  return { client, consumer: daemon.consumerPid(session.id)! };
}

describeNeeding([tracefs()], 'the directories of a recording of the kernel are removed', () => {
  test(
    'after the daemon was killed: what the kernel had recorded is written, and the consumer ends',
    withDaemon(async (daemon) => {
      using program = new NumberedWrites();
      const path = join(daemon.home, 'trace');
      const { consumer } = await recordWrites(daemon, program, path);
      await daemon.kill();
      rmSync(daemon.runDir, { recursive: true });
      await until('the consumer has ended', () => hasEnded(consumer));
      expect(instancesOf(daemon)).toEqual([]);
      expect(writesIn(join(path, 'kernel'))).toEqual(upTo(100));
    }),
    patientlyMs,
  );

  test(
    'while the daemon runs: the session can be destroyed, with all that the kernel had recorded',
    withDaemon(async (daemon) => {
      using program = new NumberedWrites();
      const path = join(daemon.home, 'trace');
      const { client } = await recordWrites(daemon, program, path);
      rmSync(daemon.hub, { recursive: true });
      await program.write(10);
      const { warnings } = await client.call('destroy-session', { session: 's' });
      expect(warnings).toEqual([expect.stringContaining('was removed')]);
      expect(instancesOf(daemon)).toEqual([]);
      expect(writesIn(join(path, 'kernel'))).toEqual(upTo(110));
    }),
    patientlyMs,
  );
});
