import { expect, test } from 'vitest';
import { SystemCalls, type SystemCallSummary } from './system-calls.ts';
import { asTraceEvents, type PlainEvent } from './testing/events.ts';

const at = (timeNs: number, name: string, rest: Partial<PlainEvent> = {}): PlainEvent => ({
  cpu: 0,
  ...rest,
  name,
  timeNs,
});
const entry = (timeNs: number, name: string, cpu = 0): PlainEvent =>
  at(timeNs, `syscall_entry_${name}`, { cpu });
const exit = (timeNs: number, name: string, ret: number | bigint = 0, cpu = 0): PlainEvent =>
  at(timeNs, `syscall_exit_${name}`, { cpu, fields: { ret } });
const change = (timeNs: number, from: number, to: number, cpu = 0): PlainEvent =>
  at(timeNs, 'sched_switch', {
    cpu,
    fields: { prev_tid: from, prev_comm: `task${from}`, next_tid: BigInt(to), next_comm: `task${to}` },
  });

function callsOf(events: readonly PlainEvent[], slowest = 5): SystemCallSummary {
  const calls = new SystemCalls(slowest);
  for (const event of asTraceEvents(events)) calls.observe(event);
  return calls.finish();
}

/** Name, thread, duration, waiting and result of each. */
const shortly = ({ slowest }: SystemCallSummary): readonly unknown[] =>
  slowest.map((call) => [call.name, call.tid, call.endNs - call.beginNs, call.waitingNs, call.result]);

test('a call is of the thread that its processor runs, and waits while it does not, on whichever it goes on', () => {
  const summary = callsOf([
    change(0, 0, 7),
    entry(10, 'read'),
    change(30, 7, 8),
    entry(35, 'write'),
    exit(40, 'write', 100n),
    change(60, 8, 7, 1),
    exit(75, 'read', -11, 1),
  ]);
  expect(shortly(summary)).toEqual([
    ['read', 7, 65, 30, -11],
    ['write', 8, 5, 0, 100],
  ]);
  expect(summary.slowest.map(({ taskName }) => taskName)).toEqual(['task7', 'task8']);
  expect(summary).toMatchObject({
    knowsWaiting: true,
    unfinished: 0,
    unmatchedExits: 0,
    calls: [
      { name: 'read', count: 1, failed: 1, totalNs: 65, waitingNs: 30, maxNs: 65 },
      { name: 'write', count: 1, failed: 0, totalNs: 5, waitingNs: 0 },
    ],
  });
});

test('what began before the first switch is of the thread that the switch tells of', () => {
  const summary = callsOf([entry(1, 'poll'), change(5, 7, 0), change(8, 0, 7), exit(9, 'poll', 1)]);
  expect(shortly(summary)).toEqual([['poll', 7, 8, 3, 1]]);
});

test('the number that the event itself has goes before all', () => {
  const of = (tid: number, event: PlainEvent): PlainEvent => ({ ...event, tid });
  const summary = callsOf([
    of(1, entry(0, 'read')),
    of(2, entry(1, 'read')),
    of(1, exit(5, 'read')),
    of(2, exit(9, 'read')),
  ]);
  expect(shortly(summary)).toEqual([
    ['read', 2, 8, 0, 0],
    ['read', 1, 5, 0, 0],
  ]);
  expect(summary.knowsWaiting).toBe(false);
});

test('without switches calls are paired by processor, and whose they are is not known', () => {
  const summary = callsOf([entry(0, 'read', 0), entry(1, 'read', 1), exit(4, 'read', 0, 1)]);
  expect(shortly(summary)).toEqual([['read', undefined, 3, 0, 0]]);
  expect(summary.unfinished).toBe(1);
});

test('new threads return from calls that others made, and some calls never return', () => {
  const summary = callsOf([
    change(0, 0, 7),
    entry(1, 'clone'),
    at(2, 'sched_process_fork', { fields: { child_tid: 8, child_comm: 'child' } }),
    exit(3, 'clone', 8),
    change(4, 7, 8),
    exit(5, 'clone', 0),
    entry(6, 'exit_group'),
    at(7, 'sched_process_exit', { fields: { tid: 8 } }),
  ]);
  expect(shortly(summary)).toEqual([['clone', 7, 2, 0, 8]]);
  expect(summary).toMatchObject({ unfinished: 0, unmatchedExits: 0 });
});

test('the thread of a signal handler comes back by a call whose exit has lost its name, and its result', () => {
  const summary = callsOf([change(0, 0, 7), entry(1, 'rt_sigreturn'), exit(3, 'unknown', -4)]);
  expect(shortly(summary)).toEqual([['rt_sigreturn', 7, 2, 0, undefined]]);
  expect(summary.calls[0]!.failed).toBe(0);
});

test('calls that lack an end are counted, and what comes later is not theirs', () => {
  const summary = callsOf([
    change(0, 0, 7),
    exit(1, 'read'),
    entry(2, 'read'),
    entry(3, 'write'),
    exit(4, 'read'),
    entry(5, 'pause'),
    at(6, 'sched_process_exit', { fields: { tid: 7 } }),
    // Its number again.
    at(7, 'sched_process_fork', { fields: { child_tid: 7, child_comm: 'next' } }),
    entry(8, 'open'),
    exit(9, 'open', 3),
    entry(10, 'futex'),
  ]);
  expect(shortly(summary)).toEqual([['open', 7, 1, 0, 3]]);
  expect(summary).toMatchObject({ unfinished: 4, unmatchedExits: 2 });
});

test('names of LTTng before 2.6, and 32-bit programs', () => {
  const summary = callsOf([
    at(0, 'sys_open', { tid: 1 }),
    at(2, 'exit_syscall', { tid: 1, fields: { ret: -2 } }),
    at(3, 'compat_syscall_entry_read', { tid: 1 }),
    at(4, 'compat_syscall_exit_read', { tid: 1, fields: { ret: 1 } }),
    // A tracepoint of a program.
    at(5, 'sys_log:line', { tid: 1 }),
  ]);
  expect(shortly(summary)).toEqual([
    ['open', 1, 2, 0, -2],
    ['read', 1, 1, 0, 1],
  ]);
  expect(summary.unfinished).toBe(0);
});

test('addresses are no errors, though they are negative numbers', () => {
  const summary = callsOf([
    at(0, 'syscall_entry_mmap', { tid: 1 }),
    at(1, 'syscall_exit_mmap', { tid: 1, fields: { ret: -(2n ** 40n) } }),
  ]);
  expect(summary.calls[0]).toMatchObject({ count: 1, failed: 0 });
});

test('who waited in a call and was not seen coming back waited until its end', () => {
  const own = (event: PlainEvent): PlainEvent => ({ ...event, tid: 7 });
  const summary = callsOf([
    own(entry(1, 'poll')),
    change(5, 7, 0),
    own(exit(9, 'poll', 1)),
    change(20, 7, 0),
  ]);
  expect(shortly(summary)).toEqual([['poll', 7, 8, 4, 1]]);
});
