/** What is read of the events that begin and end spans: references of the filter language, and the thread. */
import { parseFilter, type FieldReader, type Reference } from '@spoor/filter';
import { SpoorError } from '@spoor/base';
import type { Flow } from '../event-flow.ts';
import { readerOf, typeOfReference, type EventArguments } from '../filter-utils-events/field-reference.ts';
import type { EventClassInfo } from '../source-ctf-fs/trace-info.ts';

/** Type of a member of span events. */
export type MemberType = 'integer' | 'float' | 'string';

/** Reads the value of a member; undefined where the event has it not. */
export type MemberReader = FieldReader<EventArguments>;

/** One value of spans: a key or a capture. */
export interface SpanField {
  /** Name of the member in span events. */
  readonly member: string;
  /** Absent for the thread. */
  readonly reference?: Reference;
  /** Whether enumerations are their labels, as captures have them, in place of their numbers, which keys compare. */
  readonly hasLabels?: boolean;
}

/** The word for the thread in keys. */
const threadWord = '$thread';

/** Reads the words of a key or of captures. @throws SpoorError `filter/syntax`, `spans/field`. */
export function spanFields(words: readonly string[]): readonly SpanField[] {
  return words.map((word) => {
    if (word === threadWord) return { member: 'thread' };
    const expression = parseFilter(word);
    if (expression.kind !== 'reference') {
      throw new SpoorError('spans/field', `${JSON.stringify(word)} is no field`, {
        hint: 'write a name, as in irq, request.id, $ctx.vtid or $thread',
      });
    }
    const { reference } = expression;
    return { member: reference.steps.join('_').replaceAll(/\W/g, '_'), reference };
  });
}

/** The reference as it is, or as a context if a class has no such payload field. */
function referenceIn(info: EventClassInfo, reference: Reference): Reference {
  if (reference.scope !== 'payload' || typeOfReference(info, reference) !== undefined) return reference;
  return { ...reference, scope: 'context' };
}

/** Type of a reference in a class; undefined where it leads nowhere. */
function fieldTypeIn(
  info: EventClassInfo,
  { reference, hasLabels }: SpanField,
): MemberType | 'varying' | undefined {
  if (reference === undefined) return 'integer';
  const type = typeOfReference(info, referenceIn(info, reference));
  return type !== 'enumeration' ? type : hasLabels === true ? 'string' : 'integer';
}

/** Type of a member whose values come from several classes. */
export function memberTypeOf(field: SpanField, classes: readonly EventClassInfo[]): MemberType {
  const types = new Set(classes.map((info) => fieldTypeIn(info, field)).filter((type) => type !== undefined));
  const [type] = types;
  return types.size === 1 && type !== undefined && type !== 'varying' ? type : 'string';
}

const threadContexts = ['vtid', 'tid'];
const context = (name: string): Reference => ({ scope: 'context', steps: [name] });

/**
 * Knows the thread of events: from a context, else the one that the kernel switched to last on the CPU.
 * Threads that are not known are the negative numbers of CPUs and streams.
 */
export class ThreadTracker {
  private readonly threadOfCpu = new Map<unknown, unknown>();

  /** What to do at the events of a class before anything else; undefined for most classes. */
  switchOf(info: EventClassInfo): ((...at: EventArguments) => void) | undefined {
    if (info.eventClass.name !== 'sched_switch') return undefined;
    const cpu = readerOf(info, context('cpu_id'));
    const next = ['next_tid', 'next_pid'].find(
      (name) => typeOfReference(info, { scope: 'payload', steps: [name] }) === 'integer',
    );
    if (next === undefined) return undefined;
    const thread = readerOf(info, { scope: 'payload', steps: [next] });
    return (...at) => {
      this.threadOfCpu.set(cpu(...at), thread(...at));
    };
  }

  /** Reads the thread of the events of a class. */
  readerFor(info: EventClassInfo): MemberReader {
    const own = threadContexts.find((name) => typeOfReference(info, context(name)) === 'integer');
    if (own !== undefined) return readerOf(info, context(own));
    if (typeOfReference(info, context('cpu_id')) !== 'integer') {
      return (_bytes, _view, _offsetBits, _externals, stream) => -1_000_000 - stream.info.index;
    }
    const cpu = readerOf(info, context('cpu_id'));
    return (...at) => {
      const number = cpu(...at);
      return this.threadOfCpu.get(number) ?? -1 - Number(number);
    };
  }
}

/** Reads a field of the events of a class. */
export function memberReader(info: EventClassInfo, field: SpanField, threads: ThreadTracker): MemberReader {
  if (field.reference === undefined) return threads.readerFor(info);
  return readerOf(info, referenceIn(info, field.reference), field.hasLabels === true ? 'string' : 'integer');
}

/** What readers take, of a row of a flow. */
export function argumentsOf({ streams, batch }: Flow, row: number): EventArguments {
  const stream = streams[batch.streamIndex[row]!]!;
  const { cursor } = stream.reader;
  return [cursor.bytes, cursor.view, batch.offsetBits[row]!, cursor.externals, stream];
}
