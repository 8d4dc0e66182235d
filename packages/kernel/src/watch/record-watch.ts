/**
 * Looks at records of the kernel for those that somebody waits for, and reads of these what is asked for. Nothing is
 * written: filters, fields and contexts are those of recordings, evaluated by the same code.
 */
import { SpoorError } from '@spoor/base';
import type { Reference } from '@spoor/filter';
import { kernelContexts } from '../contexts/context-fields.ts';
import { RunningTasks } from '../contexts/running-tasks.ts';
import { LateContexts } from '../transcode/late-contexts.ts';
import type { TaskTable } from '../contexts/task-table.ts';
import type { KernelFormats } from '../formats/kernel-formats.ts';
import type { MappedEvent, MappedField } from '../mapping/event-mapping.ts';
import { mapEvents, type MappingOptions } from '../mapping/map-events.ts';
import { PageCursor } from '../pages/page-cursor.ts';
import { CallStacks } from '../transcode/call-stacks.ts';
import { CallTexts } from '../transcode/call-texts.ts';
import { contextOf, filterFits, recordPredicate, type RecordPredicate } from '../transcode/record-filter.ts';
import { knowledgeReader, type RecordKnowledge } from '../transcode/record-knowledge.ts';
import { contextReader, fieldReader, type RecordArguments } from '../transcode/record-readers.ts';
import { hiddenClass, makeTranscodePlan, noClass, type TranscodePlan } from '../transcode/transcode-plan.ts';
import { filtersOfEvent, rulesOfEvent, type KernelRule } from '../session/session-rules.ts';

/** What is waited for. */
export interface RecordWish {
  /** By which the owner knows it. */
  readonly key: string;
  readonly rules: readonly KernelRule[];
  /** What is read of each event. */
  readonly captures: readonly Reference[];
  /** Whether its events may lack fields that are captured, as one end of a span may. */
  readonly mayLack?: boolean;
}

/** An event that was waited for. */
export interface RecordNotice {
  readonly key: string;
  readonly name: string;
  /** Of the monotonic clock. */
  readonly monotonicNs: number;
  readonly pid: number;
  readonly tid: number;
  readonly procname: string;
  /** Those that captures name. */
  readonly fields: Readonly<Record<string, unknown>>;
  readonly contexts: Readonly<Record<string, unknown>>;
}

/** Number of the task that a record is of. */
const tidOffsetBytes = 4;
/** Number of the call in records of `raw_syscalls`. */
const callOffsetBytes = 8;
/** Of an array that is captured as a whole. */
const mostElements = 1024;

type Read = (...at: RecordArguments) => unknown;

/** What is done with an event of one class for one wish. */
interface Watcher {
  readonly key: string;
  readonly keep: RecordPredicate | undefined;
  readonly fields: readonly (readonly [name: string, read: Read])[];
  readonly contexts: readonly (readonly [name: string, read: Read])[];
}

/** Reads a field as a whole: of a number with labels the label, of an array all elements. */
function wholeReader(field: MappedField, known: RecordKnowledge): Read {
  const { fieldClass } = field;
  const isArray = fieldClass.kind === 'static-array' || fieldClass.kind === 'dynamic-array';
  if (isArray && fieldClass.element.kind === 'integer' && fieldClass.element.encoding === undefined) {
    return (...at) => {
      const values: unknown[] = [];
      while (values.length < mostElements) {
        const value = fieldReader(field, false, values.length, known)(...at);
        if (value === undefined) break;
        values.push(value);
      }
      return values;
    };
  }
  const read = fieldReader(field, false, undefined, known);
  if (fieldClass.kind !== 'integer' || fieldClass.mappings === undefined) return read;
  const label = fieldReader(field, true, undefined, known);
  return (...at) => label(...at) ?? read(...at);
}

/** What to look for in the records of some events. */
export class RecordWatch {
  readonly events: readonly MappedEvent[];
  private readonly plan: TranscodePlan;
  private readonly known: RecordKnowledge;
  /** By class. */
  private readonly watchers: readonly (readonly Watcher[])[];
  private readonly updates: readonly (ReturnType<typeof knowledgeReader> | undefined)[];
  private readonly cursor: PageCursor;

  /**
   * @param options which events, by which names.
   * @param tableEvents events that tell of tasks, `SYSTEM:NAME`.
   * @throws SpoorError `kernel/filter` for a filter that fits no event, `kernel/context`, `trigger/capture`.
   */
  constructor(
    formats: KernelFormats,
    options: MappingOptions & Required<Pick<MappingOptions, 'wants'>>,
    tableEvents: readonly string[],
    wishes: readonly RecordWish[],
    tasks: TaskTable,
  ) {
    const { layout } = formats;
    const { wants } = options;
    this.cursor = new PageCursor(layout);
    this.known = {
      tasks,
      // It is shown the records of all rings one by one, and looks who is meant when it is.
      running: new RunningTasks({ ofName: () => undefined }),
      texts: new CallTexts(),
      kernelTexts: formats.texts,
      stacks: new CallStacks(),
      late: new LateContexts([], tasks),
      belief: { isSuspended: false },
    };
    this.events = mapEvents(formats, options);
    const hidden = mapEvents(formats, {
      ...options,
      wants: (name) => tableEvents.includes(name) && !wants(name),
    });
    const typeOf = (name: string): number => (wants(name) ? (formats.ofName(name)?.id ?? -1) : -1);
    this.plan = makeTranscodePlan(layout, this.events, hidden, [], {
      entryType: typeOf('raw_syscalls:sys_enter'),
      exitType: typeOf('raw_syscalls:sys_exit'),
    });
    this.updates = this.plan.bodies.map(({ update }) =>
      update === undefined ? undefined : knowledgeReader(update.format, update.what, this.known),
    );
    const made = wishes.map((wish) => this.watchersOf(wish));
    this.watchers = this.events.map((_, index) => made.flatMap((byClass) => byClass[index] ?? []));
  }

  /** What a wish does with each class. */
  private watchersOf({
    key,
    rules,
    captures,
    mayLack = false,
  }: RecordWish): readonly (Watcher | undefined)[] {
    const { events, known, plan } = this;
    const own = events.filter((event) => rulesOfEvent(rules, event).length > 0);
    for (const { filter, name } of rules) {
      if (filter === undefined || own.some((event) => filterFits(event, filter))) continue;
      throw new SpoorError('kernel/filter', `the filter ${JSON.stringify(filter)} fits no event of ${name}`, {
        hint: 'spoor list -k --fields shows what they have',
      });
    }
    for (const { scope, steps } of captures) checkCapture(scope, String(steps[0]), mayLack ? undefined : own);
    const keep = recordPredicate(plan, events, { filtersOf: (event) => filtersOfEvent(rules, event) }, known);
    return events.map((event) => {
      if (!own.includes(event)) return undefined;
      const fields: (readonly [string, Read])[] = [];
      const contexts: (readonly [string, Read])[] = [];
      for (const { scope, steps } of captures) {
        const name = String(steps[0]);
        const field = event.fields.find((candidate) => candidate.name === name);
        if (scope === 'payload') {
          if (field !== undefined) fields.push([name, wholeReader(field, known)]);
        } else {
          contexts.push([name, contextReader(contextOf({ scope, steps: [name] })!, known)]);
        }
      }
      return { key, keep, fields, contexts };
    });
  }

  /**
   * Looks at the records of a sub-buffer.
   * @returns whether all of it made sense.
   */
  page(
    cpu: number,
    bytes: Uint8Array,
    at: number,
    lengthBytes: number,
    onNotice: (notice: RecordNotice) => void,
  ): boolean {
    const { cursor } = this;
    this.known.tasks.enterIdle(cpu);
    cursor.setBytes(bytes);
    if (!cursor.open(at, lengthBytes)) return false;
    while (cursor.next()) this.record(cpu, onNotice);
    return cursor.damage === undefined;
  }

  private record(cpu: number, onNotice: (notice: RecordNotice) => void): void {
    const { cursor, plan } = this;
    const { view, bytes, at, lengthBytes, timeNs } = cursor;
    const slot = this.slot();
    const index = plan.classOfSlot[slot]!;
    if (index === noClass || lengthBytes < plan.leastWordsOfSlot[slot]! * 4) return;
    const body = plan.bodyOfSlot[slot]!;
    const { tasks } = this.known;
    let kept: Watcher[] | undefined;
    if (index !== hiddenClass) {
      for (const watcher of this.watchers[index]!) {
        if (watcher.keep?.(slot, view, bytes, at, lengthBytes, cpu, timeNs) === false) continue;
        (kept ??= []).push(watcher);
      }
    }
    const tid = view.getInt32(at + tidOffsetBytes, true);
    const read = (list: readonly (readonly [string, Read])[]): Record<string, unknown> =>
      Object.fromEntries(
        list.map(([name, value]) => [name, value(view, bytes, at, lengthBytes, cpu, timeNs)]),
      );
    // As in recordings: contexts are those before the event, fields what it tells.
    const before = kept?.map(({ contexts }) => read(contexts));
    const procname = kept === undefined ? '' : tasks.nameOf(tid, cpu, timeNs);
    const pid = kept === undefined ? 0 : tasks.get(tid, 'pid', undefined, timeNs);
    this.updates[body]?.(view, bytes, at, lengthBytes, timeNs);
    if (kept === undefined) return;
    const { name } = this.events[index]!;
    for (const [position, { key, fields }] of kept.entries()) {
      onNotice({
        key,
        name,
        monotonicNs: timeNs,
        pid: pid === 0 ? tid : pid,
        tid,
        procname,
        fields: read(fields),
        contexts: before![position]!,
      });
    }
  }

  private slot(): number {
    const { plan, cursor } = this;
    const { typeId, view, at, lengthBytes } = cursor;
    if (lengthBytes <= callOffsetBytes) return typeId;
    if (typeId === plan.entryType) {
      return plan.entrySlot + Math.min(view.getUint32(at + callOffsetBytes, true), plan.callCount);
    }
    if (typeId === plan.exitType) {
      return plan.exitSlot + Math.min(view.getUint32(at + callOffsetBytes, true), plan.callCount);
    }
    return typeId;
  }
}

/** @param events one of which must have the field; undefined where none need. */
function checkCapture(
  scope: Reference['scope'],
  name: string,
  events: readonly MappedEvent[] | undefined,
): void {
  if (scope === 'application') {
    throw new SpoorError('trigger/capture', 'events of the kernel have no contexts of applications');
  }
  if (scope === 'context') {
    const [context] = kernelContexts([name]);
    if (context?.source.kind !== 'stack') return;
    throw new SpoorError('trigger/capture', 'call stacks cannot be captured', {
      hint: 'a snapshot of a session with the context callstack-kernel has them',
    });
  }
  if (events === undefined || events.some(({ fields }) => fields.some((field) => field.name === name)))
    return;
  throw new SpoorError('trigger/capture', `no event of the rule has a field ${JSON.stringify(name)}`, {
    hint: 'spoor list -k --fields shows what they have',
  });
}
