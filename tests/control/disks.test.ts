// Disks, shared memory and directories that cannot take what is recorded: told, counted, and no other session harmed.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SpoorError } from '@spoor/base';
import type { ControlClient } from '@spoor/control';
import { describe, expect, test } from 'vitest';
import {
  type EmittingProgram,
  type TestDaemon,
  patientlyMs,
  recordProgram,
  recordSteps,
  steps,
  until,
  upTo,
  withDaemon,
} from '../support/daemon.ts';
import { command, describeNeeding, root } from '../support/needs.ts';

/** Has a program emit until the full disk is told of; says how many events that were. */
async function emitUntilFull(client: ControlClient, program: EmittingProgram): Promise<number> {
  let emitted = 0;
  await until('the trouble is told of', async () => {
    await program.tell('emit 20000');
    emitted += 20_000;
    const { troubles } = await client.call('get-usage', { session: 's' });
    return troubles.some((line) => line.includes('the disk is full'));
  });
  return emitted;
}

/** Mounts a tmpfs of so many bytes for the length of some work. */
async function onSmallDisk(
  path: string,
  sizeBytes: number,
  work: (resize: (sizeBytes: number) => void) => Promise<void>,
): Promise<void> {
  mkdirSync(path, { recursive: true });
  const mount = (options: string): void => {
    const done = spawnSync('mount', ['-t', 'tmpfs', '-o', options, 'none', path], { encoding: 'utf8' });
    expect(done.status, done.stderr).toBe(0);
  };
  mount(`size=${sizeBytes},mode=700`);
  try {
    await work((size) => mount(`remount,size=${size}`));
  } finally {
    spawnSync('umount', ['--lazy', path]);
  }
}

describeNeeding([root(), command('mount')], 'room that is used up', () => {
  test(
    'on the disk is told of, losses are counted, and it goes on when there is room again',
    withDaemon(async (daemon) => {
      const disk = join(daemon.home, 'disk');
      await onSmallDisk(disk, 128 * 1024, async (resize) => {
        const path = join(disk, 'trace');
        const { client, program } = await recordProgram(daemon, path);
        const emitted = await emitUntilFull(client, program);
        // More than the ring holds, while nothing can be written: however soon the trouble was told of, some are lost.
        await program.tell('emit 20000');
        resize(64 * 1024 * 1024);
        await program.tell('emit 100');
        const { losses, warnings } = await client.call('destroy-session', { session: 's' });
        expect(warnings).toEqual([]);
        expect(losses.discardedCount).toBeGreaterThan(0);
        expect(losses.causes).toBeUndefined();
        expect(losses.eventCount + losses.discardedCount).toBe(emitted + 20_100);
        const numbers = steps(path);
        expect(numbers).toHaveLength(losses.eventCount);
        expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b));
      });
    }),
    patientlyMs,
  );

  test(
    'or a disk that is mounted for reading only: told of, and it goes on when that is over',
    withDaemon(async (daemon) => {
      const disk = join(daemon.home, 'disk');
      await onSmallDisk(disk, 64 * 1024 * 1024, async () => {
        const remount = (how: string): void => {
          const done = spawnSync('mount', ['-o', `remount,${how}`, disk], { encoding: 'utf8' });
          expect(done.status, done.stderr).toBe(0);
        };
        const client = await daemon.start();
        const path = join(disk, 'trace');
        const session = await recordSteps(client, path);
        remount('ro');
        const program = await daemon.program();
        await daemon.joined(session.id, program);
        await program.tell('emit 100');
        await until('the trouble is told of', async () => {
          const { troubles } = await client.call('get-usage', { session: 's' });
          return troubles.some((line) => line.includes('EROFS'));
        });
        await expect(client.call('rotate-session', { session: 's' })).rejects.toBeInstanceOf(SpoorError);
        const other = { kind: 'local', path: join(disk, 'other') } as const;
        await client.call('create-session', { name: 'other', mode: 'local', output: other });
        await client.call('enable-event', {
          session: 'other',
          domain: 'user',
          rule: { kind: 'user-tracepoint', name: '*' },
        });
        await expect(client.call('start-session', { session: 'other' })).rejects.toBeInstanceOf(SpoorError);
        remount('rw');
        await program.tell('emit 100');
        const { warnings } = await client.call('destroy-session', { session: 's' });
        expect(warnings).toEqual([]);
        expect(steps(path)).toEqual(upTo(200));
      });
    }),
    patientlyMs,
  );

  test(
    'on the disk for good keeps no session from its end: what could not be written is told and counted',
    withDaemon(async (daemon) => {
      const disk = join(daemon.home, 'disk');
      await onSmallDisk(disk, 128 * 1024, async () => {
        const path = join(disk, 'trace');
        const { client, program } = await recordProgram(daemon, path);
        const emitted = await emitUntilFull(client, program);
        const { losses, warnings } = await client.call('destroy-session', { session: 's' });
        expect(warnings).toEqual([expect.stringMatching(/^not all could be written: .* the disk is full/)]);
        expect(losses.eventCount + losses.discardedCount).toBe(emitted);
        const { unwrittenCount = 0 } = losses.causes ?? {};
        // What was in the ring; what came when that was full had no room.
        expect(unwrittenCount).toBeGreaterThan(0);
        expect(unwrittenCount).toBeLessThan(losses.discardedCount);
        expect(steps(path)).toHaveLength(losses.eventCount);
        expect(readdirSync(join(daemon.hub, 'sessions'))).toEqual([]);
      });
    }),
    patientlyMs,
  );

  test(
    'in shared memory refuses what needs it, and nothing else',
    withDaemon(async (daemon) => {
      await onSmallDisk(daemon.runDir, 8 * 1024 * 1024, async () => {
        await sharedMemoryIsFull(daemon);
      });
    }),
    patientlyMs,
  );
});

describe('a directory in whose place there is a file', () => {
  test(
    'holds up no session but its own, also where another consumer takes over, and not the end of that one',
    withDaemon(async (daemon) => {
      const path = join(daemon.home, 'trace');
      const { client, session, program } = await recordProgram(daemon, path);
      await program.tell('emit 100');
      const output = { kind: 'local', path: join(daemon.home, 'other') } as const;
      const { session: other } = await client.call('create-session', {
        name: 'other',
        mode: 'local',
        output,
      });
      const rule = { kind: 'user-tracepoint', name: 'test:step' } as const;
      await client.call('enable-event', { session: 'other', domain: 'user', rule });
      await client.call('start-session', { session: 'other' });
      await daemon.joined(other.id, program);
      renameSync(path, `${path}.away`);
      writeFileSync(path, '');
      process.kill(daemon.consumerPid(session.id)!, 'SIGKILL');
      await program.tell('emit 100');
      expect((await client.call('get-usage', { session: 'other' })).troubles).toEqual([]);
      const { warnings } = await client.call('destroy-session', { session: 's' });
      expect(warnings).toEqual([expect.stringMatching(/^not all could be written: .*ENOTDIR/)]);
      expect((await client.call('destroy-session', { session: 'other' })).warnings).toEqual([]);
      expect(steps(output.path)).toEqual(upTo(200).slice(100));
    }),
    patientlyMs,
  );

  test(
    'of archives leaves the last chunk where it is',
    withDaemon(async (daemon) => {
      const path = join(daemon.home, 'trace');
      const { client, program } = await recordProgram(daemon, path);
      await program.tell('emit 100');
      await client.call('rotate-session', { session: 's', wait: true });
      await program.tell('emit 100');
      renameSync(join(path, 'archives'), join(path, 'away'));
      writeFileSync(join(path, 'archives'), '');
      const ended = await client.call('destroy-session', { session: 's' });
      expect(ended.warnings).toEqual([
        expect.stringMatching(/^the last chunk stays in .*: .*E(?:EXIST|NOTDIR)/),
      ]);
      expect(steps(ended.path!)).toEqual(upTo(200).slice(100));
      expect(readdirSync(join(daemon.hub, 'sessions'))).toEqual([]);
    }),
    patientlyMs,
  );
});

async function sharedMemoryIsFull(daemon: TestDaemon): Promise<void> {
  const { client, program } = await recordProgram(daemon, join(daemon.home, 'trace'));
  await program.tell('emit 10');
  const filler = join(daemon.runDir, 'filler');
  expect(spawnSync('dd', ['if=/dev/zero', `of=${filler}`, 'bs=4k']).status).not.toBe(0);
  const second = client.call('create-session', { name: 'second', mode: 'local' });
  await expect(second).rejects.toMatchObject({
    code: expect.stringMatching(/^(control|record)\//) as unknown,
  });
  await program.tell('emit 10');
  const { sessions } = await client.call('list-sessions', {});
  expect(sessions.map(({ name }) => name)).toEqual(['s']);
  rmSync(filler);
  await client.call('create-session', { name: 'second', mode: 'local' });
  await client.call('destroy-session', { session: 'second' });
  const { losses } = await client.call('destroy-session', { session: 's' });
  expect(losses).toMatchObject({ eventCount: 20, discardedCount: 0 });
  expect(steps(join(daemon.home, 'trace'))).toEqual(upTo(20));
  const { pid } = daemon;
  process.kill(pid!, 'SIGTERM');
  await until('the daemon has ended', () => !existsSync(`/proc/${pid}/exe`));
}
