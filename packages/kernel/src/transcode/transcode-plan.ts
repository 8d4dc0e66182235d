/** The plan of a transcoder: which class and which body each record has. The second stage: mapping → plan → code. */
import type { LttngHeaderForm } from '@spoor/ctf';
import type { ContextField } from '../contexts/context-fields.ts';
import { containerBytes } from '../contexts/task-row.ts';
import { CallStacks } from './call-stacks.ts';
import type { KernelEventFormat } from '../formats/event-format.ts';
import type { PageLayout } from '../formats/page-layout.ts';
import type { MappedEvent, RecordUpdate, ValueSource } from '../mapping/event-mapping.ts';

/** In place of a class: records that are passed over, and those of which only the task table is told. */
export const noClass = 0xffff;
export const hiddenClass = 0xfffe;

/** What is written for an event behind its header and contexts; events of the same shape share one. */
export interface EventBody {
  readonly sources: readonly ValueSource[];
  /** What is learnt of records, and of which event of the kernel. */
  readonly update: { readonly what: RecordUpdate; readonly format: KernelEventFormat } | undefined;
}

/** All that the generated code is made from. */
export interface TranscodePlan {
  readonly layout: PageLayout;
  readonly header: LttngHeaderForm;
  readonly contexts: readonly ContextField[];
  readonly bodies: readonly EventBody[];
  /**
   * Class by slot. The slot of a record is its `common_type`; that of a system call in `raw_syscalls` begins at
   * `entrySlot` or `exitSlot`, by its number, and is the last of its range for numbers without a class of their own.
   */
  readonly classOfSlot: Uint16Array;
  readonly bodyOfSlot: Uint16Array;
  /** Words that a record must have at least, so that its fields are its own; shorter ones are passed over. */
  readonly leastWordsOfSlot: Uint16Array;
  /** `common_type` of `raw_syscalls`, -1 where it is not recorded. */
  readonly entryType: number;
  readonly exitType: number;
  readonly entrySlot: number;
  readonly exitSlot: number;
  /** Numbers of system calls below this have slots of their own. */
  readonly callCount: number;
}

const types = 0x1_0000;
const callCount = 1024;

/** Classes that the smaller header has room for; the larger one has one more than 65,534. */
export const mostCompactClasses = 31;

/**
 * Makes the plan.
 * @param hidden events that only the task table is told of.
 */
export function makeTranscodePlan(
  layout: PageLayout,
  events: readonly MappedEvent[],
  hidden: readonly MappedEvent[],
  contexts: readonly ContextField[],
  rawCalls: { readonly entryType: number; readonly exitType: number },
): TranscodePlan {
  const bodies: EventBody[] = [];
  const known = new Map<string, number>();
  const bodyOf = ({ fields, update: what, origin }: MappedEvent, isHidden: boolean): number => {
    const sources = isHidden ? [] : fields.map(({ source }) => source);
    const update = what === undefined ? undefined : { what, format: origin.format };
    const key = JSON.stringify([sources, update?.format.id]);
    let index = known.get(key);
    if (index === undefined) {
      index = bodies.length;
      known.set(key, index);
      bodies.push({ sources, update });
    }
    return index;
  };
  const entrySlot = types;
  const exitSlot = entrySlot + callCount + 1;
  const classOfSlot = new Uint16Array(exitSlot + callCount + 1).fill(noClass);
  const bodyOfSlot = new Uint16Array(classOfSlot.length);
  const leastWordsOfSlot = new Uint16Array(classOfSlot.length);
  const slotOf = ({ origin }: MappedEvent): readonly number[] => {
    if (origin.kind === 'event') return [origin.format.id];
    const first = origin.direction === 'entry' ? entrySlot : exitSlot;
    if (origin.number >= 0) return [first + Math.min(origin.number, callCount)];
    return Array.from({ length: callCount + 1 }, (_, number) => first + number);
  };
  // What stands for all calls of unknown numbers comes first and gives way to those that are known.
  const ordered = [...events.entries()].sort(([, left], [, right]) => generality(right) - generality(left));
  for (const [id, event] of ordered) {
    const body = bodyOf(event, false);
    for (const slot of slotOf(event)) {
      classOfSlot[slot] = id;
      bodyOfSlot[slot] = body;
      leastWordsOfSlot[slot] = leastWordsOf(event);
    }
  }
  for (const event of hidden) {
    for (const slot of slotOf(event)) {
      if (classOfSlot[slot] !== noClass) continue;
      classOfSlot[slot] = hiddenClass;
      bodyOfSlot[slot] = bodyOf(event, true);
      leastWordsOfSlot[slot] = leastWordsOf(event);
    }
  }
  return {
    layout,
    header: events.length <= mostCompactClasses ? 'compact' : 'large',
    contexts,
    bodies,
    classOfSlot,
    bodyOfSlot,
    leastWordsOfSlot,
    ...rawCalls,
    entrySlot,
    exitSlot,
    callCount,
  };
}

function leastWordsOf({ fields, origin, update }: MappedEvent): number {
  let end = 8;
  for (const { source } of fields) end = Math.max(end, endOf(source));
  // What is told to the task table is read by offsets of the format, too; stacks are as long as they are.
  const isStack = update === 'kernel-stack' || update === 'user-stack';
  if (update !== undefined && !isStack) {
    for (const { offsetBytes, sizeBytes } of origin.format.fields)
      end = Math.max(end, offsetBytes + sizeBytes);
  }
  return Math.ceil(end / 4);
}

function endOf(source: ValueSource): number {
  switch (source.kind) {
    case 'integer':
    case 'bytes':
    case 'request-flags':
    case 'kernel-text':
      return source.offsetBytes + source.sizeBytes;
    case 'text':
    case 'string':
    case 'sequence': {
      const { from } = source;
      if (from.kind === 'fixed') return from.offsetBytes + from.sizeBytes;
      return from.kind === 'dynamic' ? from.offsetBytes + 4 : from.offsetBytes;
    }
    case 'call-text':
      return source.offsetBytes + 8;
    case 'task':
    case 'task-numbers':
      return source.tidOffsetBytes + 4;
    case 'constant':
      return 0;
    default:
      return source satisfies never;
  }
}

const generality = ({ origin }: MappedEvent): number =>
  origin.kind === 'syscall' && origin.number < 0 ? 1 : 0;

/** Most bytes that an event takes, but for texts and sequences whose length its record tells. */
export function fixedBytesOf(plan: TranscodePlan): number {
  const largest = Math.max(
    0,
    ...plan.bodies.map(({ sources }) => sources.reduce((sum, source) => sum + most(source), 0)),
  );
  const contexts = plan.contexts.reduce((sum, { source }) => sum + contextBytes(source), 0);
  return 16 + contexts + largest;
}

/** Bytes of a context; those of stacks at most. */
export function contextBytes(source: ContextField['source']): number {
  if (source.kind === 'stack') return CallStacks.mostBytes;
  if (source.kind === 'container') return containerBytes;
  if (source.kind === 'flag' || source.kind === 'preemptible') return 1;
  return source.kind === 'name' ? 16 : 4;
}

const openKinds: ReadonlySet<ValueSource['kind']> = new Set([
  'string',
  'sequence',
  'call-text',
  'kernel-text',
]);

/** Fields of a body whose length its record tells; each is as long as a record at most. */
export function openFieldsOf(plan: TranscodePlan): number {
  return Math.max(
    0,
    ...plan.bodies.map(({ sources }) => sources.filter(({ kind }) => openKinds.has(kind)).length),
  );
}

function most(source: ValueSource): number {
  switch (source.kind) {
    case 'integer':
    case 'constant':
    case 'text':
      return source.lengthBytes;
    case 'bytes':
      return source.sizeBytes;
    case 'string':
    case 'call-text':
    case 'kernel-text':
      return 1;
    case 'sequence':
      return 2;
    case 'request-flags':
    case 'task':
      return 4;
    case 'task-numbers':
      return 9;
    default:
      return source satisfies never;
  }
}
