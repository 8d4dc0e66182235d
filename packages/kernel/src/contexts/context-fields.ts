/** LTTng's context fields that a kernel trace can have, and where each comes from. */
import { SpoorError, closestName } from '@spoor/base';
import type { FieldClass } from '@spoor/ctf';
import { integer, textArray } from '../mapping/field-classes.ts';
import type { StackKind } from '../transcode/call-stacks.ts';
import { containerBytes, isUnsignedColumn, taskColumns, taskNameBytes, type TaskColumn } from './task-row.ts';

/** Where the value of a context comes from. */
export type ContextSource =
  /** The number of the task that the event happened in: in each record. */
  | { readonly kind: 'tid' }
  /** A column of the task table, of that task. */
  | { readonly kind: 'task'; readonly column: TaskColumn }
  /** Its name. */
  | { readonly kind: 'name' }
  /** Control group and container of its process. */
  | { readonly kind: 'group' }
  | { readonly kind: 'container' }
  /** A bit of the record's flags, or whether its count of preemption is 0. */
  | { readonly kind: 'flag'; readonly mask: number; readonly set: number }
  | { readonly kind: 'preemptible' }
  /** Addresses of the functions that are being called, from the innermost on; records of their own have them. */
  | { readonly kind: 'stack'; readonly of: StackKind }
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

const fixed: readonly ContextField[] = [
  { name: 'tid', fieldClass: integer(4, true), source: { kind: 'tid' } },
  { name: 'procname', fieldClass: textArray(taskNameBytes), source: { kind: 'name' } },
  { name: 'cgroup_id', fieldClass: integer(4, false), source: { kind: 'group' } },
  { name: 'container_id', fieldClass: textArray(containerBytes), source: { kind: 'container' } },
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

function stack(of: StackKind): ContextField {
  const name = `callstack_${of}`;
  return {
    name,
    fieldClass: {
      kind: 'dynamic-array',
      lengthLocation: { scope: 'event-common-context', path: [stackLengthName(name)] },
      element: integer(8, false, 16),
      alignmentBits: 8,
    },
    source: { kind: 'stack', of },
  };
}

/** Name of the member that holds how many addresses a stack has, in 32 bits. */
export function stackLengthName(name: string): string {
  return `_${name}_length`;
}

const stacks = [stack('kernel'), stack('user')];

const all: ReadonlyMap<string, ContextField> = new Map(
  [
    ...fixed,
    ...stacks,
    ...taskColumns.map((column): ContextField => ({
      name: column,
      fieldClass: integer(4, !isUnsignedColumn(column)),
      source: { kind: 'task', column },
    })),
  ].map((context) => [context.name, context]),
);

/** Names of the contexts of kernel events. */
export const kernelContextNames: readonly string[] = [...all.keys()];

/** Whether a context is of the task that an event happened in, which has to be looked for where it is not known. */
export function isOfTask({ kind }: ContextSource): boolean {
  return kind === 'task' || kind === 'name' || kind === 'group' || kind === 'container';
}

/** Whether it is told by who runs, too, where that is known. */
export function isOfRunning(source: ContextSource): boolean {
  return source.kind === 'name' || (source.kind === 'task' && source.column === 'prio');
}

/** Which stacks contexts ask for. */
export function stackKinds(contexts: readonly ContextField[]): readonly StackKind[] {
  return contexts.flatMap(({ source }) => (source.kind === 'stack' ? [source.of] : []));
}

/**
 * The contexts of these names, each once, stacks last; `callstack-kernel` is `callstack_kernel`, as options have it.
 * Stacks of programs bring `tid`: what an address is depends on whose it is.
 * @throws SpoorError `kernel/context` for a name that is none.
 */
export function kernelContexts(names: Iterable<string>): readonly ContextField[] {
  const plain = [...names].map((name) => name.replace(/^callstack-/, 'callstack_'));
  if (plain.includes('callstack_user')) plain.push('tid');
  const found = [...new Set(plain)].map((name) => {
    const context = all.get(name);
    if (context !== undefined) return context;
    const near = closestName(name, kernelContextNames);
    throw new SpoorError('kernel/context', `kernel events have no context ${JSON.stringify(name)}`, {
      hint: near === undefined ? `there are ${kernelContextNames.join(', ')}` : `did you mean ${near}?`,
    });
  });
  const isStack = ({ source }: ContextField): boolean => source.kind === 'stack';
  return [...found.filter((context) => !isStack(context)), ...found.filter(isStack)];
}
