/** LTTng's names for timers and work queues. */
import { address, field, labelled, number, type EventRule } from './rules.ts';

/** `enum hrtimer_mode` (include/linux/hrtimer.h): bits, and the sums of them that have a name. */
const modes = {
  HRTIMER_MODE_ABS: 0,
  HRTIMER_MODE_REL: 1,
  HRTIMER_MODE_PINNED: 2,
  HRTIMER_MODE_REL_PINNED: 3,
  HRTIMER_MODE_SOFT: 4,
  HRTIMER_MODE_REL_SOFT: 5,
  HRTIMER_MODE_ABS_PINNED_SOFT: 6,
  HRTIMER_MODE_REL_PINNED_SOFT: 7,
  HRTIMER_MODE_HARD: 8,
  HRTIMER_MODE_REL_HARD: 9,
  HRTIMER_MODE_ABS_PINNED_HARD: 10,
  HRTIMER_MODE_REL_PINNED_HARD: 11,
};

const timer = (event: string, name: string, fields: EventRule['fields'] = []): EventRule => ({
  system: 'timer',
  event,
  name,
  fields,
});

const highResolution = address('hrtimer');
const wheel = address('timer');

export const timerRules: readonly EventRule[] = [
  timer('timer_init', 'timer_init', [wheel]),
  timer('timer_start', 'timer_start', [
    wheel,
    address('function'),
    field('expires'),
    field('bucket_expiry'),
    field('now'),
    field('flags'),
  ]),
  timer('timer_expire_entry', 'timer_expire_entry', [
    wheel,
    field('now'),
    address('function'),
    field('baseclk'),
  ]),
  timer('timer_expire_exit', 'timer_expire_exit', [wheel]),
  timer('timer_cancel', 'timer_cancel', [wheel]),
  // Linux 6.15 renamed it.
  ...['hrtimer_init', 'hrtimer_setup'].map((event) =>
    timer(event, 'timer_hrtimer_init', [highResolution, field('clockid'), labelled('mode', 4, modes)]),
  ),
  timer('hrtimer_start', 'timer_hrtimer_start', [
    highResolution,
    address('function'),
    field('expires'),
    field('softexpires'),
    labelled('mode', 4, modes),
    number('was_armed', 1, false),
  ]),
  timer('hrtimer_expire_entry', 'timer_hrtimer_expire_entry', [
    highResolution,
    field('now'),
    address('function'),
  ]),
  timer('hrtimer_expire_exit', 'timer_hrtimer_expire_exit', [highResolution]),
  timer('hrtimer_cancel', 'timer_hrtimer_cancel', [highResolution]),
  timer('itimer_state', 'timer_itimer_state'),
  timer('itimer_expire', 'timer_itimer_expire'),
  ...['queue_work', 'activate_work', 'execute_start', 'execute_end'].map((what) => ({
    system: 'workqueue',
    event: `workqueue_${what}`,
    name: `workqueue_${what}`,
    fields: [address('work'), address('function')],
  })),
];
