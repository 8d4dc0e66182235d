import { SpoorError } from '@spoor/base';
import {
  CHANNEL_DEFAULTS,
  type Channel,
  type EventRule,
  type ProcessTracker,
  type SavedSession,
} from '@spoor/control';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readSessionFile } from './read-session-file.ts';
import { writeSessionFile } from './write-session-file.ts';

const word = fc.stringMatching(/^[a-z][a-z0-9:_*.-]{0,10}$/);
const size = fc.integer({ min: 12, max: 30 }).map((power) => 2 ** power);
const count = fc.integer({ min: 0, max: 2 ** 40 });
const filter = fc.option(fc.constantFrom('a > 3 && b < 4', '$ctx.vpid == 7', 'name == "x & <y>"'), {
  nil: undefined,
});

function defined<Value extends object>(value: Value): Value {
  return Object.fromEntries(Object.entries(value).filter(([, part]) => part !== undefined)) as Value;
}

const userRule = fc
  .record({
    kind: fc.constant('user-tracepoint' as const),
    name: word,
    exclude: fc.option(fc.array(word, { minLength: 1, maxLength: 3 }), { nil: undefined }),
    logLevel: fc.option(
      fc.record({
        kind: fc.constantFrom('only' as const, 'at-least' as const),
        level: fc.integer({ min: 0, max: 14 }),
      }),
      { nil: undefined },
    ),
    filter,
  })
  .map((rule) => defined(rule) as EventRule);
const symbol = fc.stringMatching(/^[a-z_]{1,10}$/);
const kernelRule: fc.Arbitrary<EventRule> = fc.oneof(
  fc
    .record({ kind: fc.constant('kernel-tracepoint' as const), name: word, filter })
    .map((rule) => defined(rule) as EventRule),
  fc.record({
    kind: fc.constant('kernel-syscall' as const),
    name: word,
    site: fc.constant('entry+exit' as const),
  }),
  fc.record({
    kind: fc.constantFrom('kernel-kprobe' as const, 'kernel-function' as const),
    name: word,
    location: fc.oneof(
      symbol,
      fc.tuple(symbol, fc.integer({ min: 1, max: 4096 })).map(([name, at]) => `${name}+0x${at.toString(16)}`),
      fc.bigInt({ min: 1n, max: 2n ** 64n - 1n }).map((address) => `0x${address.toString(16)}`),
    ),
  }),
  fc.record({
    kind: fc.constant('kernel-uprobe' as const),
    name: word,
    location: fc.constantFrom('elf:/bin/x y:main', 'sdt:/usr/lib/a.so:provider:probe'),
  }),
);
const channelOf = (domain: 'user' | 'kernel'): fc.Arbitrary<Channel> =>
  fc.record({
    name: word,
    domain: fc.constant(domain),
    isEnabled: fc.boolean(),
    lossMode: fc.constantFrom('discard' as const, 'overwrite' as const),
    subBufferSizeBytes: size,
    subBufferCount: fc.constantFrom(2, 4, 64),
    blockingTimeoutUs: fc.integer({ min: -1, max: 1e6 }),
    switchTimerUs: count,
    readTimerUs: count,
    monitorTimerUs: count,
    traceFileSizeBytes: fc.constantFrom(0, 2 ** 31),
    traceFileCount: count,
    contexts: fc.uniqueArray(
      fc.constantFrom('vpid', 'procname', 'perf:thread:cache-misses', '$app.shop:cart'),
    ),
    rules: fc.array(fc.record({ rule: domain === 'user' ? userRule : kernelRule, isEnabled: fc.boolean() }), {
      maxLength: 4,
    }),
  });
const trackersOf = (...attributes: readonly ProcessTracker['attribute'][]): fc.Arbitrary<ProcessTracker[]> =>
  fc
    .tuple(
      ...attributes.map((attribute) =>
        fc.option(
          fc.array(
            attribute.endsWith('pid')
              ? fc.integer({ min: 0, max: 2 ** 22 })
              : fc.oneof(fc.integer({ min: 0, max: 2 ** 22 }), fc.constant('root')),
            { maxLength: 3 },
          ),
        ),
      ),
    )
    .map((all) =>
      all.flatMap((values, at) => (values === null ? [] : [{ attribute: attributes[at]!, values }])),
    );
const local = fc.constantFrom('/tmp/x', '/tmp/a & b').map((path) => ({ kind: 'local' as const, path }));
const session: fc.Arbitrary<SavedSession> = fc
  .record({
    name: word,
    kind: fc.constantFrom('local' as const, 'snapshot' as const, 'no-output' as const, 'live' as const),
    isActive: fc.boolean(),
    output: local,
    channels: fc
      .tuple(fc.array(channelOf('kernel'), { maxLength: 2 }), fc.array(channelOf('user'), { maxLength: 3 }))
      .map((parts) => parts.flat()),
    outputs: fc.array(
      fc.record({ name: word, output: local, maxSizeBytes: fc.constantFrom(undefined, 4096) }),
    ),
    rotation: fc
      .record({
        periodUs: fc.constantFrom(undefined, 1_000_000),
        sizeBytes: fc.constantFrom(undefined, 4096),
      })
      .map(defined),
    kernel: trackersOf('pid', 'vpid', 'uid', 'gid'),
    user: trackersOf('vpid', 'vuid', 'vgid'),
    shmPath: fc.constantFrom(undefined, '/dev/shm/x'),
  })
  .map(({ kind, output, outputs, kernel, user, shmPath, ...rest }) =>
    defined({
      ...rest,
      mode: kind,
      output: kind === 'snapshot' || kind === 'no-output' ? undefined : output,
      liveTimerUs: kind === 'live' ? 500_000 : undefined,
      shmPath,
      automaticEvents: true,
      snapshotOutputs:
        kind === 'snapshot' ? outputs.map((own, index) => defined({ id: index + 1, ...own })) : [],
      trackers: { kernel, user },
    } as SavedSession),
  );

test('a session is read as it was written', () => {
  fc.assert(
    fc.property(session, (saved) => {
      const { text, warnings } = writeSessionFile(saved);
      expect(warnings).toEqual([]);
      expect(readSessionFile(text, 'made')).toEqual({ sessions: [saved], warnings: [] });
    }),
  );
});

const plain = (inner: string): string =>
  `<?xml version="1.0"?>\n<sessions><session>\n<name>s</name>\n${inner}\n</session></sessions>`;
const ofChannel = (inner: string): string =>
  plain(
    `<domains><domain><type>UST</type><buffer_type>PER_PID</buffer_type><channels><channel><name>c</name>\n${inner}</channel></channels></domain></domains>`,
  );

describe('what is not in the schema is refused with its place', () => {
  test.each([
    ['<traces/>', /:1:1$/, /begins with <sessions>/],
    ['<sessions/>', /:1:1$/, /no session/],
    ['<sessions><session/></sessions>', /:1:11$/, /no <name>/],
    [plain('<what/>'), /:4:1$/, /cannot have <what>/],
    [plain('<name>t</name>'), /:4:1$/, /twice/],
    [plain('<started>maybe</started>'), /:4:1$/, /"maybe", not one of/],
    [
      plain('<attributes><live_timer_interval>-5</live_timer_interval></attributes>'),
      /:4:13$/,
      /whole number/,
    ],
    [plain('<domains><domain><type>MARS</type></domain></domains>'), /:4:18$/, /"MARS"/],
    [ofChannel('<subbuffer_size>99999999999999999999</subbuffer_size>'), /:5:1$/, /whole number/],
    [ofChannel('<subbuffer_size><a/></subbuffer_size>'), /:5:17$/, /is a text/],
    [ofChannel('<events><event><type>SYSCALL</type></event></events>'), /:5:9$/, /no type SYSCALL/],
    [
      ofChannel(
        '<events><event><loglevel_type>SINGLE</loglevel_type><loglevel>77</loglevel></event></events>',
      ),
      /:5:9$/,
      /no log level 77/,
    ],
    [ofChannel('<events>text</events>'), /:5:1$/, /cannot have text/],
    [
      plain(
        '<output><consumer_output><destination><path>a/b</path></destination></consumer_output></output>',
      ),
      /:4:9$/,
      /absolute/,
    ],
    [
      plain(
        '<output><consumer_output><destination><net_output><control_uri>tcp://h:x</control_uri><data_uri>tcp://h:1</data_uri></net_output></destination></consumer_output></output>',
      ),
      /:4:9$/,
      /tcp:\/\/h:x/,
    ],
  ])('%#', (text, where, what) => {
    let error: unknown;
    try {
      readSessionFile(text, 'a.lttng');
    } catch (caught) {
      error = caught;
    }
    expect(error).toBeInstanceOf(SpoorError);
    const { message, where: place } = error as SpoorError;
    expect(message).toMatch(what);
    expect(place).toMatch(where);
  });
});

test('what has no meaning here is told', () => {
  const { sessions, warnings } = readSessionFile(
    plain(
      `<domains><domain><type>UST</type><buffer_type>PER_UID</buffer_type><channels><channel><name>c</name>
       <contexts><context><type>IP</type></context><context><type>VPID</type></context></contexts></channel></channels>
       <trackers><pid_tracker><targets><pid_target><pid>7</pid></pid_target></targets></pid_tracker></trackers></domain>
       <domain><type>JUL</type><buffer_type>PER_UID</buffer_type><channels><channel><name>j</name></channel></channels></domain></domains>`,
    ),
    'a',
  );
  expect(sessions[0]).toMatchObject({
    mode: 'no-output',
    channels: [{ contexts: ['vpid'], subBufferSizeBytes: 524_288 }],
    trackers: { user: [{ attribute: 'vpid', values: [7] }] },
  });
  expect(warnings).toEqual([
    'session s: ring buffers of a user become those of processes and threads',
    'session s: the context ip is left out: programs have none of it',
    'session s: the domain JUL is left out: there are no loggers of that kind',
  ]);
});

test('maps, triggers and the site of a system call are told to be left out', () => {
  const { warnings } = writeSessionFile({
    name: 's',
    mode: 'local',
    isActive: false,
    automaticEvents: true,
    channels: [
      {
        ...CHANNEL_DEFAULTS.kernel,
        name: 'c',
        domain: 'kernel',
        isEnabled: true,
        contexts: [],
        rules: (['entry', 'entry+exit'] as const).map((site) => ({
          rule: { kind: 'kernel-syscall', name: 'read', site },
          isEnabled: true,
        })),
      },
    ],
    snapshotOutputs: [],
    rotation: {},
    trackers: { kernel: [], user: [] },
    maps: [
      {
        name: 'counts',
        maxKeys: 1,
        valueType: 'signed-int-64',
        ownership: 'user',
        updatePolicy: 'per-event',
        deadProcessPolicy: 'drop',
      },
    ],
    triggers: [
      {
        name: 'slow',
        condition: { kind: 'session-rotation-finishes', session: 's' },
        actions: [{ kind: 'notify' }],
      },
    ],
  });
  expect(warnings).toEqual([
    'session s: counter map counts is left out: session files of LTTng have none',
    'session s: trigger slow is left out: session files of LTTng have none',
    "session s: the rule read of channel c is for entry and exit of system calls: LTTng's files cannot say entry alone",
  ]);
});

test('of probes in programs the place is written, and told what else there was', () => {
  const { text, warnings } = writeSessionFile({
    name: 's',
    mode: 'local',
    isActive: false,
    automaticEvents: true,
    channels: [
      {
        ...CHANNEL_DEFAULTS.kernel,
        name: 'c',
        domain: 'kernel',
        isEnabled: true,
        contexts: [],
        rules: [
          ['plain', 'elf:/bin/x:f'],
          ['values', 'elf:/bin/x:f(n=arg1:s32, t=+0(+8(arg2)):string)'],
          ['end', '/bin/x:f%return(retval)'],
          ['sdt', 'sdt:/bin/x:shop:order(n=arg1)'],
        ].map(([name = '', location = '']) => ({
          rule: { kind: 'kernel-uprobe', name, location },
          isEnabled: true,
        })),
      },
    ],
    snapshotOutputs: [],
    rotation: {},
    trackers: { kernel: [], user: [] },
  });
  const of = (name: string): readonly string[] =>
    Array.from(text.matchAll(new RegExp(`<${name}>(.*)</${name}>`, 'g')), ([, found = '']) => found);
  expect(of('function_name')).toEqual(['f', 'f', 'f']);
  expect([of('provider_name'), of('probe_name')]).toEqual([['shop'], ['order']]);
  const told = (name: string, what: string): string =>
    `session s: the rule ${name} of channel c is the place alone: LTTng's probes have no ${what}`;
  expect(warnings).toEqual([
    told('values', 'values'),
    told('end', 'returns and values'),
    told('sdt', 'values'),
  ]);
});

test('what LTTng has no place for is told', () => {
  const channel: Channel = {
    name: 'c',
    domain: 'user',
    isEnabled: true,
    lossMode: 'discard',
    subBufferSizeBytes: 12_288,
    subBufferCount: 3,
    blockingTimeoutUs: 0,
    switchTimerUs: 0,
    readTimerUs: 0,
    monitorTimerUs: 0,
    traceFileSizeBytes: 0,
    traceFileCount: 0,
    contexts: ['cpu_id'],
    rules: [],
  };
  const { text, warnings } = writeSessionFile({
    name: 's',
    mode: 'no-output',
    isActive: false,
    automaticEvents: false,
    channels: [channel],
    snapshotOutputs: [],
    rotation: {},
    trackers: { kernel: [], user: [{ attribute: 'cgroup', values: ['/a'] }] },
  });
  expect(text).toContain('<subbuffer_size>16384</subbuffer_size>');
  expect(warnings.map((line) => line.replace('session s: ', '').split(/ (?:is|has) /)[0])).toEqual([
    'LTTng',
    'the context cpu_id of channel c',
    'the sub-buffer size of channel c',
    'the number of sub-buffers of channel c',
    'the tracker of control groups',
  ]);
});
