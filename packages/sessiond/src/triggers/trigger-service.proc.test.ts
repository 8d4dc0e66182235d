// Triggers with real programs: what these emit meets conditions, and actions are carried out.
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { TriggerNotification } from '@spoor/control';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Call, TriggerHub, add, orders, requestOf, rootUser, until } from '../testing/trigger-hub.ts';

let hub: TriggerHub;
beforeEach(() => {
  hub = new TriggerHub();
});
afterEach(() => hub.close());

describe('an event that matches', () => {
  test('is told with its captures, whichever way the program records', async () => {
    for (const nodeArgs of [[], ['--disallow-code-generation-from-strings']]) {
      hub.published.length = 0;
      const service = hub.makeService();
      await add(
        service,
        '--condition=event-rule-matches',
        '--type=user',
        '--name=shop:*',
        '--filter=id > 5',
        '--log-level=INFO..',
        '--capture=customer',
        '--capture=items[1]',
        '--capture=$ctx.vpid',
        '--capture=$app.shop:user',
        '--capture=nothing',
        '--action=notify',
      );
      const program = await hub.start(...nodeArgs);
      await hub.attached(program);
      await program.run(
        ['order', 5, 'no', []],
        ['order', 6, 'ben', [3, 4]],
        ['begin', 9, 'x'],
        ['order', 7, 'cy', []],
      );
      await until(() => hub.published.length === 2);
      expect(hub.published[0]).toMatchObject({
        trigger: 'trigger0',
        condition: 'event-rule-matches',
        event: { name: 'shop:order', pid: program.pid, tid: program.pid, procname: 'node' },
        captures: [
          { expression: 'customer', value: 'ben' },
          { expression: 'items[1]', value: 4 },
          { expression: '$ctx.vpid', value: program.pid },
          { expression: '$app.shop:user', value: 'ann' },
          { expression: 'nothing', value: null },
        ],
      });
      expect(hub.published[1]!.captures[0]).toEqual({ expression: 'customer', value: 'cy' });
      const ageNs = BigInt(Date.now()) * 1_000_000n - BigInt(hub.published[0]!.timeNs);
      expect(Math.abs(Number(ageNs))).toBeLessThan(600e9);
      await program.end();
      service.remove('trigger0', rootUser);
      service.close();
    }
  });

  test('is told once, also by a daemon that takes the place of another, and though its program has ended', async () => {
    const first = hub.makeService();
    await add(
      first,
      '--name=mine',
      '--condition=event-rule-matches',
      '--type=user',
      '--name=shop:order',
      '--action=notify',
    );
    const program = await hub.start();
    await hub.attached(program);
    await program.run(['order', 1, 'a', []]);
    await until(() => hub.published.length === 1);
    first.close();
    await program.run(['order', 2, 'b', []]);
    await program.end();
    const second = hub.makeService();
    expect(second.list(rootUser).triggers.map(({ name }) => name)).toEqual(['mine']);
    await until(() => hub.published.length === 2);
    expect(hub.published.map(({ timeNs }) => timeNs)).toHaveLength(2);
    expect(hub.published[0]!.timeNs).not.toBe(hub.published[1]!.timeNs);
    // The directory of the ended process goes.
    await until(() => hub.watched().length === 0);
    expect(hub.published).toHaveLength(2);
    second.remove('mine', rootUser);
    expect(existsSync(hub.watchPath)).toBe(false);
    expect(hub.troubles).toEqual([]);
  });

  test('carries actions out in their order, as often as their policies say', async () => {
    const service = hub.makeService();
    const bodies: TriggerNotification[] = [];
    const server = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () => {
        bodies.push(JSON.parse(body) as TriggerNotification);
        response.writeHead(bodies.length === 1 ? 204 : 500).end();
      });
    });
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    const { port } = server.address() as AddressInfo;
    await add(
      service,
      '--condition=event-rule-matches',
      '--type=user',
      '--name=shop:order',
      '--capture=id',
      '--action=stop-session',
      's',
      '--action=snapshot-session',
      's',
      '--name=n',
      '--rate-policy=every:2',
      `--action=exec`,
      `cat > ${join(hub.path, 'told')}; echo $SPOOR_TRIGGER >> ${join(hub.path, 'told')}`,
      '--rate-policy=once-after:3',
      `--action=webhook`,
      `http://127.0.0.1:${port}/hook`,
      '--action=exec',
      'echo no such thing >&2; exit 3',
      '--action=notify',
      '--rate-policy=at-most:1/1h',
    );
    const program = await hub.start();
    await hub.attached(program);
    await program.run(...orders(1, 4));
    await until(() => service.list(rootUser).status[0]!.actions[4]!.failureCount === 3);
    expect(hub.done).toEqual(['stop s', 'stop s', 'snapshot s n', 'stop s']);
    const [json, name] = readFileSync(join(hub.path, 'told'), 'utf8').trim().split('\n');
    expect(name).toBe('trigger0');
    expect((JSON.parse(json!) as TriggerNotification).captures).toEqual([{ expression: 'id', value: 3 }]);
    expect(bodies.map(({ captures }) => captures[0]!.value)).toEqual([1, 2, 3]);
    expect(hub.published).toHaveLength(1);
    expect(service.list(rootUser).status[0]).toMatchObject({
      firedCount: 3,
      discardedCount: 0,
      actions: [
        { requestCount: 3, executionCount: 3 },
        { executionCount: 1 },
        { executionCount: 1 },
        { executionCount: 1, failureCount: 2, lastFailure: expect.stringContaining('status 500') as string },
        { failureCount: 3, lastFailure: expect.stringContaining('no such thing') as string },
        { executionCount: 1 },
      ],
    });
    server.close();
  });

  test('that finds no room is lost, and counted', async () => {
    const first = hub.makeService();
    await add(first, '--condition=event-rule-matches', '--type=user', '--name=shop:order', '--action=notify');
    const program = await hub.start();
    await hub.attached(program);
    first.close();
    await program.run(...orders(0, 5000, 'x'.repeat(50)));
    const second = hub.makeService();
    await until(() => second.list(rootUser).status[0]!.discardedCount + hub.published.length === 5000);
    expect(second.list(rootUser).status[0]!.discardedCount).toBeGreaterThan(0);
    expect(hub.published.length).toBeGreaterThan(0);
    await program.run(['order', 5001, 'more', []]);
    await until(() => second.list(rootUser).status[0]!.discardedCount + hub.published.length === 5001);
  });
});

describe('a span', () => {
  const span = [
    '--condition=span-duration-ge',
    '--begin-name=shop:work_begin',
    '--end-name=shop:work_end',
    '--begin-key=id',
    '--end-key=job',
    '--capture=what',
    '--capture=status',
  ];

  test('that has lasted long enough is told with both its ends', async () => {
    const service = hub.makeService();
    await add(service, ...span, '--threshold-time=200ms', '--action=notify');
    await add(service, ...span, '--threshold-time=1h', '--action=notify');
    const program = await hub.start();
    await hub.attached(program);
    const ids = Array.from({ length: 500 }, (_, index) => index + 10);
    await program.run(
      ['begin', 1, 'slow'],
      ...ids.map((id): Call => ['begin', id, 'quick']),
      ['sleep', 250],
      ['end', 1, 7],
      ...ids.map((id): Call => ['end', id, 0]),
    );
    await until(() => hub.published.some(({ captures }) => captures[0]!.value === 1));
    const told = hub.published.find(({ captures }) => captures[0]!.value === 1)!;
    expect(told).toMatchObject({
      trigger: 'trigger0',
      condition: 'span-duration',
      event: { name: 'shop:work_begin', pid: program.pid },
      end: { name: 'shop:work_end' },
      captures: [
        { expression: 'id', value: 1 },
        { expression: 'what', value: 'slow' },
        { expression: 'status', value: 7 },
      ],
    });
    expect(told.measured['durationNs']).toBeGreaterThanOrEqual(250e6);
    expect(Number(BigInt(told.end!.timeNs) - BigInt(told.event!.timeNs))).toBeCloseTo(
      told.measured['durationNs'] as number,
      -3,
    );
    expect(service.list(rootUser).status[0]!.discardedCount).toBe(0);
  });

  test('that does not end is told all the same where that is asked, once', async () => {
    const service = hub.makeService();
    await add(service, ...span, '--threshold-time=100ms', '--at=threshold', '--action=notify');
    const program = await hub.start();
    await hub.attached(program);
    await program.run(['begin', 4, 'stuck']);
    await until(() => hub.published.length === 1);
    expect(hub.published[0]).toMatchObject({
      captures: [
        { expression: 'id', value: 4 },
        { expression: 'what', value: 'stuck' },
        { expression: 'status', value: null },
      ],
    });
    expect(hub.published[0]).not.toHaveProperty('end');
    await program.run(['end', 4, 0], ['begin', 5, 'again']);
    await until(() => hub.published.length === 2);
    expect(hub.published[1]!.captures[0]!.value).toBe(5);
  });
});

test('counts make rates and silences, over programs that have ended too', async () => {
  const service = hub.makeService();
  await add(
    service,
    '--condition=event-rate-ge',
    '--name=shop:order',
    '--threshold-count=500',
    '--period=1h',
    '--action=notify',
  );
  await add(
    service,
    '--condition=event-silence',
    '--name=shop:order',
    '--threshold-time=300ms',
    '--action=notify',
  );
  await until(() => hub.published.some(({ condition }) => condition === 'event-silence'));
  const first = await hub.start();
  await hub.attached(first);
  await first.run(...orders(0, 300));
  await first.end();
  const second = await hub.start();
  await hub.attached(second);
  expect(hub.published.some(({ condition }) => condition === 'event-rate')).toBe(false);
  await second.run(...orders(0, 300));
  await until(() => hub.published.some(({ condition }) => condition === 'event-rate'));
  const { count } = hub.published.find(({ condition }) => condition === 'event-rate')!.measured;
  expect(count).toBeGreaterThanOrEqual(500);
  expect(count).toBeLessThanOrEqual(600);
  const silences = (): number =>
    hub.published.filter(({ condition }) => condition === 'event-silence').length;
  const before = silences();
  await second.run(['order', 1, 'a', []]);
  await until(() => silences() > before);
});

test('a member of the group may not have triggers on probes in programs', async () => {
  const service = hub.makeService();
  const request = requestOf(
    '--condition=event-rule-matches',
    '--type=kernel:uprobe',
    '--location=elf:/bin/sh:main',
    '--event-name=p',
    '--action=notify',
  );
  await expect(service.add(request, 4_000_000)).rejects.toMatchObject({ code: 'control/not-permitted' });
});
