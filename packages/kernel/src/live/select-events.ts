/** Which events of a kernel are meant by what a user says. */
import { SpoorError, closestName } from '@spoor/base';
import { needsRunning, switchEvent } from '../contexts/running-tasks.ts';
import { lttngName } from '../mapping/map-events.ts';
import { globMatcher } from '../tracefs/event-names.ts';

/**
 * What is recorded when nothing is said: what analyses of processors, processes, interrupts, input and output need. Those
 * that a kernel does not have are left out.
 */
export const defaultEvents: readonly string[] = [
  'sched:sched_switch',
  'sched:sched_waking',
  'sched:sched_wakeup',
  'sched:sched_wakeup_new',
  'sched:sched_migrate_task',
  'sched:sched_pi_setprio',
  'sched:sched_process_fork',
  'sched:sched_process_exec',
  'sched:sched_process_exit',
  'sched:sched_process_free',
  'sched:sched_process_wait',
  'irq:irq_handler_entry',
  'irq:irq_handler_exit',
  'irq:softirq_entry',
  'irq:softirq_exit',
  'irq:softirq_raise',
  'raw_syscalls:sys_enter',
  'raw_syscalls:sys_exit',
  'block:block_rq_insert',
  'block:block_rq_issue',
  'block:block_rq_complete',
  'block:block_rq_requeue',
  'block:block_rq_merge',
  'net:net_dev_queue',
  'net:net_dev_xmit',
  'net:netif_receive_skb',
  'signal:signal_generate',
  'signal:signal_deliver',
  'exceptions:page_fault_user',
  'exceptions:page_fault_kernel',
  'power:cpu_frequency',
];

/** Events by which the task table is kept; enabled whatever is wanted, and in the trace only if they are. */
export const tableEvents: readonly string[] = [
  'task:task_newtask',
  'task:task_rename',
  'cgroup:cgroup_attach_task',
  'sched:sched_process_exec',
  'sched:sched_process_exit',
];

/** Those, and what tells who runs where contexts or filters ask for it. */
export function taskEvents(
  contexts: readonly string[],
  filters: readonly (string | undefined)[],
): readonly string[] {
  return needsRunning(contexts, filters) ? [...tableEvents, switchEvent] : tableEvents;
}

/**
 * The events that patterns mean.
 * @param available `SYSTEM:NAME` of what the kernel has.
 * @param patterns LTTng's names (`sched_switch`, `syscall_entry_open*`) or the kernel's (`sched:*`), with stars; the
 * default set for none.
 * @throws SpoorError `kernel/no-event` for a pattern that means nothing here.
 */
export function selectEvents(available: readonly string[], patterns: readonly string[]): readonly string[] {
  if (patterns.length === 0) return defaultEvents.filter((name) => available.includes(name));
  const chosen = new Set<string>();
  const named = available.map((name) => {
    const colon = name.indexOf(':');
    return { name, lttng: lttngName(name.slice(0, colon), name.slice(colon + 1)) };
  });
  for (const pattern of patterns) {
    const found = matching(named, pattern);
    if (found.length === 0) throw noEvent(named, pattern);
    for (const name of found) chosen.add(name);
  }
  return available.filter((name) => chosen.has(name));
}

interface Named {
  readonly name: string;
  readonly lttng: string;
}

function matching(named: readonly Named[], pattern: string): readonly string[] {
  const matches = globMatcher(pattern);
  if (pattern.includes(':')) return named.filter(({ name }) => matches(name)).map(({ name }) => name);
  // All calls at once are two events of the kernel; one pair a call would be hundreds.
  if (/^syscall_(?:\*|entry_\*|exit_\*)$/.test(pattern) || pattern === '*') {
    const all = named.filter(({ lttng }) => lttng.endsWith('_*') && (matches(lttng) || lttng === pattern));
    if (pattern !== '*') return all.map(({ name }) => name);
    const others = named.filter(({ name }) => !name.startsWith('syscalls:'));
    return others.map(({ name }) => name);
  }
  return named.filter(({ lttng }) => !lttng.endsWith('_*') && matches(lttng)).map(({ name }) => name);
}

function noEvent(named: readonly Named[], pattern: string): SpoorError {
  const names = named.flatMap(({ name, lttng }) => [name, lttng]);
  const near = closestName(pattern, names);
  return new SpoorError('kernel/no-event', `this kernel has no event ${JSON.stringify(pattern)}`, {
    hint: near === undefined ? 'see /sys/kernel/tracing/available_events' : `did you mean ${near}?`,
  });
}
