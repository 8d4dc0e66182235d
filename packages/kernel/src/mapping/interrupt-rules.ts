/** LTTng's names for interrupts, soft interrupts, faults, and power management. */
import { address, field, labelled, number, type EventRule } from './rules.ts';

/** In the order of the kernel's `enum` (include/linux/interrupt.h). */
const softInterrupts = {
  HI: 0,
  TIMER: 1,
  NET_TX: 2,
  NET_RX: 3,
  BLOCK: 4,
  IRQ_POLL: 5,
  TASKLET: 6,
  SCHED: 7,
  HRTIMER: 8,
  RCU: 9,
};

/** Vectors of the local APIC: the kernel's name, and LTTng's where it is another. */
const vectors: readonly (readonly [kernel: string, lttng?: string])[] = [
  ['local_timer'],
  ['reschedule'],
  ['spurious_apic'],
  ['error_apic'],
  ['x86_platform_ipi', 'ipi'],
  ['irq_work'],
  ['call_function'],
  ['call_function_single'],
  ['threshold_apic'],
  ['deferred_error_apic'],
  ['thermal_apic'],
];

/** LTTng keeps the low byte, which is all that the hardware uses of it. */
const pageFault = [address('address'), address('ip'), number('error_code', 1, false, { base: 16 })];

export const interruptRules: readonly EventRule[] = [
  {
    system: 'irq',
    event: 'irq_handler_entry',
    name: 'irq_handler_entry',
    fields: [field('irq'), field('name')],
  },
  {
    system: 'irq',
    event: 'irq_handler_exit',
    name: 'irq_handler_exit',
    fields: [field('irq'), field('ret')],
  },
  ...['entry', 'exit', 'raise'].map((what) => ({
    system: 'irq',
    event: `softirq_${what}`,
    name: `irq_softirq_${what}`,
    // Trace Compass wants `vec` a plain number, so the label is a field of its own.
    fields: [field('vec'), labelled('name', 1, softInterrupts, 'vec')],
  })),
  ...vectors.flatMap(([kernel, lttng = kernel]) =>
    ['entry', 'exit'].map((side) => ({
      system: 'irq_vectors',
      event: `${kernel}_${side}`,
      name: `x86_irq_vectors_${lttng}_${side}`,
      fields: [field('vector')],
    })),
  ),
  ...['page_fault_user', 'page_fault_kernel'].map((event) => ({
    system: 'exceptions',
    event,
    name: `x86_exceptions_${event}`,
    fields: pageFault,
  })),
  {
    system: 'power',
    event: 'cpu_frequency',
    name: 'power_cpu_frequency',
    fields: [field('state'), field('cpu_id')],
  },
  { system: 'power', event: 'cpu_idle', name: 'power_cpu_idle', fields: [field('state'), field('cpu_id')] },
];
