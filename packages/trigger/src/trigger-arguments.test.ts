import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { timeText } from './quantities.ts';
import { readTriggerArguments } from './trigger-arguments.ts';
import { checkTexts } from './condition-rules.ts';
import type { Action, Condition, EventRule, RatePolicy, TriggerRequest } from '@spoor/control';
import { readRequest } from '@spoor/control/schema';

const levels = { emerg: 0, warning: 4, debug_line: 13, debug: 14 };
const read = (...args: readonly string[]): TriggerRequest =>
  readTriggerArguments(args, {
    levels,
    resolvePath: (path) => (path.startsWith('/') ? path : `/at/${path}`),
    resolvePlace: (text) => text.replace(/^node:/, '/bin/node:'),
  });
const matches = ['--condition=event-rule-matches', '--type=user'];
const kernel = ['--condition=event-rule-matches', '--type=kernel'];
const uprobe = ['--condition=event-rule-matches', '--type=kernel:uprobe', '--location=node:main'];

describe("LTTng's examples", () => {
  it('takes events of the kernel', () => {
    const { condition } = read(
      '--condition=event-rule-matches',
      '--type=kernel:syscall:entry',
      '--name=openat',
      '--capture=filename',
      '--action=notify',
    );
    expect(condition).toEqual({
      kind: 'event-rule-matches',
      rule: { kind: 'kernel-syscall', name: 'openat', site: 'entry' },
      captures: ['filename'],
    });
    expect(read(...uprobe, '--event-name=begin', '--action=notify').condition).toMatchObject({
      rule: { kind: 'kernel-uprobe', name: 'begin', location: '/bin/node:main' },
    });
    expect(read(...uprobe, '--action=notify').condition).toMatchObject({ rule: { name: 'node:main' } });
  });

  it('matches with log level, then stops and rotates', () => {
    expect(
      read(
        '--condition=event-rule-matches',
        '--type=user',
        '--name=my_app:*',
        '--log-level=TRACE_WARNING..',
        '--action=stop-session',
        'my-session',
        '--action=rotate-session',
        'my-session',
      ),
    ).toEqual({
      condition: {
        kind: 'event-rule-matches',
        rule: { kind: 'user-tracepoint', name: 'my_app:*', logLevel: { kind: 'at-least', level: 4 } },
        captures: [],
      },
      actions: [
        { kind: 'stop-session', session: 'my-session' },
        { kind: 'rotate-session', session: 'my-session' },
      ],
    });
  });

  it('tells the name of the trigger, of the event and of the snapshot apart', () => {
    const request = read(
      '--name=mine',
      ...matches,
      '--name',
      'a:b',
      '--action=snapshot-session',
      's',
      '-n',
      'shot',
      '--max-size=4M',
      '--path=/tmp/x',
      '--rate-policy=once-after:3',
      '--owner-uid=7',
    );
    expect(request.name).toBe('mine');
    expect(request.ownerUid).toBe(7);
    expect(request.condition).toMatchObject({ rule: { name: 'a:b' } });
    expect(request.actions).toEqual([
      {
        kind: 'snapshot-session',
        session: 's',
        name: 'shot',
        maxSizeBytes: 4 * 1024 ** 2,
        output: { kind: 'local', path: '/tmp/x' },
        ratePolicy: { kind: 'once-after', count: 3 },
      },
    ]);
  });

  it('counts into a map', () => {
    const request = read(
      ...matches,
      '--action=incr-map-value',
      '--session=s',
      '--type=user',
      '--channel=counters',
      '--key={event_name}_count',
    );
    expect(request.actions).toEqual([
      {
        kind: 'increment-map-value',
        session: 's',
        map: 'counters',
        key: '{event_name}_count',
      },
    ]);
  });
});

it('reads a span, its keys and a policy of time', () => {
  expect(
    read(
      '--condition=span-duration-ge',
      '--threshold-time=250ms',
      '--begin-name=http:server_request_begin',
      '--end-name=http:server_request_end',
      '--key=id',
      '--action=notify',
      '--rate-policy=at-most:1/1m',
    ),
  ).toEqual({
    condition: {
      kind: 'span-duration',
      begin: { kind: 'user-tracepoint', name: 'http:server_request_begin' },
      end: { kind: 'user-tracepoint', name: 'http:server_request_end' },
      beginKey: ['id'],
      endKey: ['id'],
      scope: 'process',
      thresholdMs: 250,
      at: 'end',
      captures: [],
    },
    actions: [{ kind: 'notify', ratePolicy: { kind: 'at-most', count: 1, periodMs: 60_000 } }],
  });
});

// The first nine are refused by lttng 2.13 too; tests/interop compares.
it.each([
  [[...matches, '--name=x'], 'at least one --action'],
  [['--action=notify'], '--condition is missing'],
  [['--condition=foo', '--action=notify'], 'no condition `foo`'],
  [[...matches, '--action=foo'], 'no action `foo`'],
  [['--condition=event-rule-matches', '--action=notify'], 'needs a --type'],
  [[...matches, '--capture=a && b', '--action=notify'], 'cannot be captured'],
  [[...matches, '--action=notify', '--rate-policy=every:0'], 'no rate policy'],
  [[...matches, '--action=start-session'], 'needs a session'],
  [[...matches, '--action=notify', 'extra'], 'unexpected argument `extra`'],
  [[...matches, '--action=notify', ...matches], 'already given'],
  [['--condition=event-rule-matches', '--type=jul', '--action=notify'], 'not for events of'],
  [['--condition=event-rule-matches', '--type=kernel:syscall:both', '--action=notify'], 'no event type'],
  [[...kernel, '--log-level=WARNING', '--action=notify'], '--log-level is not for'],
  [[...kernel, '--exclude-name=x', '--action=notify'], '--exclude-name is not for'],
  [[...kernel, '--location=x', '--action=notify'], '--location is not for'],
  [['--condition=event-rule-matches', '--type=kernel:uprobe', '--action=notify'], 'needs a --location'],
  [[...uprobe, '--name=x', '--action=notify'], '--name is not for'],
  [[...matches, '--log-level=LOUD', '--action=notify'], 'no log level'],
  [[...matches, '--filter=a +', '--action=notify'], 'filter'],
  [[...matches, '--action=webhook', 'ftp://x'], 'no address'],
  [['--condition=span-duration-ge', '--threshold-time=1s', '--action=notify'], '--begin-name'],
  [['--condition=event-silence', '--threshold-time=0ms', '--action=notify'], 'no value for'],
  [['--condition'], 'needs a value'],
])('refuses %j', (args, message) => {
  expect(() => read(...args)).toThrow(
    expect.objectContaining({ code: expect.stringMatching(/^(trigger|filter)\//) }),
  );
  expect(() => read(...args)).toThrow(message === 'filter' ? /./ : message);
});

const name = fc.stringMatching(/^[a-z][a-z0-9:*_-]{0,12}$/);
const logLevel = fc.record({
  kind: fc.constantFrom('at-least' as const, 'only' as const),
  level: fc.constantFrom(...Object.values(levels)),
});
const userRule: fc.Arbitrary<EventRule> = fc.record(
  {
    kind: fc.constant('user-tracepoint' as const),
    name: fc.stringMatching(/^[a-z]{1,5}:[a-z*_]{1,8}$/),
    exclude: fc.array(name, { minLength: 1, maxLength: 2 }),
    logLevel,
    filter: fc.constantFrom('a > 5', 'name == "x*" && $ctx.vtid != 3'),
  },
  { requiredKeys: ['kind', 'name'] },
);
const filter = fc.constantFrom('a > 5', 'name == "x*"');
const pattern = fc.stringMatching(/^[a-z_]{1,8}\*?$/);
const kernelRule: fc.Arbitrary<EventRule> = fc.oneof(
  fc.record(
    { kind: fc.constant('kernel-tracepoint' as const), name: pattern, filter },
    { requiredKeys: ['kind', 'name'] },
  ),
  fc.record(
    {
      kind: fc.constant('kernel-syscall' as const),
      name: pattern,
      site: fc.constantFrom('entry' as const, 'exit' as const, 'entry+exit' as const),
      filter,
    },
    { requiredKeys: ['kind', 'name', 'site'] },
  ),
  fc.record(
    {
      kind: fc.constantFrom('kernel-kprobe' as const, 'kernel-function' as const, 'kernel-uprobe' as const),
      name: pattern,
      location: fc.constantFrom('/bin/x:main', 'elf:/x/y:f%return', 'do_exit+0x10'),
      filter,
    },
    { requiredKeys: ['kind', 'name', 'location'] },
  ),
);
const rule = fc.oneof(userRule, kernelRule);
const capture = fc.constantFrom('a', 'a.b[2]', '$ctx.vpid', '$app.shop:user');
const timeMs = fc.oneof(fc.integer({ min: 1, max: 1e7 }), fc.constantFrom(0.25, 1500, 60_000, 3_600_000));
const ratePolicy: fc.Arbitrary<RatePolicy> = fc.oneof(
  fc.record({
    kind: fc.constantFrom('every' as const, 'once-after' as const),
    count: fc.integer({ min: 1 }),
  }),
  fc.record({ kind: fc.constant('at-most' as const), count: fc.integer({ min: 1 }), periodMs: timeMs }),
);
const condition: fc.Arbitrary<Condition> = fc.oneof(
  fc.record({
    kind: fc.constant('event-rule-matches' as const),
    rule,
    captures: fc.array(capture, { maxLength: 3 }),
  }),
  fc.record({
    kind: fc.constant('channel-buffer-usage' as const),
    comparison: fc.constantFrom('at-least' as const, 'at-most' as const),
    session: name,
    domain: fc.constantFrom('user' as const, 'kernel' as const),
    channel: name,
    threshold: fc.oneof(
      fc.record({ ratio: fc.constantFrom(0, 0.25, 1) }),
      fc.record({ sizeBytes: fc.nat() }),
    ),
  }),
  fc.record({ kind: fc.constant('session-consumed-size' as const), session: name, sizeBytes: fc.nat() }),
  fc.record({
    kind: fc.constantFrom('session-rotation-starts' as const, 'session-rotation-finishes' as const),
    session: name,
  }),
  fc.record({
    kind: fc.constant('event-rate' as const),
    rule,
    count: fc.integer({ min: 1 }),
    periodMs: timeMs,
  }),
  fc.record({ kind: fc.constant('event-silence' as const), rule, durationMs: timeMs }),
  fc
    .record({
      ends: fc.oneof(fc.tuple(userRule, userRule), fc.tuple(kernelRule, kernelRule)),
      keys: fc.array(fc.tuple(capture, capture), { maxLength: 2 }),
    })
    .chain(({ ends: [begin, end], keys }) =>
      fc.record({
        kind: fc.constant('span-duration' as const),
        begin: fc.constant(begin),
        end: fc.constant(end),
        beginKey: fc.constant(keys.map(([key]) => key)),
        endKey: fc.constant(keys.map(([, key]) => key)),
        scope: fc.constantFrom('thread' as const, 'process' as const, 'all' as const),
        thresholdMs: timeMs,
        at: fc.constantFrom('end' as const, 'threshold' as const),
        captures: fc.array(capture, { maxLength: 2 }),
      }),
    ),
);
const timeoutMs = timeMs;
const someAction: fc.Arbitrary<Action> = fc.oneof(
  fc.constant({ kind: 'notify' as const }),
  fc.record({
    kind: fc.constantFrom('start-session' as const, 'stop-session' as const, 'rotate-session' as const),
    session: name,
  }),
  fc.record(
    {
      kind: fc.constant('snapshot-session' as const),
      session: name,
      name,
      maxSizeBytes: fc.integer({ min: 1 }),
      output: fc.record({ kind: fc.constant('local' as const), path: fc.constantFrom('/tmp/a b', '/at/x') }),
    },
    { requiredKeys: ['kind', 'session'] },
  ),
  fc.record({
    kind: fc.constant('exec' as const),
    command: fc.constant(['/bin/sh', '-c', 'logger -t "x y"']),
    timeoutMs,
  }),
  fc.record({ kind: fc.constant('webhook' as const), url: fc.webUrl(), timeoutMs }),
  fc.record({
    kind: fc.constant('increment-map-value' as const),
    session: name,
    map: name,
    key: fc.constantFrom('{event_name}', 'all', '{{{provider_name}'),
  }),
);
const action = fc
  .tuple(someAction, fc.option(ratePolicy, { nil: undefined }))
  .map(([one, policy]): Action => (policy === undefined ? one : { ...one, ratePolicy: policy }));

function typeOf(of: EventRule): string {
  if (of.kind === 'user-tracepoint') return 'user';
  if (of.kind !== 'kernel-syscall') return of.kind.replace('-', ':');
  return of.site === 'entry+exit' ? 'kernel:syscall' : `kernel:syscall:${of.site}`;
}

function ruleArguments(prefix: string, of: EventRule): string[] {
  const parts = [`--${prefix}type=${typeOf(of)}`];
  if (of.filter !== undefined) parts.push(`--${prefix}filter`, of.filter);
  if ('location' in of)
    return [...parts, `--${prefix}event-name=${of.name}`, `--${prefix}location=${of.location}`];
  parts.push(`--${prefix}name=${of.name}`);
  if (of.kind !== 'user-tracepoint') return parts;
  const { exclude = [], logLevel: level } = of;
  const word = Object.entries(levels)
    .find(([, number]) => number === level?.level)?.[0]
    .toUpperCase();
  return [
    ...parts,
    ...exclude.map((text) => `--${prefix}exclude-name=${text}`),
    ...(level === undefined ? [] : [`--${prefix}log-level=${word}${level.kind === 'only' ? '' : '..'}`]),
  ];
}

function conditionArguments(from: Condition): string[] {
  const captures = 'captures' in from ? from.captures.map((text) => `--capture=${text}`) : [];
  switch (from.kind) {
    case 'event-rule-matches':
      return ['--condition=event-rule-matches', ...ruleArguments('', from.rule), ...captures];
    case 'channel-buffer-usage':
      return [
        `--condition=channel-buffer-usage-${from.comparison === 'at-least' ? 'ge' : 'le'}`,
        `--domain=${from.domain}`,
        '--session',
        from.session,
        `--channel=${from.channel}`,
        'ratio' in from.threshold
          ? `--threshold-ratio=${from.threshold.ratio}`
          : `--threshold-size=${from.threshold.sizeBytes}`,
      ];
    case 'session-consumed-size':
      return ['--condition=session-consumed-size-ge', '-s', from.session, '-t', `${from.sizeBytes}`];
    case 'session-rotation-starts':
    case 'session-rotation-finishes':
      return [`--condition=${from.kind}`, `--session=${from.session}`];
    case 'event-rate':
      return [
        '--condition=event-rate-ge',
        ...ruleArguments('', from.rule),
        `--threshold-count=${from.count}`,
        `--period=${timeText(from.periodMs)}`,
      ];
    case 'event-silence':
      return [
        '--condition=event-silence',
        `--threshold-time=${timeText(from.durationMs)}`,
        ...ruleArguments('', from.rule),
      ];
    case 'span-duration':
      return [
        '--condition=span-duration-ge',
        `--threshold-time=${timeText(from.thresholdMs)}`,
        ...ruleArguments('begin-', from.begin),
        ...ruleArguments('end-', from.end),
        ...from.beginKey.map((key) => `--begin-key=${key}`),
        ...from.endKey.map((key) => `--end-key=${key}`),
        `--scope=${from.scope}`,
        `--at=${from.at}`,
        ...captures,
      ];
    default:
      return from satisfies never;
  }
}

function ratePolicyText(policy: RatePolicy): string {
  const { kind, count } = policy;
  return kind === 'at-most' ? `${kind}:${count}/${timeText(policy.periodMs)}` : `${kind}:${count}`;
}

function actionArguments(from: Action): string[] {
  const words = [`--action=${from.kind === 'increment-map-value' ? 'incr-map-value' : from.kind}`];
  if (from.kind === 'exec') words.push(from.command[2]!);
  else if (from.kind === 'webhook') words.push(from.url);
  else if (from.kind === 'increment-map-value') {
    words.push(`--session=${from.session}`, `--channel=${from.map}`, `--key=${from.key}`);
  } else if (from.kind !== 'notify') words.push(from.session);
  if (from.ratePolicy !== undefined) words.push(`--rate-policy=${ratePolicyText(from.ratePolicy)}`);
  if ('timeoutMs' in from) words.push(`--timeout=${timeText(from.timeoutMs)}`);
  if (from.kind === 'snapshot-session') {
    if (from.name !== undefined) words.push(`--name=${from.name}`);
    if (from.maxSizeBytes !== undefined) words.push(`-m${from.maxSizeBytes}`);
    if (from.output?.kind === 'local') words.push('--path', from.output.path.replace('/at/', ''));
  }
  return words;
}

it('reads back what is written as arguments, and a daemon takes it', () => {
  fc.assert(
    fc.property(condition, fc.array(action, { minLength: 1, maxLength: 3 }), (wanted, actions) => {
      const said = [...conditionArguments(wanted), ...actions.flatMap(actionArguments)];
      const params = read(...said);
      expect(params).toEqual({ condition: wanted, actions });
      const request = { id: 1, method: 'add-trigger', params };
      expect(readRequest(JSON.stringify(request))).toEqual(request);
      checkTexts(params);
    }),
  );
});

it('looks into the texts of triggers that come as JSON', () => {
  const { condition: matching, actions } = read(...matches, '--action=notify');
  if (matching.kind !== 'event-rule-matches') throw new Error(matching.kind);
  const check = (wanted: Condition): (() => void) => {
    return () => checkTexts({ condition: wanted, actions });
  };
  const { rule: plain } = matching;
  expect(check({ ...matching, rule: { ...plain, filter: 'a ==' } })).toThrow(/./);
  expect(check({ ...matching, captures: ['1 + 1'] })).toThrow(/cannot be captured/);
  const span = { beginKey: [], endKey: [], scope: 'all', thresholdMs: 1, at: 'end', captures: [] } as const;
  const end = { kind: 'kernel-tracepoint', name: 'sched_*' } as const;
  expect(check({ kind: 'span-duration', begin: plain, end, ...span })).toThrow(/both of the kernel/);
  expect(() => checkTexts({ condition: matching, actions: [{ ...increment, key: '{x}' }] })).toThrow(
    /template/,
  );
});

const increment = { kind: 'increment-map-value', session: 's', map: 'm', key: 'k' } as const;
