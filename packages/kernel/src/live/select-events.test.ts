import { expect, test } from 'vitest';
import { lttngName } from '../mapping/map-events.ts';
import { defaultEvents, selectEvents } from './select-events.ts';

const available = [
  'irq:softirq_entry',
  'raw_syscalls:sys_enter',
  'raw_syscalls:sys_exit',
  'sched:sched_switch',
  'sched:sched_waking',
  'syscalls:sys_enter_openat',
  'syscalls:sys_exit_openat',
  'timer:hrtimer_start',
  'writeback:wbc_writepage',
];

test('nothing said is the default set, as far as the kernel has it', () => {
  expect(selectEvents(available, [])).toEqual(defaultEvents.filter((name) => available.includes(name)));
});

test('names of LTTng, of the kernel, and stars', () => {
  expect(selectEvents(available, ['irq_softirq_entry', 'timer_hrtimer_*'])).toEqual([
    'irq:softirq_entry',
    'timer:hrtimer_start',
  ]);
  expect(selectEvents(available, ['sched:*'])).toEqual(['sched:sched_switch', 'sched:sched_waking']);
  expect(selectEvents(available, ['sched_switch', 'sched:*', 'writeback_*'])).toEqual([
    'sched:sched_switch',
    'sched:sched_waking',
    'writeback:wbc_writepage',
  ]);
});

test('all system calls are two events, single ones a pair each', () => {
  expect(selectEvents(available, ['syscall_*'])).toEqual(['raw_syscalls:sys_enter', 'raw_syscalls:sys_exit']);
  expect(selectEvents(available, ['syscall_entry_*'])).toEqual(['raw_syscalls:sys_enter']);
  expect(selectEvents(available, ['syscall_*_openat'])).toEqual([
    'syscalls:sys_enter_openat',
    'syscalls:sys_exit_openat',
  ]);
  expect(selectEvents(available, ['*'])).toEqual(available.filter((name) => !name.startsWith('syscalls:')));
});

test('what means nothing is refused, with what was probably meant', () => {
  expect(() => selectEvents(available, ['sched_swich'])).toThrow(
    expect.objectContaining({ code: 'kernel/no-event', hint: 'did you mean sched_switch?' }),
  );
});

test.each([
  ['exceptions', 'page_fault_user', 'x86_exceptions_page_fault_user'],
  ['irq_vectors', 'x86_platform_ipi_entry', 'x86_irq_vectors_ipi_entry'],
  ['kmem', 'kmalloc', 'kmem_kmalloc'],
  ['net', 'netif_receive_skb', 'net_if_receive_skb'],
  ['skb', 'kfree_skb', 'skb_kfree'],
  ['writeback', 'wbc_writepage', 'writeback_wbc_writepage'],
  ['vmscan', 'mm_vmscan_kswapd_wake', 'mm_vmscan_kswapd_wake'],
  ['ext4', 'ext4_sync_file_enter', 'ext4_sync_file_enter'],
  ['module', 'module_load', 'module_load'],
  ['printk', 'console', 'printk_console'],
  ['syscalls', 'sys_exit_read', 'syscall_exit_read'],
])('%s:%s is %s', (system, event, name) => {
  expect(lttngName(system, event)).toBe(name);
});
