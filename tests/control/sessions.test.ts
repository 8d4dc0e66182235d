// Sessions of a real daemon, with real programs that come and go.
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { ControlClient, EventRule } from '@spoor/control';
import { describe, expect, test } from 'vitest';
import { patientlyMs, steps, until, upTo, withDaemon } from '../support/daemon.ts';
import { babeltrace2 } from '../support/lttng.ts';
import { command, describeNeeding } from '../support/needs.ts';
import { spoor } from '../support/spoor.ts';

/** Where a ring says whether its reader sleeps: docs/design/formats.md. */
const wokenAt = 194;
const stepRule: EventRule = { kind: 'user-tracepoint', name: 'test:step' };

async function makeSession(client: ControlClient, mode: 'local' | 'snapshot' | 'no-output' = 'local') {
  const { session } = await client.call('create-session', { name: 's', mode });
  await client.call('enable-event', { session: 's', domain: 'user', rule: stepRule });
  await client.call('start-session', { session: 's' });
  return session;
}

function outputOf(session: Awaited<ReturnType<typeof makeSession>>): string {
  const output = session.output ?? session.snapshotOutputs[0]?.output;
  if (output?.kind !== 'local') throw new Error('no output');
  return output.path;
}

describe('a session', () => {
  test(
    'records programs that ran before the daemon, that come later, and that end before it does',
    withDaemon(async (daemon) => {
      const before = await daemon.program();
      const client = await daemon.start();
      const session = await makeSession(client);
      await daemon.joined(session.id, before);
      await before.tell('emit 1000');
      const after = await daemon.program();
      await after.tell('emit 500');
      await after.end();
      await client.call('stop-session', { session: 's' });
      expect(steps(outputOf(session)).sort((a, b) => a - b)).toEqual(
        [...upTo(1000), ...upTo(500)].sort((a, b) => a - b),
      );
      await client.call('destroy-session', { session: 's' });
      expect(readdirSync(join(daemon.hub, 'sessions'))).toEqual([]);
    }),
  );

  test(
    'has nothing of the time when it was stopped, and no program needs to end for its events to be there',
    withDaemon(async (daemon) => {
      const client = await daemon.start();
      const session = await makeSession(client);
      const program = await daemon.program();
      await program.tell('emit 10');
      const { losses, warnings } = await client.call('stop-session', { session: 's' });
      expect(warnings).toEqual([]);
      expect(losses).toEqual({ eventCount: 10, discardedCount: 0, overwrittenCount: 0 });
      expect(steps(outputOf(session))).toEqual(upTo(10));
      await program.tell('emit 5');
      await client.call('start-session', { session: 's' });
      await daemon.joined(session.id, program);
      await program.tell('emit 3');
      await client.call('stop-session', { session: 's' });
      expect(steps(outputOf(session))).toEqual([...upTo(10), 15, 16, 17]);
    }),
  );

  test(
    'tells what programs count, those that run and those that ended',
    withDaemon(async (daemon) => {
      const client = await daemon.start();
      for (const mode of ['local', 'snapshot'] as const) {
        const session = await makeSession(client, mode);
        expect((await client.call('get-usage', { session: 's' })).counters).toEqual({});
        const first = await daemon.program();
        await daemon.joined(session.id, first);
        await first.tell('count 40');
        expect((await client.call('get-usage', { session: 's' })).counters).toEqual({ 'test:counted': 40 });
        await first.end();
        const second = await daemon.program();
        await daemon.joined(session.id, second);
        await second.tell('count 2.5');
        const counters = { 'test:counted': 42.5 };
        const env = daemon.environment;
        const listed = spoor(['list', 's'], { env });
        expect(listed.stdout).toContain('Counters of the programs:\n-------------\n  test:counted = 42.5\n');
        expect(JSON.parse(spoor(['list', 's', '--json'], { env }).stdout)).toMatchObject({
          usage: { counters },
        });
        expect((await client.call('stop-session', { session: 's' })).counters).toEqual(counters);
        const destroyed = spoor(['destroy', 's'], { env });
        expect(destroyed.stdout).toContain('test:counted = 42.5\n');
        await second.end();
      }
    }),
  );

  test(
    'lets its consumer sleep while nothing happens, and programs wake it',
    withDaemon(async (daemon) => {
      const client = await daemon.start();
      await client.call('create-session', { name: 's', mode: 'local' });
      // The program waits for the consumer: nothing is lost, however late that comes.
      const attributes = { subBufferSizeBytes: 4096, subBufferCount: 4, blockingTimeoutUs: -1 };
      await client.call('enable-channel', { session: 's', domain: 'user', channel: 'c', attributes });
      await client.call('enable-event', { session: 's', domain: 'user', channel: 'c', rule: stepRule });
      await client.call('start-session', { session: 's' });
      const { sessions } = await client.call('list-sessions', {});
      const session = sessions[0]!;
      const program = await daemon.program();
      await daemon.joined(session.id, program);
      const folder = join(daemon.hub, 'sessions', String(session.id));
      const rings = () => {
        const name = readdirSync(folder).find((entry) => entry.startsWith(`${program.child.pid}-`))!;
        return join(folder, name, 'rings');
      };
      for (const emitted of [100, 5000, 20_000]) {
        await program.tell(`emit ${emitted}`);
        await until('the consumer sleeps', () =>
          readdirSync(rings())
            .filter((name) => name.endsWith('.ring'))
            .every((name) => readFileSync(join(rings(), name))[wokenAt] === 0),
        );
      }
      const { losses } = await client.call('destroy-session', { session: 's' });
      expect(losses).toMatchObject({ eventCount: 25_100, discardedCount: 0 });
      expect(steps(outputOf(session))).toEqual(upTo(25_100));
    }),
    patientlyMs,
  );

  test(
    'takes rules, channels and sizes while it records',
    withDaemon(async (daemon) => {
      const client = await daemon.start();
      const session = await makeSession(client);
      const program = await daemon.program();
      await program.tell('emit 2');
      const rule: EventRule = { ...stepRule, name: 'test:other', filter: 'n > 1' };
      const added = await client.call('enable-event', {
        session: 's',
        domain: 'user',
        channel: 'more',
        rule,
      });
      expect(added).toMatchObject({ channel: 'more', outcome: 'created' });
      const resized = await client.call('enable-channel', {
        session: 's',
        domain: 'user',
        channel: 'channel0',
        attributes: { subBufferSizeBytes: 5000, subBufferCount: 3 },
      });
      expect(resized).toMatchObject({
        outcome: 'resized',
        channel: { subBufferSizeBytes: 8192, subBufferCount: 4 },
      });
      expect(resized.warnings).toHaveLength(2);
      await client.call('add-context', { session: 's', domain: 'user', contexts: ['vtid'] });
      await daemon.joined(session.id, program);
      await program.tell('emit 2');
      await program.tell('other 4');
      await client.call('disable-event', { session: 's', domain: 'user', name: 'test:step' });
      await daemon.joined(session.id, program);
      await program.tell('emit 2');
      await program.end();
      await client.call('destroy-session', { session: 's' });
      expect(steps(outputOf(session))).toEqual(upTo(4));
      const trace = join(outputOf(session), 'ust/pid');
      const streams = readdirSync(join(trace, readdirSync(trace)[0]!));
      expect(streams.filter((name) => name.startsWith('channel0_'))).toHaveLength(2);
      expect(streams.filter((name) => name.startsWith('more_'))).toHaveLength(1);
    }),
  );

  test(
    'is refused what makes no sense, by errors with a name',
    withDaemon(async (daemon) => {
      const client = await daemon.start();
      await client.call('create-session', { name: 'shop', mode: 'local' });
      const refused = async (asked: Promise<unknown>) => {
        const error: unknown = await asked.then(
          () => 'taken',
          (failure: unknown) => failure,
        );
        return (error as { code?: string }).code;
      };
      const session = 'shop';
      expect(await refused(client.call('create-session', { name: 'shop', mode: 'local' }))).toBe(
        'control/session-exists',
      );
      for (const name of ['a/b', '..', '', 'a\nb']) {
        expect(await refused(client.call('create-session', { name, mode: 'local' }))).toBe(
          'control/invalid-name',
        );
      }
      expect(await refused(client.call('start-session', { session }))).toBe('control/no-channel');
      expect(await refused(client.call('start-session', { session: 'shopp' }))).toBe('control/no-session');
      expect(await refused(client.call('stop-session', { session }))).toBe('control/already-stopped');
      const bad = { ...stepRule, filter: 'n ===' };
      expect(await refused(client.call('enable-event', { session, domain: 'user', rule: bad }))).toBe(
        'control/invalid-filter',
      );
      expect(await refused(client.call('rotate-session', { session }))).toBe('control/not-rotatable');
      expect(await refused(client.call('record-snapshot', { session }))).toBe(
        'control/not-a-snapshot-session',
      );
      const ofKernel: EventRule = { kind: 'kernel-tracepoint', name: 'sched_switch' };
      expect(await refused(client.call('enable-event', { session, domain: 'user', rule: ofKernel }))).toBe(
        'control/invalid-rule',
      );
      const attributes = { lossMode: 'overwrite', blockingTimeoutUs: 5 } as const;
      expect(
        await refused(client.call('enable-channel', { session, domain: 'user', channel: 'c', attributes })),
      ).toBe('control/channel-attributes');
    }),
  );
});

describeNeeding([command('babeltrace2')], 'trace chunks', () => {
  test(
    'each is a complete trace, and together they have every event once',
    withDaemon(async (daemon) => {
      const client = await daemon.start();
      const session = await makeSession(client);
      const program = await daemon.program();
      await program.tell('emit 100');
      const first = await client.call('rotate-session', { session: 's' });
      await program.tell('emit 50');
      const second = await client.call('rotate-session', { session: 's' });
      await program.tell('emit 7');
      const { path } = await client.call('destroy-session', { session: 's' });
      const output = outputOf(session);
      expect(readdirSync(output)).toEqual(['archives']);
      const chunks = [first.path, second.path, path!];
      expect(
        readdirSync(join(output, 'archives'))
          .sort((a, b) => a.localeCompare(b))
          .map((name) => join(output, 'archives', name)),
      ).toEqual(chunks);
      expect(chunks.map((chunk) => steps(chunk).length)).toEqual([100, 50, 7]);
      expect(chunks.flatMap(steps)).toEqual(upTo(157));
      for (const [at, chunk] of chunks.entries()) {
        expect(chunk).toMatch(new RegExp(`/archives/\\d{8}T\\d{6}\\+0000-\\d{8}T\\d{6}\\+0000-${at}$`));
        const read = babeltrace2([chunk]);
        expect(read.stderr).toBe('');
        expect(read.stdout.trim().split('\n')).toHaveLength([100, 50, 7][at]!);
      }
    }),
  );

  test(
    'are archived by size and by time, and told of',
    withDaemon(async (daemon) => {
      const client = await daemon.start();
      const session = await makeSession(client);
      const told = await client.notifications('rotation');
      const program = await daemon.program();
      await client.call('set-rotation', { session: 's', sizeBytes: 4096 });
      await program.tell('emit 1000');
      await client.call('clear-session', { session: 's' });
      await program.tell('emit 1000');
      await client.call('set-rotation', { session: 's', sizeBytes: null, periodUs: 1000 });
      for await (const notification of told) {
        if (notification.topic === 'rotation' && notification.state === 'archived') {
          expect(existsSync(notification.path!)).toBe(true);
          if (notification.chunkId === 1) break;
        }
      }
      const { rotation } = await client.call('set-rotation', { session: 's', periodUs: null });
      expect(rotation).toEqual({});
      await client.call('destroy-session', { session: 's' });
      // What was cleared is nowhere.
      expect(steps(outputOf(session))).toEqual(upTo(2000).slice(1000));
    }),
  );

  test(
    'files are for user and group, directories too',
    withDaemon(async (daemon) => {
      const client = await daemon.start();
      const session = await makeSession(client);
      const program = await daemon.program();
      await program.tell('emit 1');
      await program.end();
      await client.call('stop-session', { session: 's' });
      const modes = new Set(
        readdirSync(outputOf(session), { recursive: true, withFileTypes: true }).map((entry) => {
          const { mode } = statSync(join(entry.parentPath, entry.name));
          return `${entry.isDirectory() ? 'd' : '-'}${(mode & 0o777).toString(8)}`;
        }),
      );
      expect(modes).toEqual(new Set(['-660', 'd770']));
      expect((statSync(join(daemon.runDir, 'spoor/control.sock')).mode & 0o007).toString(8)).toBe('0');
    }),
  );
});

describeNeeding([command('babeltrace2')], 'a flight recorder', () => {
  test(
    'has the last events of programs that live and of one that was killed, in every snapshot',
    withDaemon(async (daemon) => {
      const client = await daemon.start();
      const session = await makeSession(client, 'snapshot');
      const living = await daemon.program();
      const killed = await daemon.program();
      await living.tell('emit 10');
      await killed.tell('emit 20');
      await killed.kill();
      const { snapshots } = await client.call('record-snapshot', { session: 's' });
      expect(snapshots).toHaveLength(1);
      expect(snapshots[0]).toMatchObject({ eventCount: 30 });
      expect(snapshots[0]!.path).toMatch(/\/snapshot-1-\d{8}-\d{6}-0$/);
      expect(snapshots[0]!.path.startsWith(outputOf(session))).toBe(true);
      expect(babeltrace2([snapshots[0]!.path]).stdout.trim().split('\n')).toHaveLength(30);
      await living.tell('emit 5');
      const again = await client.call('record-snapshot', { session: 's', name: 'again' });
      expect(again.snapshots[0]).toMatchObject({ eventCount: 35 });
      expect(again.snapshots[0]!.path).toMatch(/\/again-\d{8}-\d{6}-1$/);
      await client.call('clear-session', { session: 's' });
      await living.tell('emit 2');
      const cleared = await client.call('record-snapshot', { session: 's' });
      expect(steps(cleared.snapshots[0]!.path)).toEqual([15, 16]);
    }),
  );

  test(
    'writes to several outputs, within their sizes',
    withDaemon(async (daemon) => {
      const client = await daemon.start();
      const session = await makeSession(client, 'no-output');
      const attributes = { lossMode: 'overwrite', subBufferSizeBytes: 4096, subBufferCount: 8 } as const;
      await client.call('enable-channel', { session: 's', domain: 'user', channel: 'channel0', attributes });
      const program = await daemon.program();
      await daemon.joined(session.id, program);
      await program.tell('emit 100000');
      const output = (name: string) => ({ kind: 'local', path: join(daemon.home, name) }) as const;
      await expect(client.call('record-snapshot', { session: 's' })).rejects.toMatchObject({
        code: 'control/no-snapshot-output',
      });
      await client.call('add-snapshot-output', { session: 's', output: output('one'), name: 'one' });
      await client.call('add-snapshot-output', { session: 's', output: output('two'), maxSizeBytes: 9000 });
      const { snapshots } = await client.call('record-snapshot', { session: 's' });
      const [whole, small] = snapshots.map(({ path }) => steps(path));
      expect(whole!.at(-1)).toBe(99_999);
      expect(small!.at(-1)).toBe(99_999);
      expect(whole!.length).toBeGreaterThan(small!.length);
      expect(snapshots[1]!.sizeBytes).toBeLessThanOrEqual(9000);
      expect(small).toEqual(whole!.slice(-small!.length));
      await client.call('remove-snapshot-output', { session: 's', output: 'one' });
      const { session: now } = await client.call('get-session', { session: 's' });
      expect(now.snapshotOutputs.map(({ name }) => name)).toEqual(['snapshot-2']);
      // Numbers are not used again, whatever becomes of the daemon.
      await client.call('remove-snapshot-output', { session: 's', output: 2 });
      await daemon.kill();
      const next = await daemon.start();
      const { output: third } = await next.call('add-snapshot-output', { session: 's', output: output('3') });
      expect(third).toMatchObject({ id: 3, name: 'snapshot-3' });
    }),
  );
});

describe('snapshots of a size', () => {
  test(
    'rings that hold little leave room to the others, and one with room for nothing is refused',
    withDaemon(async (daemon) => {
      const client = await daemon.start();
      const session = await makeSession(client, 'snapshot');
      const programs = [await daemon.program(), await daemon.program(), await daemon.program()];
      for (const program of programs) await daemon.joined(session.id, program);
      for (const program of programs.slice(1)) await program.tell('emit 10');
      // One packet, of 8 bytes an event: more than a third of what is allowed.
      await programs[0]!.tell('emit 20000');
      const output = { kind: 'local', path: join(daemon.home, 'shots') } as const;
      const asked = { session: 's', output } as const;
      const { snapshots } = await client.call('record-snapshot', { ...asked, maxSizeBytes: 250_000 });
      expect(snapshots[0]).toMatchObject({ eventCount: 20_020 });
      expect(snapshots[0]!.sizeBytes).toBeLessThanOrEqual(250_000);
      await expect(client.call('record-snapshot', { ...asked, maxSizeBytes: 60 })).rejects.toMatchObject({
        code: 'control/snapshot-size',
        message: expect.stringMatching(/^no packet fits into a snapshot of 60 bytes: the smallest has \d+$/),
      });
      expect(readdirSync(output.path)).toHaveLength(1);
      // What fits is written, and what does not is told.
      await client.call('record-snapshot', { ...asked, maxSizeBytes: 20_000 });
      const { troubles } = await client.call('get-usage', { session: 's' });
      expect(troubles.join()).toContain('a snapshot of 20000 bytes has nothing of one ring');
    }),
  );
});

describe('whoever is killed', () => {
  test(
    'the daemon: the next one goes on with its sessions, and nothing is lost',
    withDaemon(async (daemon) => {
      const client = await daemon.start();
      const session = await makeSession(client);
      const program = await daemon.program();
      await program.tell('emit 1000');
      await daemon.kill();
      await program.tell('emit 1000');
      const next = await daemon.start();
      const { sessions } = await next.call('list-sessions', {});
      expect(sessions).toMatchObject([{ name: 's', isActive: true }]);
      await program.tell('emit 1000');
      await next.call('rotate-session', { session: 's' });
      await program.tell('emit 10');
      const { losses } = await next.call('destroy-session', { session: 's' });
      expect(losses).toEqual({ eventCount: 3010, discardedCount: 0, overwrittenCount: 0 });
      expect(steps(outputOf(session))).toEqual(upTo(3010));
      expect(readdirSync(join(daemon.hub, 'sessions'))).toEqual([]);
    }),
  );

  test(
    'the consumer: another one takes its place',
    withDaemon(async (daemon) => {
      const client = await daemon.start();
      const session = await makeSession(client);
      const program = await daemon.program();
      for (let round = 0; round < 3; round += 1) {
        await program.tell('emit 20000');
        const pid = daemon.consumerPid(session.id);
        if (pid !== undefined && pid !== daemon.pid) process.kill(pid, 'SIGKILL');
      }
      await program.tell('emit 5');
      await client.call('stop-session', { session: 's' });
      await client.call('destroy-session', { session: 's' });
      expect(steps(outputOf(session))).toEqual(upTo(60_005));
    }),
  );

  test(
    'both, and the program: what it had recorded is in the trace',
    withDaemon(async (daemon) => {
      const client = await daemon.start();
      const session = await makeSession(client);
      const program = await daemon.program();
      await program.tell('emit 3000');
      const consumer = daemon.consumerPid(session.id)!;
      await daemon.kill();
      process.kill(consumer, 'SIGKILL');
      await program.tell('emit 3000');
      await program.kill();
      const next = await daemon.start();
      await until('the rest is written', async () => {
        const { losses } = await next.call('get-usage', { session: 's' });
        return losses.eventCount === 6000;
      });
      await next.call('destroy-session', { session: 's' });
      expect(steps(outputOf(session))).toEqual(upTo(6000));
    }),
  );
});
