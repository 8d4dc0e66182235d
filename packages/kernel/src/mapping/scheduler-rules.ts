/** LTTng's names for events of the scheduler, of tasks and of signals. */
import { comm, field, ofTask, priority, type EventRule } from './rules.ts';

const ofOneTask = [comm('comm'), field('tid', 'pid'), priority('prio')];
const wakeup = [...ofOneTask, field('target_cpu')];

const scheduler = (
  event: string,
  fields: EventRule['fields'],
  more: Pick<EventRule, 'update' | 'omit'> = {},
): EventRule => ({
  system: 'sched',
  event,
  name: event,
  ...(fields === undefined ? {} : { fields }),
  ...more,
});

export const schedulerRules: readonly EventRule[] = [
  scheduler('sched_switch', [
    comm('prev_comm'),
    field('prev_tid', 'prev_pid'),
    priority('prev_prio'),
    field('prev_state'),
    comm('next_comm'),
    field('next_tid', 'next_pid'),
    priority('next_prio'),
  ]),
  scheduler('sched_waking', wakeup),
  scheduler('sched_wakeup', wakeup),
  scheduler('sched_wakeup_new', wakeup),
  scheduler('sched_migrate_task', [...ofOneTask, field('orig_cpu'), field('dest_cpu')]),
  scheduler('sched_process_fork', [
    comm('parent_comm'),
    field('parent_tid', 'parent_pid'),
    ofTask('parent_pid', 'pid', 'parent_pid'),
    ofTask('parent_ns_inum', 'pid_ns', 'parent_pid'),
    comm('child_comm'),
    field('child_tid', 'child_pid'),
    { name: 'vtids', of: 'child_pid', treatment: { kind: 'task-numbers' } },
    ofTask('child_pid', 'pid', 'child_pid'),
    ofTask('child_ns_inum', 'pid_ns', 'child_pid'),
  ]),
  scheduler('sched_process_exec', [field('filename'), field('tid', 'pid'), field('old_tid', 'old_pid')], {
    update: 'exec',
  }),
  scheduler('sched_process_exit', ofOneTask, { update: 'exit' }),
  // Not told to the task table: it comes when the number may be another task's already.
  scheduler('sched_process_free', ofOneTask),
  scheduler('sched_process_wait', ofOneTask),
  scheduler('sched_wait_task', ofOneTask),
  scheduler('sched_pi_setprio', [
    comm('comm'),
    field('tid', 'pid'),
    priority('oldprio'),
    priority('newprio'),
  ]),
  ...['runtime', 'wait', 'sleep', 'iowait', 'blocked'].map((what) =>
    scheduler(`sched_stat_${what}`, [comm('comm'), field('tid', 'pid')]),
  ),
  scheduler('sched_kthread_stop', [comm('comm'), field('tid', 'pid')]),
  scheduler('sched_process_hang', [comm('comm'), field('tid', 'pid')]),
  {
    system: 'task',
    event: 'task_newtask',
    name: 'task_newtask',
    update: 'new-task',
    fields: [field('tid', 'pid'), comm('comm'), field('clone_flags'), field('oom_score_adj')],
  },
  {
    system: 'task',
    event: 'task_rename',
    name: 'task_rename',
    update: 'rename',
    fields: [field('tid', 'pid'), comm('oldcomm'), comm('newcomm'), field('oom_score_adj')],
  },
  // LTTng has no name for it: it has that which any event of its system gets.
  { system: 'cgroup', event: 'cgroup_attach_task', name: 'cgroup_attach_task', update: 'moved' },
  {
    system: 'signal',
    event: 'signal_generate',
    name: 'signal_generate',
    fields: ['sig', 'errno', 'code']
      .map((name) => field(name))
      .concat(
        comm('comm'),
        ['pid', 'group', 'result'].map((name) => field(name)),
      ),
  },
  {
    system: 'signal',
    event: 'signal_deliver',
    name: 'signal_deliver',
    fields: ['sig', 'errno', 'code']
      .map((name) => field(name))
      .concat(field('sa_handler'), field('sa_flags')),
  },
];
