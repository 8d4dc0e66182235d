import { scaledReading } from '@spoor/sys';
import { expect, test } from 'vitest';
import { readCounterChoice } from './counter-choice.node.ts';
import { eventsOfCounters } from './counter-events.node.ts';

test('words of a choice: groups, names, tables of interrupts', () => {
  expect(readCounterChoice(['software', 'instructions', 'task-clock'], 10)).toEqual({
    perf: [
      'task-clock',
      'context-switches',
      'cpu-migrations',
      'minor-faults',
      'major-faults',
      'instructions',
    ],
    interrupts: false,
    softirqs: false,
    intervalMs: 10,
  });
  expect(readCounterChoice(['interrupts'], 1)).toMatchObject({ perf: [], interrupts: true, softirqs: false });
  expect(readCounterChoice(['all'], 1)).toMatchObject({ interrupts: true, softirqs: true });
  expect(() => readCounterChoice(['instrctions'], 1)).toThrow(
    expect.objectContaining({ code: 'kernel/counter', hint: 'did you mean instructions?' }),
  );
});

test('events have the counters that were chosen, those of a processor with the time that they had', () => {
  const [cpu, thread, command, ...more] = eventsOfCounters(
    readCounterChoice(['minor-faults', 'cpu-cycles'], 1),
  );
  expect(cpu?.context?.map(({ name }) => name)).toEqual(['perf_cpu_minor_faults', 'perf_cpu_cpu_cycles']);
  expect(cpu?.members.map(({ name }) => name)).toEqual(['cpu_cycles_enabled_ns', 'cpu_cycles_running_ns']);
  expect(thread?.members.map(({ name }) => name).slice(0, 3)).toEqual(['tid', 'pid', 'procname']);
  expect(command?.context?.[0]?.name).toBe('perf_command_minor_faults');
  expect(more).toEqual([]);
});

test('counters that had a part of the time are extrapolated', () => {
  expect(scaledReading(1000, 4000, 1000)).toEqual({ count: 4000, enabledNs: 4000, runningNs: 1000 });
  expect(scaledReading(1000, 4000, 4000).count).toBe(1000);
  expect(scaledReading(0, 4000, 0).count).toBe(0);
});
