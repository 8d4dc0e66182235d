import { expect, test } from 'vitest';
import { eventsOfRules, type KernelRule } from './session-rules.ts';

const available = [
  'irq:softirq_entry',
  'raw_syscalls:sys_enter',
  'raw_syscalls:sys_exit',
  'sched:sched_switch',
  'sched:sched_waking',
  'syscalls:sys_enter_open',
  'syscalls:sys_enter_openat',
  'syscalls:sys_exit_open',
  'syscalls:sys_exit_openat',
];

const tracepoint = (name: string): KernelRule => ({ kind: 'tracepoint', name });
const syscall = (name: string, site: 'entry' | 'exit' | 'entry+exit' = 'entry+exit'): KernelRule => ({
  kind: 'syscall',
  name,
  site,
});

test.each<[string, readonly KernelRule[], readonly string[]]>([
  ["LTTng's names", [tracepoint('irq_softirq_entry')], ['irq:softirq_entry']],
  ['stars', [tracepoint('sched_*')], ['sched:sched_switch', 'sched:sched_waking']],
  ["the kernel's names", [tracepoint('sched:sched_switch')], ['sched:sched_switch']],
  [
    'all tracepoints, which system calls are none of',
    [tracepoint('*')],
    ['irq:softirq_entry', 'sched:sched_switch', 'sched:sched_waking', 'ftrace:print'],
  ],
  ['marks, which are not listed', [tracepoint('lttng_logger')], ['ftrace:print']],
  ['all system calls', [syscall('*')], ['raw_syscalls:sys_enter', 'raw_syscalls:sys_exit']],
  ['their ends', [syscall('*', 'exit')], ['raw_syscalls:sys_exit']],
  ['one system call', [syscall('open', 'entry')], ['syscalls:sys_enter_open']],
  ['some', [syscall('open*', 'exit')], ['syscalls:sys_exit_open', 'syscalls:sys_exit_openat']],
  [
    'some and all: none twice',
    [syscall('openat'), syscall('*', 'entry')],
    ['raw_syscalls:sys_enter', 'syscalls:sys_exit_openat'],
  ],
])('%s', (_, rules, events) => {
  expect(eventsOfRules(rules, available)).toEqual(events);
});

test('what takes nothing is refused, with what was probably meant', () => {
  expect(() => eventsOfRules([tracepoint('sched_swich')], available)).toThrow(
    expect.objectContaining({ code: 'kernel/no-event', hint: 'did you mean sched_switch?' }),
  );
  expect(() => eventsOfRules([syscall('opnat')], available)).toThrow(
    expect.objectContaining({ code: 'kernel/no-event', hint: 'did you mean openat?' }),
  );
});
