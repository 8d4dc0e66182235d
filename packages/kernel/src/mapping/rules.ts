/**
 * The words in which the tables of LTTng's events are written: which event of the kernel, what LTTng calls it, and what
 * each field is. A rule names fields of the kernel's format; where a kernel has no such field, the event lacks it.
 */
import type { TaskColumn } from '../contexts/task-row.ts';
import type { TaskUpdate } from './event-mapping.ts';

/** How a value is shown or changed on its way; what the format says otherwise. */
export type Treatment =
  /** Text of 16 bytes, whatever the kernel keeps it in. */
  | { readonly kind: 'comm' }
  /** LTTng counts priorities from that of nice 0's lowest real-time neighbour: 100 less than the kernel. */
  | { readonly kind: 'priority' }
  | {
      readonly kind: 'integer';
      readonly sizeBytes: 1 | 2 | 4 | 8;
      readonly signed: boolean;
      readonly base?: 8 | 10 | 16;
    }
  | { readonly kind: 'enumeration'; readonly sizeBytes: 1 | 2 | 4 | 8; readonly labels: LabelTable }
  | { readonly kind: 'request-flags' }
  | { readonly kind: 'task'; readonly column: TaskColumn }
  | { readonly kind: 'task-numbers' };

/** Labels by value. */
export type LabelTable = Readonly<Record<string, number>>;

/** One field: LTTng's name, the kernel's, and what is done with it. */
export interface FieldRule {
  readonly name: string;
  readonly of: string;
  readonly treatment?: Treatment;
}

/** One event. Fields of the format that no rule names follow behind, unless they are `omit`ted. */
export interface EventRule {
  readonly system: string;
  readonly event: string;
  readonly name: string;
  readonly fields?: readonly FieldRule[];
  readonly omit?: readonly string[];
  readonly update?: TaskUpdate;
}

/** The field as the kernel has it, perhaps under another name. */
export const field = (name: string, of: string = name): FieldRule => ({ name, of });

/** The name of a task. */
export const comm = (name: string): FieldRule => ({ name, of: name, treatment: { kind: 'comm' } });

/** A priority of the scheduler. */
export const priority = (name: string): FieldRule => ({ name, of: name, treatment: { kind: 'priority' } });

/** A number of a size of its own. */
export const number = (
  name: string,
  sizeBytes: 1 | 2 | 4 | 8,
  signed: boolean,
  { of = name, base = 10 }: { readonly of?: string; readonly base?: 8 | 10 | 16 } = {},
): FieldRule => ({ name, of, treatment: { kind: 'integer', sizeBytes, signed, base } });

/** An address: 64 bits, in hexadecimal. */
export const address = (name: string, of: string = name): FieldRule =>
  number(name, 8, false, { of, base: 16 });

/** A number with labels. */
export const labelled = (
  name: string,
  sizeBytes: 1 | 2 | 4 | 8,
  labels: LabelTable,
  of: string = name,
): FieldRule => ({ name, of, treatment: { kind: 'enumeration', sizeBytes, labels } });

/** What is known of the task whose number the field holds. */
export const ofTask = (name: string, column: TaskColumn, of: string): FieldRule => ({
  name,
  of,
  treatment: { kind: 'task', column },
});
