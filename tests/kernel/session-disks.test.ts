// What disks do to the kernel's part of sessions: no room, and directories that somebody removes.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ControlClient } from '@spoor/control';
import { findTracefs, sweepSessions } from '@spoor/kernel/node';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { patientlyMs, upTo, withDaemon } from '../support/daemon.ts';
import { command, describeNeeding, tracefs } from '../support/needs.ts';
import { NumberedWrites, numberedRule, writesIn } from '../support/numbered-writes.ts';
import { readByPeer } from '../support/recording.ts';
import { removeTree } from '../support/removal.ts';

async function record(client: ControlClient, program: NumberedWrites, path: string): Promise<void> {
  await client.call('create-session', { name: 's', mode: 'local', output: { kind: 'local', path } });
  await client.call('enable-event', { session: 's', domain: 'kernel', rule: numberedRule(program) });
  await client.call('start-session', { session: 's' });
}

describeNeeding([tracefs(), command('babeltrace2')], 'the kernel in sessions, and their disks', () => {
  const folder = mkdtempSync(join(tmpdir(), 'spoor-disks-'));
  const small = join(folder, 'small');
  beforeAll(() => {
    mkdirSync(small);
    expect(spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'none', small]).status).toBe(0);
  });
  afterEach(() => void sweepSessions(findTracefs()));
  afterAll(() => {
    spawnSync('umount', ['--lazy', small]);
    removeTree(folder);
  });

  test(
    'a chunk that cannot be begun is refused, and the one before goes on',
    withDaemon(async (daemon) => {
      using program = new NumberedWrites();
      const client = await daemon.start();
      const output = join(small, 'session');
      await record(client, program, output);
      await program.write(20);
      // Written, so that its files are there.
      await client.call('stop-session', { session: 's' });
      await client.call('start-session', { session: 's' });
      const filler = join(small, 'filler');
      expect(() => writeFileSync(filler, Buffer.alloc(2 ** 21))).toThrow('ENOSPC');
      for (let attempt = 0; attempt < 2; attempt += 1)
        await expect(client.call('rotate-session', { session: 's' })).rejects.toThrow(
          /cannot write .*ENOSPC/s,
        );
      rmSync(filler);
      await program.write(20);
      const { path: first } = await client.call('rotate-session', { session: 's' });
      await program.write(20);
      const { path: last } = await client.call('destroy-session', { session: 's' });
      expect(writesIn(join(first, 'kernel'))).toEqual(upTo(40));
      expect(writesIn(join(last!, 'kernel'))).toEqual(upTo(60).slice(40));
      expect(readByPeer(output).stderr).toBe('');
    }),
    patientlyMs,
  );

  test(
    'where the directory was removed, the next chunk is whole again',
    withDaemon(async (daemon) => {
      using program = new NumberedWrites();
      const client = await daemon.start();
      const output = join(folder, 'removed');
      await record(client, program, output);
      rmSync(output, { recursive: true });
      await program.write(20);
      const { path: gone } = await client.call('rotate-session', { session: 's' });
      expect(existsSync(join(gone, 'kernel'))).toBe(false);
      await program.write(20);
      const { path, losses } = await client.call('destroy-session', { session: 's' });
      expect(writesIn(join(path!, 'kernel'))).toEqual(upTo(40).slice(20));
      expect(losses.discardedCount).toBeGreaterThanOrEqual(20);
      expect(losses.causes).toEqual({ unwrittenCount: losses.discardedCount });
    }),
    patientlyMs,
  );
});
