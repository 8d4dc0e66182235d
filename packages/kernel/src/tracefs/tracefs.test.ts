import { describe, expect, test } from 'vitest';
import { lastLoggedError } from './control-file.node.ts';
import { globMatcher, matchEvents } from './event-names.ts';
import { isOwnerGone, ownedName, ownerOf, ownOwner, plainLabel } from './instance-name.node.ts';
import { lostOf, parseRingStatistics } from './ring-statistics.ts';
import { tracefsMounts } from './tracefs.node.ts';

test('where tracefs is mounted', () => {
  const mounts = `proc /proc proc rw 0 0
nodev /sys/kernel/tracing tracefs rw,relatime 0 0
tracefs /mnt/a\\040b tracefs rw,gid=5 0 0
`;
  expect(tracefsMounts(mounts)).toEqual(['/sys/kernel/tracing', '/mnt/a b']);
});

describe('names of events', () => {
  const available = [
    'irq:irq_handler_entry',
    'sched:sched_switch',
    'sched:sched_waking',
    'syscalls:sys_enter_read',
  ];

  test.each([
    [['sched:*'], ['sched:sched_switch', 'sched:sched_waking']],
    [['sched_switch'], ['sched:sched_switch']],
    [['*:*'], available],
    [
      ['s*:*r?ad', 'sched:sched_switch', 'sched_switch'],
      ['sched:sched_switch', 'syscalls:sys_enter_read'],
    ],
    [[], []],
  ])('%j', (patterns, events) => {
    expect(matchEvents(patterns, available)).toEqual(events);
  });

  test('one that there is not', () => {
    expect(() => matchEvents(['sched:sched_swich'], available)).toThrow(
      expect.objectContaining({ code: 'kernel/no-event', hint: 'did you mean sched:sched_switch?' }),
    );
    expect(() => matchEvents(['sched_swich'], available)).toThrow(
      expect.objectContaining({ hint: 'did you mean sched_switch?' }),
    );
  });

  test('letters that mean something elsewhere', () => {
    expect(globMatcher('a.[b]+')('a.[b]+')).toBe(true);
    expect(globMatcher('a.b')('axb')).toBe(false);
  });
});

describe('names of instances', () => {
  test('tell their owner', () => {
    const owner = ownOwner();
    const name = ownedName('spoor', owner, 'my session/kernel');
    expect(name).toMatch(/^spoor-\d+-\d+-\d+-my_session_kernel$/);
    expect(ownerOf('spoor', name)).toEqual(owner);
    expect(isOwnerGone(owner)).toBe(false);
    expect(isOwnerGone({ ...owner, startTicks: owner.startTicks + 1n })).toBe(true);
    expect(isOwnerGone({ ...owner, startTicks: 1n, pidNamespace: '1' })).toBe(false);
  });

  test.each(['spoor', 'spoor-x', 'spoor-1-2-x', 'other-1-2-3-x', 'spoorer-1-2-3-x'])(
    '%s has none',
    (name) => {
      expect(ownerOf('spoor', name)).toBe(undefined);
    },
  );

  test('of any label', () => {
    expect(plainLabel(`é/${'x'.repeat(300)}`)).toBe(`__${'x'.repeat(98)}`);
  });
});

test('counts of a ring', () => {
  const text = `entries: 3
overrun: 4
commit overrun: 1
bytes: 200
oldest event ts:     0.000000
now ts: 34507.448256
dropped events: 2
read events: 9
`;
  const statistics = parseRingStatistics(text, 1);
  expect(statistics).toEqual({
    cpu: 1,
    entries: 3,
    overrun: 4,
    commitOverrun: 1,
    bytes: 200,
    dropped: 2,
    read: 9,
  });
  expect(lostOf(statistics)).toBe(7);
  expect(parseRingStatistics('what', 0)).toMatchObject({ entries: 0, dropped: 0 });
});

test('what the error log says last', () => {
  const log = `[    1.000000] event filter parse error: error: Invalid operator
  Command: prev_pid <> 1
                    ^
[34507.418116] event filter parse error: error: Field not found
  Command: foo == 1
               ^
`;
  expect(lastLoggedError(log)).toEqual({ message: 'Field not found', column: 4 });
  expect(lastLoggedError('')).toBe(undefined);
});
