// Triggers of a real daemon: a slow request of the example shop, usage and rotations of sessions, trackers.
import { spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { openTrace } from '@spoor/components/node';
import type { ControlClient, EventRule, TriggerNotification, TriggerRequest } from '@spoor/control';
import { readTriggerArguments } from '@spoor/trigger';
import { LOG_LEVELS } from '@spoor/tracer/names';
import { describe, expect, test } from 'vitest';
import { type TestDaemon, until, withDaemon } from '../support/daemon.ts';
import { babeltrace2 } from '../support/lttng.ts';
import { repoRoot } from '../support/machine.ts';
import { command, describeNeeding } from '../support/needs.ts';
import { registerUrl } from '../support/session.ts';
import { removeTree } from '../support/removal.ts';

const context = {
  levels: LOG_LEVELS,
  resolvePath: (path: string) => path,
  resolvePlace: (text: string) => text,
};
const triggerOf = (...args: readonly string[]): TriggerRequest => readTriggerArguments(args, context);
const stepRule: EventRule = { kind: 'user-tracepoint', name: 'test:step' };

/** Collects what is told of triggers, from now on. */
async function listen(daemon: TestDaemon): Promise<readonly TriggerNotification[]> {
  const told: TriggerNotification[] = [];
  const client = await daemon.connect();
  const notifications = await client.notifications('trigger');
  void (async () => {
    for await (const one of notifications) if (one.topic === 'trigger') told.push(one.notification);
  })();
  return told;
}

async function recordSteps(
  client: ControlClient,
  daemon: TestDaemon,
  mode: 'local' | 'snapshot',
): Promise<number> {
  const path = join(daemon.home, 'trace');
  const { session } = await client.call('create-session', {
    name: 's',
    mode,
    output: { kind: 'local', path },
  });
  await client.call('enable-event', { session: 's', domain: 'user', rule: stepRule });
  await client.call('start-session', { session: 's' });
  return session.id;
}

describeNeeding([command('babeltrace2')], 'the shop', () => {
  test(
    'has its last seconds written when a request takes longer than 250 ms, once a minute at most',
    withDaemon(async (daemon) => {
      const client = await daemon.start();
      const told = await listen(daemon);
      const path = join(daemon.home, 'shop');
      await client.call('create-session', {
        name: 'shop',
        mode: 'snapshot',
        output: { kind: 'local', path },
      });
      const rule: EventRule = { kind: 'user-tracepoint', name: '*' };
      await client.call('enable-event', { session: 'shop', domain: 'user', rule });
      await client.call('start-session', { session: 'shop' });
      const shop = spawn(
        process.execPath,
        [join(repoRoot, 'examples/shop/shop.mjs'), '--requests', '4000', '--slow-payment', '400'],
        {
          env: { ...daemon.environment, NODE_OPTIONS: `--import=${registerUrl}` } as NodeJS.ProcessEnv,
          stdio: 'ignore',
        },
      );
      const ended = new Promise((resolve) => shop.once('exit', resolve));
      // On a slow machine the very first request may take long, before there is anything else to be seen.
      const trial = join(daemon.home, 'trial');
      await until('the shop has sold something', async () => {
        const output = { kind: 'local', path: trial } as const;
        const { snapshots: taken } = await client.call('record-snapshot', { session: 'shop', output });
        if (taken[0]!.eventCount === 0) return false;
        const seen = new Set<string>();
        for (const { name } of openTrace(taken[0]!.path).events()) seen.add(name);
        removeTree(trial);
        return seen.has('shop:receipt_begin') && seen.has('payment:decided');
      });
      await client.call(
        'add-trigger',
        triggerOf(
          '--name=slow',
          '--condition=span-duration-ge',
          '--threshold-time=250ms',
          '--begin-name=http_server:request_begin',
          '--end-name=http_server:request_end',
          '--key=id',
          '--scope=thread',
          '--capture=url',
          '--capture=status',
          '--action=snapshot-session',
          'shop',
          '--rate-policy=at-most:1/60s',
          '--action=notify',
          '--rate-policy=at-most:1/60s',
        ),
      );
      await until('a slow request was told of', () => told.length > 0);
      const [slow] = told;
      expect(slow).toMatchObject({ trigger: 'slow', event: { name: 'http_server:request_begin' } });
      expect(slow!.measured['durationNs']).toBeGreaterThanOrEqual(250e6);
      // It is told of after the snapshot, by the order of the actions.
      const snapshots = readdirSync(path);
      expect(snapshots).toHaveLength(1);
      const names = new Map<string, number>();
      for (const event of openTrace(join(path, snapshots[0]!)).events()) {
        names.set(event.name, (names.get(event.name) ?? 0) + 1);
      }
      // Who asked and who answered at least; how far back the rings reach is a matter of how busy the machine is.
      const streams = readdirSync(join(path, snapshots[0]!), { recursive: true }).filter((name) =>
        /channel0_\d+$/.test(String(name)),
      );
      expect(streams.length).toBeGreaterThanOrEqual(2);
      expect(names.get('http_server:request_begin')).toBeGreaterThan(0);
      expect(names.get('http_client:request_begin')).toBeGreaterThan(0);
      const read = babeltrace2([join(path, snapshots[0]!)]);
      expect({ status: read.status, stderr: read.stderr }).toEqual({ status: 0, stderr: '' });
      expect(read.stdout.split('\n').length - 1).toBe([...names.values()].reduce((a, b) => a + b, 0));
      shop.kill();
      await ended;
      const { status } = await client.call('list-triggers', {});
      expect(status[0]).toMatchObject({
        discardedCount: 0,
        actions: [{ executionCount: 1 }, { executionCount: 1 }],
      });
    }),
  );
});

describe('conditions of sessions', () => {
  test(
    'rotations are told at both ends; a hook gets the finished chunk',
    withDaemon(async (daemon) => {
      const client = await daemon.start();
      const told = await listen(daemon);
      const id = await recordSteps(client, daemon, 'local');
      const hook = join(daemon.home, 'hook');
      for (const args of [
        ['--condition=session-rotation-starts', '--session=s', '--action=notify'],
        ['--condition=session-rotation-finishes', '--session=s', '--action=notify'],
        [
          '--condition=session-rotation-finishes',
          '--session=s',
          '--action=exec',
          `${join(repoRoot, 'examples/hooks/keep-chunk.sh')} ${hook}`,
        ],
      ]) {
        await client.call('add-trigger', triggerOf(...args));
      }
      const program = await daemon.program();
      await daemon.joined(id, program);
      await program.tell('emit 10');
      const { path } = await client.call('rotate-session', { session: 's' });
      await until('both ends were told', () => told.length === 2);
      expect(told.map(({ condition }) => condition)).toEqual([
        'session-rotation-starts',
        'session-rotation-finishes',
      ]);
      expect(told[1]!.measured).toEqual({ session: 's', archivePath: path });
      const packed = `${join(hook, basename(path))}.tar.gz`;
      await until('the hook has run', () => existsSync(packed));
      expect([...openTrace(packed).events()]).toHaveLength(10);

      // The last chunk of a session that was rotated is archived when it is destroyed; nobody else would ever have it.
      await program.tell('emit 7');
      const destroyed = await client.call('destroy-session', { session: 's' });
      await until('both ends of the last one were told', () => told.length === 4);
      expect(told[3]!.measured).toEqual({ session: 's', archivePath: destroyed.path });
      const last = `${join(hook, basename(destroyed.path!))}.tar.gz`;
      await until('the hook has run for the last one, too', () => existsSync(last));
      expect([...openTrace(last).events()]).toHaveLength(7);
    }),
  );

  test(
    'a session that never was rotated is destroyed without a rotation',
    withDaemon(async (daemon) => {
      const client = await daemon.start();
      const told = await listen(daemon);
      await recordSteps(client, daemon, 'local');
      await client.call(
        'add-trigger',
        triggerOf('--condition=session-rotation-finishes', '--session=s', '--action=notify'),
      );
      await client.call('destroy-session', { session: 's' });
      await recordSteps(client, daemon, 'local');
      await client.call('rotate-session', { session: 's' });
      await until('a rotation was told', () => told.length > 0);
      expect(told).toHaveLength(1);
    }),
  );

  test(
    'a session that has written enough is rotated, and full rings are told of',
    withDaemon(async (daemon) => {
      const client = await daemon.start();
      const told = await listen(daemon);
      const id = await recordSteps(client, daemon, 'local');
      await client.call(
        'add-trigger',
        triggerOf(
          '--condition=session-consumed-size-ge',
          '--session=s',
          '--threshold-size=100k',
          '--action=rotate-session',
          's',
          '--action=notify',
        ),
      );
      await client.call(
        'add-trigger',
        triggerOf(
          '--condition=channel-buffer-usage-le',
          '--session=s',
          '--channel=channel0',
          '--domain=user',
          '--threshold-ratio=0.9',
          '--action=notify',
        ),
      );
      const program = await daemon.program();
      await daemon.joined(id, program);
      await until('both are told', async () => {
        await program.tell('emit 40000');
        return told.length >= 2;
      });
      const size = told.find(({ condition }) => condition === 'session-consumed-size');
      expect(size!.measured['sizeBytes']).toBeGreaterThanOrEqual(100 * 1024);
      expect(told.some(({ condition }) => condition === 'channel-buffer-usage')).toBe(true);
      expect(readdirSync(join(daemon.home, 'trace', 'archives'))).toHaveLength(1);
    }),
  );

  test(
    'triggers outlive their daemon',
    withDaemon(async (daemon) => {
      const client = await daemon.start();
      await client.call(
        'add-trigger',
        triggerOf(
          '--name=mine',
          '--condition=event-rule-matches',
          '--type=user',
          '--name=test:step',
          '--action=notify',
        ),
      );
      const program = await daemon.program();
      await daemon.kill();
      const next = await daemon.start();
      const told = await listen(daemon);
      const { triggers } = await next.call('list-triggers', {});
      expect(triggers.map(({ name }) => name)).toEqual(['mine']);
      await until('an event is told of', async () => {
        await program.tell('emit 1');
        return told.length > 0;
      });
      await next.call('remove-trigger', { name: 'mine' });
      await expect(next.call('remove-trigger', { name: 'mine' })).rejects.toMatchObject({
        code: 'trigger/unknown',
      });
    }),
  );
});

test(
  'a session with trackers records the processes that they include',
  withDaemon(async (daemon) => {
    const client = await daemon.start();
    const first = await daemon.program();
    const second = await daemon.program();
    const path = join(daemon.home, 'trace');
    const { session } = await client.call('create-session', {
      name: 's',
      mode: 'local',
      output: { kind: 'local', path },
    });
    await client.call('enable-event', { session: 's', domain: 'user', rule: stepRule });
    const domain = 'user';
    const pid = second.child.pid!;
    await client.call('track', { session: 's', domain, attribute: 'vpid', values: [pid] });
    await client.call('track', { session: 's', domain, attribute: 'vuid', values: [process.getuid!()] });
    await client.call('start-session', { session: 's' });
    await daemon.joined(session.id, second);
    for (const program of [first, second]) await program.tell('emit 5');
    const { losses } = await client.call('stop-session', { session: 's' });
    expect(losses.eventCount).toBe(5);
    await expect(
      client.call('track', { session: 's', domain, attribute: 'vuid', values: ['nobody-by-this-name'] }),
    ).rejects.toMatchObject({ code: 'control/tracker' });
  }),
);
