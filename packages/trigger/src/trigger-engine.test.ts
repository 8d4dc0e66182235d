import { describe, expect, it } from 'vitest';
import type { Action, TriggerNotification } from '@spoor/control';
import { printTrigger } from './print-trigger.ts';
import { readTriggerArguments } from './trigger-arguments.ts';
import { TriggerEngine, type Notice } from './trigger-engine.ts';

const levels = { warning: 4 };
const context = { levels, resolvePath: (path: string) => path, resolvePlace: (text: string) => text };

interface Harness {
  readonly engine: TriggerEngine;
  readonly done: { readonly action: Action; readonly notification: TriggerNotification }[];
  nowMs: number;
  failing: boolean;
}

function harness(): Harness {
  const made: Harness = {
    engine: new TriggerEngine({
      carryOut: (action, notification) => {
        if (made.failing) throw new Error('no such session');
        made.done.push({ action, notification });
      },
      nowMs: () => made.nowMs,
      epochNs: () => BigInt(made.nowMs) * 1_000_000n,
    }),
    done: [],
    nowMs: 0,
    failing: false,
  };
  return made;
}

function add({ engine }: Harness, ...words: (string | readonly string[])[]): void {
  const args = words.flat();
  engine.add({ ownerUid: 0, name: engine.freeName(), ...readTriggerArguments(args, context) });
}

const notice = (atMs: number, more: Partial<Notice> = {}): Notice => ({
  name: 'shop:order_placed',
  monotonicNs: atMs * 1e6,
  epochNs: 1_700_000_000_000_000_000n + BigInt(atMs) * 1_000_000n,
  pid: 7,
  tid: 8,
  procname: 'node',
  process: '7-1',
  fields: {},
  contexts: {},
  ...more,
});

/** Actions are carried out in tasks of their own. */
const settled = (): Promise<void> => new Promise((done) => setTimeout(done, 0));

describe('event rule matches', () => {
  it('tells what was captured, in the order of the actions', async () => {
    const made = harness();
    add(
      made,
      ['--condition=event-rule-matches', '--type=user', '--capture=items[1]', '--capture=none'],
      ['--capture=$ctx.perf:thread:page-faults', '--capture=$app.shop:user', '--capture=big'],
      [
        '--action=notify',
        '--action=stop-session',
        's',
        '--action=incr-map-value',
        '-s',
        's',
        '-c',
        'm',
        '--key=k',
      ],
    );
    made.engine.onNotice(
      'trigger0',
      'match',
      notice(5, {
        fields: { items: [1, 2], big: 2n ** 63n },
        contexts: { perf_thread_page_faults: 3, app_shop_user: 'ann' },
      }),
    );
    await settled();
    expect(made.done.map(({ action }) => action.kind)).toEqual(['notify', 'stop-session']);
    expect(made.done[0]!.notification).toEqual({
      trigger: 'trigger0',
      ownerUid: 0,
      condition: 'event-rule-matches',
      timeNs: '1700000000005000000',
      event: {
        name: 'shop:order_placed',
        timeNs: '1700000000005000000',
        pid: 7,
        tid: 8,
        procname: 'node',
      },
      captures: [
        { expression: 'items[1]', value: 2 },
        { expression: 'none', value: null },
        { expression: '$ctx.perf:thread:page-faults', value: 3 },
        { expression: '$app.shop:user', value: 'ann' },
        { expression: 'big', value: '9223372036854775808' },
      ],
      measured: {},
    });
    expect(JSON.parse(JSON.stringify(made.done[0]!.notification))).toEqual(made.done[0]!.notification);
  });

  it('counts requests, executions and errors of each action', async () => {
    const made = harness();
    add(
      made,
      ['--condition=event-rule-matches', '--type=user', '--action=notify', '--rate-policy=every:2'],
      ['--action=start-session', 's', '--rate-policy=once-after:3'],
    );
    for (let number = 0; number < 5; number += 1) made.engine.onNotice('trigger0', 'match', notice(number));
    await settled();
    made.failing = true;
    made.engine.onNotice('trigger0', 'match', notice(9));
    await settled();
    const [status] = made.engine.status();
    expect(status).toMatchObject({
      trigger: 'trigger0',
      firedCount: 6,
      actions: [
        { requestCount: 6, executionCount: 2, failureCount: 1, lastFailure: 'no such session' },
        { requestCount: 6, executionCount: 1, failureCount: 0 },
      ],
    });
    expect(printTrigger(made.engine.list()[0]!, status!, levels).join('\n')).toContain(
      'failed executions: 1 (no such session)',
    );
  });
});

describe('spans', () => {
  const span = ['--condition=span-duration-ge', '--begin-name=a:begin', '--end-name=a:end', '--key=id'];

  it('are told apart by key and process', async () => {
    const made = harness();
    add(made, ...span, '--threshold-time=250ms', '--capture=url', '--capture=status', '--action=notify');
    const { engine } = made;
    engine.onNotice('trigger0', 'begin', notice(0, { fields: { id: 1, url: '/slow' } }));
    engine.onNotice('trigger0', 'begin', notice(10, { fields: { id: 1 }, process: '9-1' }));
    engine.onNotice('trigger0', 'begin', notice(20, { fields: { id: 2 } }));
    engine.onNotice('trigger0', 'end', notice(30, { fields: { id: 1 }, process: '9-1' }));
    engine.onNotice('trigger0', 'end', notice(260, { fields: { id: 2 } }));
    expect(engine.lookForOverdue(1e12)).toBeUndefined();
    engine.onNotice('trigger0', 'end', notice(300, { fields: { id: 1, status: 200 } }));
    await settled();
    expect(made.done).toHaveLength(1);
    expect(made.done[0]!.notification).toMatchObject({
      timeNs: '1700000000300000000',
      condition: 'span-duration',
      event: { timeNs: '1700000000000000000' },
      end: { timeNs: '1700000000300000000' },
      captures: [
        { expression: 'id', value: 1 },
        { expression: 'url', value: '/slow' },
        { expression: 'status', value: 200 },
      ],
      measured: { durationNs: 300e6 },
    });
  });

  it('that are open too long are found without their end', async () => {
    const made = harness();
    add(made, ...span, '--threshold-time=250ms', '--at=threshold', '--action=notify');
    const { engine } = made;
    engine.onNotice('trigger0', 'begin', notice(100, { fields: { id: 1 } }));
    engine.onNotice('trigger0', 'begin', notice(150, { fields: { id: 2 }, process: '9-1' }));
    expect(engine.lookForOverdue(200e6)).toBe(350e6);
    expect(engine.lookForOverdue(351e6)).toBe(400e6);
    engine.onProcessEnd('9-1');
    expect(engine.lookForOverdue(900e6)).toBeUndefined();
    engine.onNotice('trigger0', 'end', notice(1000, { fields: { id: 1 } }));
    await settled();
    expect(made.done.map(({ notification }) => notification)).toMatchObject([
      { captures: [{ expression: 'id', value: 1 }], measured: { durationNs: 251e6 } },
    ]);
    expect(made.done[0]!.notification).not.toHaveProperty('end');
  });
});

it('samples of sessions fire when they become so, for the session that is meant', async () => {
  const made = harness();
  const { engine } = made;
  const usage = ['--session=s', '--channel=c', '--action=notify'];
  add(made, '--condition=channel-buffer-usage-ge', '--threshold-ratio=0.5', ...usage);
  add(made, '--condition=channel-buffer-usage-le', '--threshold-size=10', ...usage);
  add(made, '--condition=session-consumed-size-ge', '-s', 's', '-t', '1k', '--action=notify');
  add(made, '--condition=session-rotation-finishes', '-s', 's', '--action=notify');
  engine.onUsage('s', 'user', 'c', { usedBytes: 60, capacityBytes: 100 });
  engine.onUsage('s', 'user', 'other', { usedBytes: 5, capacityBytes: 100 });
  engine.onUsage('s', 'user', 'c', { usedBytes: 70, capacityBytes: 100 });
  engine.onUsage('s', 'user', 'c', { usedBytes: 10, capacityBytes: 100 });
  engine.onConsumed('s', 1000);
  engine.onConsumed('t', 5000);
  engine.onConsumed('s', 1024);
  engine.onRotation('s', 'starts');
  engine.onRotation('s', 'finishes', '/out/archives/1');
  await settled();
  expect(made.done.map(({ notification }) => [notification.trigger, notification.measured])).toEqual([
    ['trigger0', { session: 's', channel: 'c', usedBytes: 60, capacityBytes: 100 }],
    ['trigger1', { session: 's', channel: 'c', usedBytes: 10, capacityBytes: 100 }],
    ['trigger2', { session: 's', sizeBytes: 1024 }],
    ['trigger3', { session: 's', archivePath: '/out/archives/1' }],
  ]);
});

it('counts become rates and silences', async () => {
  const made = harness();
  const { engine } = made;
  add(made, '--condition=event-rate-ge', '--name=a:*', '--threshold-count=100', '--action=notify');
  add(made, '--condition=event-silence', '--name=a:*', '--threshold-time=1s', '--action=notify');
  for (const [nowMs, total] of [
    [0, 0],
    [500, 150],
    [1000, 160],
    [1400, 160],
    [1500, 160],
  ] as const) {
    made.nowMs = nowMs;
    engine.onCount('trigger0', total);
    engine.onCount('trigger1', total);
  }
  made.nowMs = 2000;
  engine.onCount('trigger1', 160);
  await settled();
  expect(made.done.map(({ notification }) => [notification.condition, notification.measured])).toEqual([
    ['event-rate', { count: 150 }],
    ['event-silence', { silentMs: 1000 }],
  ]);
});

it('refuses a second trigger of a name, and to remove one that is not there', () => {
  const made = harness();
  add(made, '--condition=event-silence', '--threshold-time=1s', '--action=notify');
  expect(() =>
    add(made, '--name=trigger0', '--condition=event-silence', '--threshold-time=1s', '--action=notify'),
  ).toThrow(expect.objectContaining({ code: 'trigger/exists' }));
  expect(() => made.engine.remove('other')).toThrow(expect.objectContaining({ code: 'trigger/unknown' }));
  expect(made.engine.remove('trigger0').name).toBe('trigger0');
  expect(made.engine.freeName()).toBe('trigger0');
  // A notice that was under way.
  made.engine.onNotice('trigger0', 'match', notice(1));
});

it('shows triggers in the words of lttng list-triggers', () => {
  const made = harness();
  add(
    made,
    ['--name=hello', '--condition=event-rule-matches', '--type=user:tracepoint', '--name=my:*'],
    ['--log-level=TRACE_WARNING..', '--filter=a > 5', '--exclude-name=my:x', '--capture=a', '--capture=b[3]'],
    ['--action=start-session', 's', '--action=snapshot-session', 's', '--name=sn', '--max-size=4M'],
    ['--path=/tmp/x', '--rate-policy=once-after:3', '--action=notify', '--rate-policy=every:10'],
  );
  expect(printTrigger(made.engine.list()[0]!, made.engine.status()[0]!, levels)).toEqual([
    '- name: hello',
    '  owner uid: 0',
    '  condition: event rule matches',
    '    rule: my:* (type: user tracepoint, filter: a > 5, log level at least WARNING, exclusions: my:x)',
    '    captures:',
    '      - a',
    '      - b[3]',
    '    errors: none',
    '  actions:',
    '    start session `s`',
    '      errors: none',
    '    snapshot session `s`, path: /tmp/x, name: sn, max size: 4194304, rate policy: once after 3 occurrences',
    '      errors: none',
    '    notify, rate policy: every 10 occurrences',
    '      errors: none',
    '  errors: none',
  ]);
});
