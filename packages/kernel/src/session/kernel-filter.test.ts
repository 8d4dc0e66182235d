import { expect, test } from 'vitest';
import { mapEvents } from '../mapping/map-events.ts';
import { sampleFormats } from '../testing/sample-formats.ts';
import { kernelFilter } from './kernel-filter.ts';

const events = mapEvents(sampleFormats, { naming: 'lttng', machine: 'x86_64' });

function pushed(event: string, ...filters: readonly string[]): string | undefined {
  return kernelFilter(
    events.find(({ name }) => name === event)!,
    filters,
  )?.text;
}

test.each([
  ['sched_switch', 'prev_tid == 5', '(prev_pid == 5)'],
  ['sched_switch', '5 < next_tid', '(next_pid > 5)'],
  // LTTng takes 100 off priorities.
  ['sched_switch', 'next_prio >= -3', '(next_prio >= 97)'],
  ['sched_switch', 'next_comm == "node"', '(next_comm == "node")'],
  ['sched_switch', 'next_comm != "node*"', '(!(next_comm ~ "node*"))'],
  ['sched_switch', '$ctx.tid == 7 && prev_tid > 1', '((common_pid == 7) && (prev_pid > 1))'],
  ['sched_switch', '$ctx.cpu_id == 1 || prev_tid == 0', '((CPU == 1) || (prev_pid == 0))'],
  ['block_rq_issue', '(nr_sector & 2) != 0', '(nr_sector & 2)'],
  ['block_rq_issue', '0 == (nr_sector & 6)', '(!(nr_sector & 6))'],
  ['sched_switch', '!(prev_tid == 1)', '(!(prev_pid == 1))'],
  ['irq_handler_entry', 'name == "ata*"', '(name ~ "ata*")'],
  ['irq_softirq_entry', 'vec == 3', '(vec == 3)'],
])('%s: all of %s', (event, filter, text) => {
  expect(pushed(event, filter)).toBe(text);
  expect(
    kernelFilter(
      events.find(({ name }) => name === event)!,
      [filter],
    )?.isWhole,
  ).toBe(true);
});

test.each([
  ['sched_switch', 'prev_tid == 5 && prev_tid != next_tid', '(prev_pid == 5)'],
  ['sched_switch', '$ctx.procname == "node" && next_tid == 2', '(next_pid == 2)'],
])('%s: of %s a part', (event, filter, text) => {
  expect(pushed(event, filter)).toBe(text);
  expect(
    kernelFilter(
      events.find(({ name }) => name === event)!,
      [filter],
    )?.isWhole,
  ).toBe(false);
});

test.each([
  ['sched_switch', 'prev_tid == next_tid'],
  ['sched_switch', 'prev_tid == 5 || $ctx.procname == "node"'],
  ['sched_switch', '!(prev_tid == 5 && prev_tid != next_tid)'],
  ['sched_switch', 'prev_tid + 1 == 5'],
  // Beyond the field, or nothing that the kernel could read back.
  ['sched_switch', 'prev_tid == 5000000000'],
  ['sched_switch', 'next_comm == "a\\"b"'],
  ['irq_softirq_entry', 'vec == "TIMER"'],
  // Narrower in the trace than in the record.
  ['syscall_entry_openat', 'dfd == -100'],
])('%s: nothing of %s', (event, filter) => {
  expect(pushed(event, filter)).toBeUndefined();
});

test('of several rules one is enough, and one that cannot be told the kernel keeps all', () => {
  expect(pushed('sched_switch', 'prev_tid == 5', 'next_tid == 6')).toBe('(prev_pid == 5) || (next_pid == 6)');
  expect(pushed('sched_switch', 'prev_tid == 5', 'prev_tid == next_tid')).toBeUndefined();
  expect(kernelFilter(events[0]!, undefined)).toBeUndefined();
});

test('what keeps the task table right is never kept out by the kernel', () => {
  const event = events.find(({ name }) => name === 'sched_switch')!;
  expect(kernelFilter({ ...event, update: 'exec' }, ['prev_tid == 5'])).toBeUndefined();
});
