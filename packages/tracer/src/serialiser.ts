// What both ways to serialise an event share: the generated one (compile.ts) and the plain walk of the declaration
// (walk.ts), which serves where code must not be made from text and is the oracle of the tests.
import type { CounterCell, RingProducer } from '@spoor/ringbuffer';
import { NumberStack, TextStack, toNumber, type ElementNumber } from './coerce.ts';
import type { ContextField } from './contexts.ts';
import type { FieldPlan, Plan, ScalarPlan } from './declaration.ts';
import type { EventFilter } from './event-rules.ts';
import { dynamicKinds } from './field-classes.ts';
import type { RingStrings } from './interned-strings.ts';
import { makeTextWriter, textBytes, type TextWriter } from './text.ts';

/** Records one event, or counts it as lost; never throws. */
export type Serialise = (...args: unknown[]) => void;

import { floor, isSafeInteger } from './primordials.ts';

export { hrtimeBigint as monotonicNow } from './primordials.ts';

/** What serialisers write into one ring with. */
export interface RingWriter {
  readonly ring: RingProducer;
  readonly writeText: TextWriter;
}

export function makeRingWriter(ring: RingProducer): RingWriter {
  return { ring, writeText: makeTextWriter(ring.view, ring.bytes) };
}

/** Where the arguments of events lie between coercion and writing; one a thread. */
export interface Stacks {
  readonly numbers: NumberStack;
  readonly texts: TextStack;
}

export function makeStacks(): Stacks {
  return { numbers: new NumberStack(), texts: new TextStack() };
}

/** One of the rings that an event goes to. */
export interface Sink {
  readonly writer: RingWriter;
  /** Of the event's class in the ring's trace. */
  readonly eventId: number;
  /** What precedes the payload. */
  readonly contexts: readonly ContextField[];
  /** The event is recorded if one of them takes it; undefined: always. */
  readonly filters?: readonly EventFilter[] | undefined;
  /** For events with interned strings. */
  readonly strings?: RingStrings | undefined;
  /** Called after an event was recorded: somebody waits for it. */
  readonly wake?: (() => void) | undefined;
}

/** Where events are counted: 1 is added to the cell. */
export interface Tally {
  readonly cell: CounterCell;
  /** As of a {@link Sink}. */
  readonly filters?: readonly EventFilter[] | undefined;
}

/** Whether the event has a field whose strings are recorded as numbers. */
export function hasInternedStrings(plans: readonly FieldPlan[]): boolean {
  return plans.some(({ plan }) =>
    plan.kind === 'struct'
      ? hasInternedStrings(plan.members)
      : plan.kind === 'string' && plan.storage === 'interned',
  );
}

/** Bytes of a scalar whose size is known beforehand; 0 for strings that are no numbers. */
export function scalarBytes(plan: ScalarPlan): number {
  if (plan.kind === 'string') return plan.storage === 'interned' ? STRING_ID_BYTES : 0;
  return plan.bits / 8;
}

/** Size of what stands for an interned string. */
const STRING_ID_BYTES = 4;

/** Bytes of the parts of a field whose size every event shares. */
export function fixedBytes(plan: Plan): number {
  switch (plan.kind) {
    case 'integer':
    case 'float':
    case 'string':
      return scalarBytes(plan);
    case 'array':
      return plan.length * scalarBytes(plan.element);
    case 'sequence':
      return LENGTH_BYTES;
    case 'struct':
      return plan.members.reduce((sum, member) => sum + fixedBytes(member.plan), 0);
    default:
      return plan satisfies never;
  }
}

/** Size of the count before a sequence's elements. */
export const LENGTH_BYTES = 4;

/** How values of an integer or float become numbers: labels to their least value, all else by `toNumber`. */
export function numberConversion(plan: ScalarPlan): ElementNumber {
  const labels = plan.kind === 'integer' ? plan.labels : undefined;
  if (labels === undefined) return toNumber;
  return (value) => {
    const range = typeof value === 'string' ? labels.get(value) : undefined;
    return range === undefined ? toNumber(value) : range[0];
  };
}

/** Whether it is a 64-bit integer, which is handled as two halves. */
export function isWide(plan: ScalarPlan): boolean {
  return plan.kind === 'integer' && plan.bits === 64;
}

/** Whether an event is being recorded for the second time. */
let isSecondTry = false;

/**
 * What is left to do when an event could not be recorded. It is tried once more: Node.js 20 lets an exception of a getter
 * that it has called itself (of the `stack` of an error that ends the program) come out of the next built-in, which is
 * the clock. If a built-in throws that the program replaced, the event is lost, and counted if even that can be done.
 * Nothing of it is in the packet, for it was not committed; of several rings one may have it, so there is no second try.
 * `numbersAt` and `textsAt` are the tops of the stacks before the event, -1 for one that it puts nothing on.
 */
export function abandon(
  sinks: readonly Sink[],
  { numbers, texts }: Stacks,
  numbersAt: number,
  textsAt: number,
  serialise: Serialise,
  ...args: readonly unknown[]
): void {
  try {
    if (numbersAt >= 0) numbers.top = numbersAt;
    if (textsAt >= 0) texts.release(textsAt);
    if (!isSecondTry && sinks.length === 1) {
      isSecondTry = true;
      try {
        serialise(...args);
        return;
      } catch {
        // The stack is full.
      } finally {
        isSecondTry = false;
      }
    }
    for (const { writer } of sinks) writer.ring.countLost();
  } catch {
    // The count needs the very built-in.
  }
}

/** Bytes of a value of a registered context, with its tag. */
export function dynamicBytes(value: unknown): number {
  return value === undefined ? 1 : typeof value === 'string' ? 1 + textBytes(value) : 9;
}

/** Writes a value of a registered context; returns the position after it. */
export function writeDynamic({ ring: { view }, writeText }: RingWriter, at: number, value: unknown): number {
  if (typeof value === 'string') {
    view.setUint8(at, dynamicKinds.string);
    return writeText(at + 1, value);
  }
  if (typeof value !== 'number') {
    view.setUint8(at, dynamicKinds.none);
    return at + 1;
  }
  if (isSafeInteger(value)) {
    view.setUint8(at, dynamicKinds.int64);
    view.setUint32(at + 1, value, true);
    view.setUint32(at + 5, floor(value / 0x1_0000_0000), true);
  } else {
    view.setUint8(at, dynamicKinds.double);
    view.setFloat64(at + 1, value, true);
  }
  return at + 9;
}

/** Exact bytes of `count` strings of the stack. */
export function stackedTextBytes(texts: TextStack, at: number, count: number): number {
  let bytes = 0;
  for (let index = at; index < at + count; index += 1) bytes += textBytes(texts.values[index]!);
  return bytes;
}
