// Triggers with real programs: what these emit meets conditions, and actions are carried out.
import { type ChildProcess, spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Notification, RecordSnapshot, TriggerNotification } from '@spoor/control';
import { HUB_FILE, RUN_VERSION, SESSION_VARIABLE } from '@spoor/ringbuffer';
import { readTriggerArguments } from '@spoor/trigger';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { registerPath } from '../../../../tests/support/session.ts';
import { tracerUrl } from '../../../../tests/support/traced.ts';
import { TriggerService } from './trigger-service.ts';

const context = {
  levels: { info: 6, warning: 4 },
  resolvePath: (path: string) => path,
  resolvePlace: (text: string) => text,
};

let hub = '';
const services: TriggerService[] = [];
const children: ChildProcess[] = [];
const published: TriggerNotification[] = [];
const done: string[] = [];
const troubles: string[] = [];
const active = new Set<string>();

function touchHub(): void {
  writeFileSync(join(hub, '.hub'), JSON.stringify({ version: RUN_VERSION, watchMs: 10 }));
  renameSync(join(hub, '.hub'), join(hub, HUB_FILE));
}

beforeEach(() => {
  hub = mkdtempSync('/dev/shm/spoor-test-triggers-');
  mkdirSync(join(hub, 'sessions'));
  touchHub();
  published.length = 0;
  done.length = 0;
  troubles.length = 0;
  active.clear();
});

afterEach(() => {
  for (const service of services.splice(0)) service.close();
  for (const child of children.splice(0)) child.kill('SIGKILL');
  rmSync(hub, { recursive: true, force: true });
});

const rootUser = { uid: process.getuid!(), gid: 0 };

function makeService(): TriggerService {
  const note =
    (what: string) =>
    async (name: string): Promise<void> => {
      await Promise.resolve();
      done.push(`${what} ${name}`);
    };
  const service = new TriggerService({
    sessionsPath: join(hub, 'sessions'),
    statePath: join(hub, 'triggers.json'),
    touchHub,
    target: {
      startSession: note('start'),
      stopSession: note('stop'),
      rotateSession: note('rotate'),
      recordSnapshot: ({ session, name }: RecordSnapshot) => note('snapshot')(`${session} ${name}`),
      publish: (notification: Notification) => {
        if (notification.topic === 'trigger') published.push(notification.notification);
      },
    },
    mayUse: () => true,
    isActive: (session) => active.has(session),
    takesAutomatic: ({ name }) => name.startsWith('http_server:'),
    onTrouble: (text) => troubles.push(text),
  });
  services.push(service);
  return service;
}

async function add(service: TriggerService, ...args: readonly string[]): Promise<void> {
  await service.add(readTriggerArguments(args, context), 0);
}

/** Waits, however long it takes, until something is so; the test's own limit ends it. */
async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((wake) => setTimeout(wake, 5));
}

type Call = readonly [
  name: 'order' | 'begin' | 'end' | 'sleep' | 'untilOff' | 'worker',
  ...args: readonly unknown[],
];

interface Program {
  readonly pid: number;
  /** Has the program make calls, one after the other, and waits for their end. */
  readonly run: (...calls: readonly Call[]) => Promise<void>;
  /** Ends the program. */
  readonly end: () => Promise<void>;
}

/** A traced program that makes the calls that it is told. It ends by itself when its input does. */
async function start(...nodeArgs: readonly string[]): Promise<Program> {
  const text = `
    import { createInterface } from 'node:readline';
    import { Worker } from 'node:worker_threads';
    import { tracepoint, registerContext } from '${new URL(tracerUrl).pathname}';
    const order = tracepoint('shop:order', { id: 'u32', customer: 'string', items: { kind: 'sequence', element: 'u16' } }, { logLevel: 'info' });
    const begin = tracepoint('shop:work_begin', { id: 'u32', what: 'string' });
    const end = tracepoint('shop:work_end', { job: 'u32', status: 'u8' });
    registerContext('shop:user', () => 'ann');
    const calls = {
      order, begin, end,
      worker: (id) => new Promise((ended) => new Worker(threadText, { eval: true, workerData: id }).once('exit', ended)),
      sleep: (ms) => new Promise((wake) => setTimeout(wake, ms)),
      untilOff: async () => { while (begin.enabled) await calls.sleep(5); },
    };
    const threadText = "import('${new URL(tracerUrl).pathname}').then(({ tracepoint }) => tracepoint('shop:order', { id: 'u32', customer: 'string', items: { kind: 'sequence', element: 'u16' } }, { logLevel: 'info' })(require('node:worker_threads').workerData, 'w', []))";
    console.log('ready');
    for await (const line of createInterface({ input: process.stdin })) {
      for (const [name, ...args] of JSON.parse(line)) await calls[name](...args);
      console.log('done');
    }`;
  const file = join(hub, `program-${children.length}.mjs`);
  writeFileSync(file, text);
  const child = spawn(process.execPath, [...nodeArgs, '--require', registerPath, file], {
    env: { ...process.env, [SESSION_VARIABLE]: hub },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  children.push(child);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  expect((await lines.next()).value).toBe('ready');
  return {
    pid: child.pid!,
    run: async (...calls) => {
      child.stdin.write(`${JSON.stringify(calls)}\n`);
      expect((await lines.next()).value).toBe('done');
    },
    end: async () => {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.stdin.end();
      await ended;
    },
  };
}

const orders = (from: number, to: number, customer = 'a'): readonly Call[] =>
  Array.from({ length: to - from }, (_, index): Call => ['order', from + index, customer, []]);

/** Waits until a program has attached to the watch session with all that it asks now. */
async function attached({ pid }: Program): Promise<void> {
  const path = join(hub, 'sessions', '.triggers');
  await until(() => existsSync(path) && readdirSync(path).some((name) => name.startsWith(`${pid}-`)));
}

describe('an event that matches', () => {
  test('is told with its captures, whichever way the program records', async () => {
    for (const nodeArgs of [[], ['--disallow-code-generation-from-strings']]) {
      published.length = 0;
      const service = makeService();
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
      const program = await start(...nodeArgs);
      await attached(program);
      await program.run(
        ['order', 5, 'no', []],
        ['order', 6, 'ben', [3, 4]],
        ['begin', 9, 'x'],
        ['order', 7, 'cy', []],
      );
      await until(() => published.length === 2);
      expect(published[0]).toMatchObject({
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
      expect(published[1]!.captures[0]).toEqual({ expression: 'customer', value: 'cy' });
      const ageNs = BigInt(Date.now()) * 1_000_000n - BigInt(published[0]!.timeNs);
      expect(Math.abs(Number(ageNs))).toBeLessThan(600e9);
      await program.end();
      service.remove('trigger0', rootUser);
      service.close();
    }
  });

  test('is told once, also by a daemon that takes the place of another, and though its program has ended', async () => {
    const first = makeService();
    await add(
      first,
      '--name=mine',
      '--condition=event-rule-matches',
      '--type=user',
      '--name=shop:order',
      '--action=notify',
    );
    const program = await start();
    await attached(program);
    await program.run(['order', 1, 'a', []]);
    await until(() => published.length === 1);
    first.close();
    await program.run(['order', 2, 'b', []]);
    await program.end();
    const second = makeService();
    expect(second.list(rootUser).triggers.map(({ name }) => name)).toEqual(['mine']);
    await until(() => published.length === 2);
    expect(published.map(({ timeNs }) => timeNs)).toHaveLength(2);
    expect(published[0]!.timeNs).not.toBe(published[1]!.timeNs);
    // The directory of the ended process goes.
    await until(() => !readdirSync(join(hub, 'sessions', '.triggers')).some((name) => /^\d/.test(name)));
    expect(published).toHaveLength(2);
    second.remove('mine', rootUser);
    expect(existsSync(join(hub, 'sessions', '.triggers'))).toBe(false);
    expect(troubles).toEqual([]);
  });

  test('carries actions out in their order, as often as their policies say', async () => {
    const service = makeService();
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
      `cat > ${join(hub, 'told')}; echo $SPOOR_TRIGGER >> ${join(hub, 'told')}`,
      '--rate-policy=once-after:3',
      `--action=webhook`,
      `http://127.0.0.1:${port}/hook`,
      '--action=exec',
      'echo no such thing >&2; exit 3',
      '--action=notify',
      '--rate-policy=at-most:1/1h',
    );
    const program = await start();
    await attached(program);
    await program.run(...orders(1, 4));
    await until(() => service.list(rootUser).status[0]!.actions[4]!.failureCount === 3);
    expect(done).toEqual(['stop s', 'stop s', 'snapshot s n', 'stop s']);
    const [json, name] = readFileSync(join(hub, 'told'), 'utf8').trim().split('\n');
    expect(name).toBe('trigger0');
    expect((JSON.parse(json!) as TriggerNotification).captures).toEqual([{ expression: 'id', value: 3 }]);
    expect(bodies.map(({ captures }) => captures[0]!.value)).toEqual([1, 2, 3]);
    expect(published).toHaveLength(1);
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
    const first = makeService();
    await add(first, '--condition=event-rule-matches', '--type=user', '--name=shop:order', '--action=notify');
    const program = await start();
    await attached(program);
    first.close();
    await program.run(...orders(0, 5000, 'x'.repeat(50)));
    const second = makeService();
    await until(() => second.list(rootUser).status[0]!.discardedCount + published.length === 5000);
    expect(second.list(rootUser).status[0]!.discardedCount).toBeGreaterThan(0);
    expect(published.length).toBeGreaterThan(0);
    await program.run(['order', 5001, 'more', []]);
    await until(() => second.list(rootUser).status[0]!.discardedCount + published.length === 5001);
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
    const service = makeService();
    await add(service, ...span, '--threshold-time=200ms', '--action=notify');
    await add(service, ...span, '--threshold-time=1h', '--action=notify');
    const program = await start();
    await attached(program);
    const ids = Array.from({ length: 500 }, (_, index) => index + 10);
    await program.run(
      ['begin', 1, 'slow'],
      ...ids.map((id): Call => ['begin', id, 'quick']),
      ['sleep', 250],
      ['end', 1, 7],
      ...ids.map((id): Call => ['end', id, 0]),
    );
    await until(() => published.some(({ captures }) => captures[0]!.value === 1));
    const told = published.find(({ captures }) => captures[0]!.value === 1)!;
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
    const service = makeService();
    await add(service, ...span, '--threshold-time=100ms', '--at=threshold', '--action=notify');
    const program = await start();
    await attached(program);
    await program.run(['begin', 4, 'stuck']);
    await until(() => published.length === 1);
    expect(published[0]).toMatchObject({
      captures: [
        { expression: 'id', value: 4 },
        { expression: 'what', value: 'stuck' },
        { expression: 'status', value: null },
      ],
    });
    expect(published[0]).not.toHaveProperty('end');
    await program.run(['end', 4, 0], ['begin', 5, 'again']);
    await until(() => published.length === 2);
    expect(published[1]!.captures[0]!.value).toBe(5);
  });
});

test('counts make rates and silences, over programs that have ended too', async () => {
  const service = makeService();
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
  await until(() => published.some(({ condition }) => condition === 'event-silence'));
  const first = await start();
  await attached(first);
  await first.run(...orders(0, 300));
  await first.end();
  const second = await start();
  await attached(second);
  expect(published.some(({ condition }) => condition === 'event-rate')).toBe(false);
  await second.run(...orders(0, 300));
  await until(() => published.some(({ condition }) => condition === 'event-rate'));
  const { count } = published.find(({ condition }) => condition === 'event-rate')!.measured;
  expect(count).toBeGreaterThanOrEqual(500);
  expect(count).toBeLessThanOrEqual(600);
  const silences = (): number => published.filter(({ condition }) => condition === 'event-silence').length;
  const before = silences();
  await second.run(['order', 1, 'a', []]);
  await until(() => silences() > before);
});

test('maps count by name while their session is active, for processes and users, also those that ended', async () => {
  const service = makeService();
  const map = {
    session: 's',
    maxKeys: 100,
    valueType: 'signed-int-64',
    deadProcessPolicy: 'sum-into-shared',
    updatePolicy: 'per-event',
  } as const;
  service.addMap({ ...map, name: 'byProcess', ownership: 'process' });
  service.addMap({ ...map, name: 'byUser', ownership: 'user' });
  service.addMap({ ...map, name: 'each', ownership: 'user', updatePolicy: 'per-rule-match' });
  const increment = (name: string, key: string): string[] => [
    '--action=incr-map-value',
    '--session=s',
    `--channel=${name}`,
    `--key=${key}`,
  ];
  const rule = ['--condition=event-rule-matches', '--type=user', '--name=shop:*'];
  await add(
    service,
    ...rule,
    ...increment('byProcess', 'n:{event_name}'),
    ...increment('byUser', '{provider_name}'),
    ...increment('each', 'k'),
  );
  await add(
    service,
    ...rule,
    '--filter=id > 1',
    ...increment('byUser', '{provider_name}'),
    ...increment('each', 'k'),
  );
  await add(service, ...rule, ...increment('byUser', 'third'), '--rate-policy=every:3');
  expect(() => service.addMap({ ...map, name: 'each', ownership: 'user' })).toThrow(/already/);
  active.add('s');
  service.onSessionsChanged();
  const program = await start();
  await attached(program);
  await program.run(['begin', 0, 'x'], ...orders(0, 4));
  const shown = (): readonly unknown[] =>
    service
      .mapValues('s')
      .map(({ map: name, owner, key, value }) => [name, owner.kind, key, value].join(' '))
      .sort();
  const counted = (kind: string): readonly string[] => [
    `byProcess ${kind} n:shop:order 4`,
    `byProcess ${kind} n:shop:work_begin 1`,
    'byUser shared third 1',
    'byUser user shop 5',
    'each user k 7',
  ];
  // What the daemon counts itself comes a little later.
  await until(() => shown().length === 5);
  expect(shown()).toEqual(counted('process'));
  active.clear();
  service.onSessionsChanged();
  // One of the triggers is more than counting: its rule stays.
  service.remove('trigger2', rootUser);
  await program.run(['untilOff'], ...orders(0, 4));
  expect(shown()).toEqual(counted('process'));
  await program.end();
  await until(() => !readdirSync(join(hub, 'sessions', '.triggers')).some((name) => /^\d/.test(name)));
  expect(shown()).toEqual(counted('shared'));
  service.close();
  const next = makeService();
  expect(next.mapValues('s')).toHaveLength(5);
  next.onSessionDestroyed('s');
  expect(next.mapValues('s')).toEqual([]);
  expect(troubles).toEqual([]);
});

test('threads that end leave no memory behind, and nothing of theirs is missing', async () => {
  const service = makeService();
  active.add('s');
  service.addMap({
    session: 's',
    name: 'm',
    maxKeys: 10,
    valueType: 'signed-int-64',
    ownership: 'process',
    deadProcessPolicy: 'drop',
    updatePolicy: 'per-event',
  });
  const rule = ['--condition=event-rule-matches', '--type=user', '--name=shop:order'];
  await add(service, ...rule, '--action=notify');
  await add(service, ...rule, '--action=incr-map-value', '--session=s', '--channel=m', '--key=k');
  const program = await start();
  await attached(program);
  await program.run(['worker', 1], ['worker', 2], ['worker', 3], ['order', 4, 'main', []]);
  await until(() => published.length === 4);
  const threads = new Set(published.map(({ event }) => event!.tid));
  expect(threads.size).toBe(4);
  expect(threads.has(program.pid)).toBe(true);
  const [directory = ''] = readdirSync(join(hub, 'sessions', '.triggers')).filter((name) => /^\d/.test(name));
  const own = join(hub, 'sessions', '.triggers', directory);
  const [map = ''] = readdirSync(join(own, 'counts'));
  await until(
    () =>
      readdirSync(join(own, 'rings')).filter((name) => statSync(join(own, 'rings', name)).size > 0).length ===
        1 && readdirSync(join(own, 'counts', map, 'counters')).length === 2,
  );
  expect(service.mapValues('s').map(({ key, value }) => [key, value])).toEqual([['k', 4]]);
  expect(published).toHaveLength(4);
});

test('a member of the group may not have triggers on probes in programs', async () => {
  const service = makeService();
  const request = readTriggerArguments(
    [
      '--condition=event-rule-matches',
      '--type=kernel:uprobe',
      '--location=elf:/bin/sh:main',
      '--event-name=p',
      '--action=notify',
    ],
    context,
  );
  await expect(service.add(request, 4_000_000)).rejects.toMatchObject({ code: 'control/not-permitted' });
});
