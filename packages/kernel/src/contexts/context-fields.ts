/** LTTng's context fields that a kernel trace can have, and where each comes from. */
import { SpoorError, closestName } from '@spoor/base';
import type { FieldClass } from '@spoor/ctf';
import { integer, textArray } from '../mapping/field-classes.ts';
import { taskColumns, taskNameBytes, type TaskColumn } from './task-table.ts';

/** Where the value of a context comes from. */
export type ContextSource =
  /** The number of the task that the event happened in: in each record. */
  | { readonly kind: 'tid' }
  /** A column of the task table, of that task. */
  | { readonly kind: 'task'; readonly column: TaskColumn }
  /** Its name. */
  | { readonly kind: 'name' }
  /** A bit of the record's flags, or whether its count of preemption is 0. */
  | { readonly kind: 'flag'; readonly mask: number; readonly set: number }
  | { readonly kind: 'preemptible' }
  | { readonly kind: 'cpu' };

/** One context. */
export interface ContextField {
  readonly name: string;
  readonly fieldClass: FieldClass;
  readonly source: ContextSource;
}

/** Bits of `common_flags`: interrupts are off; the task should be scheduled away. */
const interruptsOff = 0x01;
const needsReschedule = 0x04;

const unsignedColumn = /_ns$|uid$|gid$/;

const fixed: readonly ContextField[] = [
  { name: 'tid', fieldClass: integer(4, true), source: { kind: 'tid' } },
  { name: 'procname', fieldClass: textArray(taskNameBytes), source: { kind: 'name' } },
  { name: 'cpu_id', fieldClass: integer(4, true), source: { kind: 'cpu' } },
  {
    name: 'interruptible',
    fieldClass: integer(1, true),
    source: { kind: 'flag', mask: interruptsOff, set: 0 },
  },
  {
    name: 'need_reschedule',
    fieldClass: integer(1, true),
    source: { kind: 'flag', mask: needsReschedule, set: needsReschedule },
  },
  { name: 'preemptible', fieldClass: integer(1, true), source: { kind: 'preemptible' } },
];

const all: ReadonlyMap<string, ContextField> = new Map(
  [
    ...fixed,
    ...taskColumns.map((column): ContextField => ({
      name: column,
      fieldClass: integer(4, !unsignedColumn.test(column)),
      source: { kind: 'task', column },
    })),
  ].map((context) => [context.name, context]),
);

/** Names of the contexts of kernel events. */
export const kernelContextNames: readonly string[] = [...all.keys()];

/**
 * The contexts of these names, each once.
 * @throws SpoorError `kernel/context` for a name that is none.
 */
export function kernelContexts(names: Iterable<string>): readonly ContextField[] {
  return [...new Set(names)].map((name) => {
    const context = all.get(name);
    if (context !== undefined) return context;
    const near = closestName(name, kernelContextNames);
    throw new SpoorError('kernel/context', `kernel events have no context ${JSON.stringify(name)}`, {
      hint: near === undefined ? `there are ${kernelContextNames.join(', ')}` : `did you mean ${near}?`,
    });
  });
}
