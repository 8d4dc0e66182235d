import type { EventRule, Session } from '@spoor/control';
import { describe, expect, test } from 'vitest';
import { takesAutomaticEvents } from './automatic-events.ts';
import { describeSession } from './describe-session.ts';
import { addContexts, disableChannel, disableEvent, enableChannel, enableEvent, track } from './edits.ts';
import { plainRun, plainSession } from '../testing/plain-session.ts';

const empty: Session = {
  ...plainSession,
  mode: 'local',
  isActive: true,
  hasStarted: true,
  output: { kind: 'local', path: '/out' },
  automaticEvents: true,
};
const rule: EventRule = { kind: 'user-tracepoint', name: 'shop:*', filter: 'n > 1' };
const run = { ...plainRun, revision: 3, clockOffsetNs: '7' };

describe('a channel', () => {
  test('has defaults, keeps what is not said anew, and is rounded as LTTng rounds', () => {
    const made = enableChannel(empty, 'user', 'ch', { subBufferSizeBytes: 5000 });
    expect(made.result).toMatchObject({
      outcome: 'created',
      channel: { subBufferSizeBytes: 8192, subBufferCount: 4, lossMode: 'discard' },
      warnings: ['the sub-buffer size (5000) is rounded up to 8192'],
    });
    const again = enableChannel(made.session, 'user', 'ch', { subBufferCount: 8 });
    expect(again.result).toMatchObject({
      outcome: 'resized',
      channel: { subBufferSizeBytes: 8192, subBufferCount: 8 },
    });
    expect(enableChannel(again.session, 'user', 'ch').result.outcome).toBe('unchanged');
    const off = disableChannel(again.session, 'user', 'ch');
    expect(enableChannel(off, 'user', 'ch').result.outcome).toBe('enabled');
    // The other domain has names of its own.
    expect(enableChannel(again.session, 'kernel', 'ch').result.outcome).toBe('created');
  });

  test('has trace files of its own, each with room for a sub-buffer', () => {
    const files = { traceFileSizeBytes: 1000, traceFileCount: 2 };
    const made = enableChannel(empty, 'user', 'ch', { ...files, subBufferSizeBytes: 4096 });
    expect(made.result).toMatchObject({
      channel: { traceFileSizeBytes: 4096 },
      warnings: ['the trace file size (1000) is rounded up to that of a sub-buffer'],
    });
    // File 0 of ring 1 would be ring 0 of the other.
    expect(() => enableChannel(made.session, 'user', 'ch_1')).toThrow('would have the same names');
    expect(enableChannel(made.session, 'user', 'ch_a').result.outcome).toBe('created');
    expect(enableChannel(made.session, 'kernel', 'ch_1').result.outcome).toBe('created');
  });

  test('of a flight recorder overwrites', () => {
    const flight: Session = { ...empty, mode: 'snapshot' };
    expect(enableChannel(flight, 'user', 'ch').result).toMatchObject({
      channel: { lossMode: 'overwrite' },
      warnings: [],
    });
    expect(enableChannel(flight, 'user', 'ch', { lossMode: 'discard' }).result.warnings).toHaveLength(1);
  });

  test.each([
    [{ subBufferCount: 512 }],
    [{ subBufferSizeBytes: 2 ** 30, subBufferCount: 4 }],
    [{ traceFileCount: 3 }],
    [{ lossMode: 'overwrite', blockingTimeoutUs: -1 }],
  ] as const)('cannot be so: %j', (attributes) => {
    expect(() => enableChannel(empty, 'user', 'ch', attributes)).toThrow(
      expect.objectContaining({ code: 'control/channel-attributes' }),
    );
  });
});

describe('a rule', () => {
  test('makes the default channel, is there once, and can be disabled', () => {
    const made = enableEvent(empty, 'user', undefined, rule);
    expect(made.result).toEqual({ channel: 'channel0', outcome: 'created', warnings: [] });
    expect(enableEvent(made.session, 'user', undefined, rule).result.outcome).toBe('unchanged');
    const other = enableEvent(made.session, 'user', undefined, { ...rule, filter: 'n > 2' });
    expect(other.session.channels[0]!.rules).toHaveLength(2);
    const off = disableEvent(other.session, 'user', undefined, 'shop:*', undefined);
    expect(off.result).toBe(2);
    expect(enableEvent(off.session, 'user', undefined, rule).result.outcome).toBe('enabled');
    expect(() => disableEvent(off.session, 'user', undefined, 'shop', undefined)).toThrow(
      /no rule named shop/,
    );
    expect(() => enableEvent(empty, 'user', undefined, { ...rule, filter: 'n >' })).toThrow(
      expect.objectContaining({ code: 'control/invalid-filter' }),
    );
  });

  test('counts for programs only while session, channel and rule are on', () => {
    const { session } = enableEvent(empty, 'user', 'ch', rule);
    const rulesOf = (one: Session) => describeSession(one, run).channels[0]!.rules;
    expect(rulesOf(session)).toEqual([{ name: 'shop:*', exclude: [], filter: 'n > 1' }]);
    expect(rulesOf({ ...session, isActive: false })).toEqual([]);
    expect(rulesOf(disableChannel(session, 'user', 'ch'))).toEqual([]);
    expect(rulesOf(disableEvent(session, 'user', 'ch', undefined, undefined).session)).toEqual([]);
    expect(describeSession(session, run)).toMatchObject({ revision: 3, auto: false, outputDir: '/out' });
  });

  test.each([
    ['*', true],
    ['h*', true],
    ['http_server:*', true],
    ['http_server:request', true],
    ['node:gc*', true],
    ['shop:*', false],
    ['nodes:*', false],
    ['http_serve', false],
  ])('%s may take automatic events: %s', (name, isSo) => {
    expect(takesAutomaticEvents({ name })).toBe(isSo);
  });
});

test('contexts are added once, to all channels or to one', () => {
  const two = enableChannel(enableChannel(empty, 'user', 'a').session, 'user', 'b').session;
  const all = addContexts(two, 'user', undefined, ['vpid', 'vpid']);
  expect(all.result).toEqual(['a', 'b']);
  const one = addContexts(all.session, 'user', 'a', ['vpid', 'vtid']);
  expect(one.session.channels.map(({ contexts }) => contexts)).toEqual([['vpid', 'vtid'], ['vpid']]);
  expect(() => addContexts(two, 'user', 'c', ['vpid'])).toThrow(/no user channel c/);
});

test('an inclusion set begins with the first values that are added to it', () => {
  const values = (session: Session) =>
    session.trackers.user.find(({ attribute }) => attribute === 'vpid')?.values;
  const one = track(empty, 'user', 'vpid', [1, 2, 1], true);
  expect(values(one)).toEqual([1, 2]);
  expect(values(track(one, 'user', 'vpid', [1], false))).toEqual([2]);
  expect(values(track(one, 'user', 'vpid', 'all', false))).toEqual([]);
  expect(values(track(one, 'user', 'vpid', 'all', true))).toBeUndefined();
  expect(values(track(one, 'user', 'vpid', [7, 2], false))).toEqual([1]);
  expect(track(empty, 'user', 'vpid', [7], false)).toBe(empty);
});
