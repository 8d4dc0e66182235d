/**
 * Events of counters. Counts are totals since recording began, in contexts that are named as those of LTTng's counters are
 * (`perf_cpu_cycles`), by which views of counters find them; those of interrupts are the kernel's since it started.
 */
import type { StructureMember } from '@spoor/ctf';
import { integer, string, textArray } from '../mapping/field-classes.ts';
import type { PlainEvent } from '../transcode/kernel-trace-class.ts';
import { isHardwareCounter, type CounterChoice } from './counter-choice.node.ts';

const count = integer(8, false);
const s32 = integer(4, true);

/** Of what a counter is: a processor, a thread, or the command with all that comes of it. */
export type CounterScope = 'cpu' | 'thread' | 'command';

/** Name of the field of a counter. */
export function counterField(scope: CounterScope, counter: string): string {
  return `perf_${scope}_${counter.replaceAll(/[^A-Za-z0-9]/g, '_')}`;
}

/** Names of the fields that tell how long a counter of the processor was to count, and did. */
export function timeFields(counter: string): readonly [enabled: string, running: string] {
  const name = counter.replaceAll(/[^A-Za-z0-9]/g, '_');
  return [`${name}_enabled_ns`, `${name}_running_ns`];
}

function perfEvent(
  scope: CounterScope,
  perf: readonly string[],
  members: readonly StructureMember[],
): PlainEvent {
  const times = perf.filter(isHardwareCounter).flatMap(timeFields);
  return {
    name: `perf_counters_${scope}`,
    context: perf.map((counter) => ({ name: counterField(scope, counter), fieldClass: count })),
    members: [...members, ...times.map((name) => ({ name, fieldClass: count }))],
  };
}

/** The events that a choice has. */
export function eventsOfCounters(choice: CounterChoice): readonly PlainEvent[] {
  const { perf, interrupts, softirqs } = choice;
  const member = (name: string, fieldClass: StructureMember['fieldClass']): StructureMember => ({
    name,
    fieldClass,
  });
  return [
    ...(perf.length === 0
      ? []
      : [
          perfEvent('cpu', perf, []),
          perfEvent('thread', perf, [
            member('tid', s32),
            member('pid', s32),
            member('procname', textArray(16)),
          ]),
          perfEvent('command', perf, [member('pid', s32)]),
        ]),
    ...(interrupts
      ? [
          {
            name: 'interrupt_counters',
            members: [
              member('irq', s32),
              member('label', string),
              member('name', string),
              member('count', count),
            ],
          },
        ]
      : []),
    ...(softirqs
      ? [
          {
            name: 'softirq_counters',
            members: [member('vec', integer(4, false)), member('name', string), member('count', count)],
          },
        ]
      : []),
  ];
}
