/**
 * Filters over records: which of them become events. They are LTTng's expressions over the fields that the events have in
 * the trace and over contexts, whether the trace has these or not, so they are evaluated on records, before these are
 * written.
 */
import { SpoorError } from '@spoor/base';
import {
  checkFilter,
  makePredicate,
  makeProgram,
  parseFilter,
  type FieldReader,
  type FieldType,
  type Reference,
  type Resolve,
} from '@spoor/filter';
import { kernelContextNames, kernelContexts, type ContextField } from '../contexts/context-fields.ts';
import type { TaskColumn } from '../contexts/task-row.ts';
import type { MappedEvent, MappedField } from '../mapping/event-mapping.ts';
import { contextReader, fieldReader, type RecordArguments } from './record-readers.ts';
import type { RecordKnowledge } from './record-knowledge.ts';
import type { TranscodePlan } from './transcode-plan.ts';

/** Which tasks' events are taken: those whose column has one of the values. */
export interface TaskSelection {
  readonly column: TaskColumn;
  readonly values: readonly number[];
}

/** What is left out of what was recorded. */
export interface RecordFilter {
  /** Filters of an event: one of them must be true. Undefined takes all of it, an empty list nothing. */
  readonly filtersOf: (event: MappedEvent) => readonly string[] | undefined;
  /** All of them must take the task that an event happened in. */
  readonly tasks?: readonly TaskSelection[];
}

/** Whether a record becomes an event. */
export type RecordPredicate = (slot: number, ...at: RecordArguments) => boolean;

function fieldOf(event: MappedEvent, { steps }: Reference): MappedField | undefined {
  return event.fields.find(({ name }) => name === steps[0]);
}

/** The context that a reference names; undefined for none whose value is known before the event is written. */
export function contextOf({ steps }: Reference): ContextField | undefined {
  const [name] = steps;
  if (typeof name !== 'string' || steps.length > 1 || !kernelContextNames.includes(name)) return undefined;
  const [context] = kernelContexts([name]);
  // Stacks are known when the event is written, not before.
  return context?.source.kind === 'stack' ? undefined : context;
}

function typeOf(
  { fieldClass }: Pick<MappedField, 'fieldClass'>,
  index: number | undefined,
): FieldType | undefined {
  if (fieldClass.kind === 'integer') {
    if (index !== undefined) return undefined;
    return fieldClass.mappings === undefined ? 'integer' : 'enumeration';
  }
  if (fieldClass.kind === 'string') return index === undefined ? 'string' : undefined;
  if (fieldClass.kind !== 'static-array' && fieldClass.kind !== 'dynamic-array') return undefined;
  const { element } = fieldClass;
  if (element.kind !== 'integer') return undefined;
  if (element.encoding !== undefined) return index === undefined ? 'string' : undefined;
  return index === undefined ? undefined : 'integer';
}

/** What references of filters mean for one event. */
function resolverOf(event: MappedEvent): Resolve {
  return (reference) => {
    if (reference.scope === 'application') return undefined;
    const field = reference.scope === 'context' ? contextOf(reference) : fieldOf(event, reference);
    if (field === undefined || reference.steps.length > 2) return undefined;
    const index = reference.steps[1];
    return typeof index === 'string' ? undefined : typeOf(field, index);
  };
}

/**
 * Whether a filter can ever be true of an event; false where it names fields that the event does not have.
 * @throws SpoorError `filter/syntax` and the like for what is no filter at all.
 */
export function filterFits(event: MappedEvent, filter: string): boolean {
  const expression = parseFilter(filter);
  checkFilter(expression);
  try {
    makeProgram(expression, resolverOf(event));
    return true;
  } catch (error) {
    if (error instanceof SpoorError) return false;
    throw error;
  }
}

type Predicate = (...at: RecordArguments) => boolean;

function predicateOf(event: MappedEvent, filter: string, known: RecordKnowledge): Predicate | undefined {
  if (!filterFits(event, filter)) return undefined;
  const program = makeProgram(parseFilter(filter), resolverOf(event));
  const readers = program.slots.map(({ reference, type }): FieldReader<RecordArguments> => {
    if (reference.scope === 'context') return contextReader(contextOf(reference)!, known);
    const index = reference.steps[1];
    return fieldReader(
      fieldOf(event, reference)!,
      type === 'string',
      typeof index === 'number' ? index : undefined,
      known,
    );
  });
  return makePredicate<RecordArguments>(program, readers, 6);
}

/** Makes the predicate of all records of a plan. */
export function recordPredicate(
  plan: TranscodePlan,
  events: readonly MappedEvent[],
  { filtersOf, tasks = [] }: RecordFilter,
  known: RecordKnowledge,
): RecordPredicate | undefined {
  const byClass = events.map((event): readonly Predicate[] | undefined => {
    const filters = filtersOf(event);
    return filters?.flatMap((filter) => predicateOf(event, filter, known) ?? []);
  });
  if (tasks.length === 0 && byClass.every((predicates) => predicates === undefined)) return undefined;
  const classes = plan.classOfSlot;
  const selections = tasks.map(({ column, values }) => ({ column, values: new Set(values) }));
  return (slot, view, bytes, at, lengthBytes, cpu, timeNs) => {
    if (selections.length > 0) {
      const tid = view.getInt32(at + 4, true);
      known.tasks.seek(tid);
      for (const { column, values } of selections)
        if (!values.has(known.tasks.get(tid, column, undefined, timeNs))) return false;
    }
    const predicates = byClass[classes[slot]!];
    if (predicates === undefined) return true;
    for (const isTrue of predicates) if (isTrue(view, bytes, at, lengthBytes, cpu, timeNs)) return true;
    return false;
  };
}
