// The serialiser that makes no code: it walks the declaration for each event. Slower by a few times, but allowed
// everywhere, and the quicker one for the first events of a class (walk-first.ts); the tests hold the generated serialisers to
// its bytes. As these it calls nothing of arrays that a program may have replaced, except for filters.
import { MAX_LIST_LENGTH, listLength, splitWide, toList, toNumber, toText, wideHalves } from './coerce.ts';
import type { Declaration, FieldPlan, ScalarPlan } from './declaration.ts';
import type { ContextField } from './contexts.ts';
import type { RingStrings } from './interned-strings.ts';
import { readAccess } from './filter-access.ts';
import { floor, min } from './primordials.ts';
import {
  LENGTH_BYTES,
  abandon,
  dynamicBytes,
  fixedBytes,
  isWide,
  monotonicNow,
  numberConversion,
  scalarBytes,
  stackedTextBytes,
  writeDynamic,
  type RingWriter,
  type Serialise,
  type Sink,
  type Stacks,
  type Tally,
} from './serialiser.ts';
import { textBytes } from './text.ts';

/** Makes the walking serialiser of one event class that records into any number of rings, and counts. */
export function makeWalkingSerialiser(
  declaration: Declaration,
  sinks: readonly Sink[],
  stacks: Stacks,
  tallies: readonly Tally[] = [],
): Serialise {
  const { numbers, texts } = stacks;
  const fixed = declaration.fields.reduce((sum, { plan }) => sum + fixedBytes(plan), 0);

  return function serialise(...args) {
    const numbersAt = numbers.top;
    const textsAt = texts.top;
    try {
      const read: ReadContexts = { fields: [], values: [] };
      for (let index = 0; index < tallies.length; index += 1) {
        const tally = tallies[index]!;
        if (isWanted(tally, declaration, args, read)) tally.cell.values[tally.cell.index]! += 1;
      }
      const wanting: Sink[] = [];
      for (let index = 0; index < sinks.length; index += 1) {
        if (isWanted(sinks[index]!, declaration, args, read)) wanting[wanting.length] = sinks[index]!;
      }
      const interned: string[] = [];
      const extraBytes = wanting.length === 0 ? 0 : stackFields(declaration.fields, args, stacks, interned);
      const contexts: (readonly ContextPiece[])[] = [];
      for (let index = 0; index < wanting.length; index += 1) {
        contexts[index] = readContexts(wanting[index]!, read);
      }
      const timeNs = wanting.length === 0 ? 0n : monotonicNow();
      for (let index = 0; index < wanting.length; index += 1) {
        const sink = wanting[index]!;
        const { ring } = sink.writer;
        // The compact header has no way to say that the clock went back.
        if (timeNs < ring.clock[0]!) ring.tick = -1;
        ring.clock[0] = timeNs;
        const pieces = contexts[index]!;
        let contextBytes = 0;
        for (let piece = 0; piece < pieces.length; piece += 1) contextBytes += pieces[piece]!.sizeBytes;
        if (extraBytes < 0) {
          ring.countTooLarge();
          continue;
        }
        const sizeBytes = contextBytes + fixed + extraBytes;
        let pos =
          sink.strings === undefined
            ? ring.begin(sink.eventId, sizeBytes)
            : sink.strings.begin(sink.eventId, sizeBytes, interned);
        if (pos < 0) continue;
        for (let piece = 0; piece < pieces.length; piece += 1) pos = pieces[piece]!.write(pos);
        pos = new PayloadWriter(sink, stacks, numbersAt, textsAt).write(declaration.fields, pos);
        ring.commit(pos);
        sink.wake?.();
      }
      numbers.top = numbersAt;
      texts.release(textsAt);
    } catch {
      abandon(sinks, stacks, numbersAt, textsAt, serialise, ...args);
    }
  };
}

/** Contexts that were read for an event: their values may be the program's, and differ from one time to the next. */
interface ReadContexts {
  readonly fields: ContextField[];
  readonly values: unknown[];
}

function valueOf(context: ContextField, { fields, values }: ReadContexts): unknown {
  for (let index = 0; index < fields.length; index += 1) if (fields[index] === context) return values[index];
  const value = context.value();
  values[fields.length] = value;
  fields[fields.length] = context;
  return value;
}

function isWanted(
  { filters }: Pick<Sink, 'filters'>,
  declaration: Declaration,
  args: readonly unknown[],
  read: ReadContexts,
): boolean {
  if (filters === undefined) return true;
  return filters.some(({ accesses, matches }) =>
    matches(
      ...accesses.map((access) =>
        access.kind === 'context' ? valueOf(access.context, read) : readAccess(access, args, declaration),
      ),
    ),
  );
}

/** A context's value of one event, to be written. */
interface ContextPiece {
  readonly sizeBytes: number;
  readonly write: (at: number) => number;
}

function readContexts({ contexts, writer }: Sink, read: ReadContexts): readonly ContextPiece[] {
  const pieces: ContextPiece[] = [];
  for (let index = 0; index < contexts.length; index += 1) {
    pieces[index] = contextPiece(contexts[index]!, writer, read);
  }
  return pieces;
}

function contextPiece(context: ContextField, writer: RingWriter, read: ReadContexts): ContextPiece {
  const { ring, writeText } = writer;
  if (context.kind === 'constant') {
    const { bytes } = context;
    return {
      sizeBytes: bytes.length,
      write(at) {
        ring.bytes.set(bytes, at);
        return at + bytes.length;
      },
    };
  }
  const { plan } = context;
  const value = valueOf(context, read);
  switch (plan.kind) {
    case 'dynamic':
      return { sizeBytes: dynamicBytes(value), write: (at) => writeDynamic(writer, at, value) };
    case 'string': {
      const text = toText(value);
      return { sizeBytes: textBytes(text), write: (at) => writeText(at, text) };
    }
    case 'integer': {
      const sizeBytes = scalarBytes(plan);
      const number = toNumber(value);
      return {
        sizeBytes,
        write(at) {
          storeNumber(ring.view, plan, at, number);
          if (isWide(plan)) ring.view.setUint32(at + 4, floor(number / 0x1_0000_0000), true);
          return at + sizeBytes;
        },
      };
    }
    default:
      return plan satisfies never;
  }
}

/** Stores a number; of a 64-bit integer the low half. */
function storeNumber(view: DataView, plan: ScalarPlan, at: number, value: number): void {
  if (plan.kind === 'float') {
    if (plan.bits === 32) view.setFloat32(at, value, true);
    else view.setFloat64(at, value, true);
    return;
  }
  const bytes = min(scalarBytes(plan), 4);
  if (bytes === 1) view.setUint8(at, value);
  else if (bytes === 2) view.setUint16(at, value, true);
  else view.setUint32(at, value, true);
}

/** Writes what {@link stackFields} put on the stacks. */
class PayloadWriter {
  readonly #writer: RingWriter;
  readonly #strings: RingStrings | undefined;
  readonly #stacks: Stacks;
  #number: number;
  #text: number;

  constructor({ writer, strings }: Sink, stacks: Stacks, numbersAt: number, textsAt: number) {
    this.#writer = writer;
    this.#strings = strings;
    this.#stacks = stacks;
    this.#number = numbersAt;
    this.#text = textsAt;
  }

  write(fields: readonly FieldPlan[], start: number): number {
    const { view } = this.#writer.ring;
    let at = start;
    for (let index = 0; index < fields.length; index += 1) {
      const { plan } = fields[index]!;
      if (plan.kind === 'struct') {
        at = this.write(plan.members, at);
      } else if (plan.kind === 'array' || plan.kind === 'sequence') {
        let count = plan.kind === 'array' ? plan.length : 0;
        if (plan.kind === 'sequence') {
          count = this.#nextNumber();
          view.setUint32(at, count, true);
          at += LENGTH_BYTES;
        }
        for (let element = 0; element < count; element += 1) at = this.#writeScalar(plan.element, at);
      } else {
        at = this.#writeScalar(plan, at);
      }
    }
    return at;
  }

  #nextNumber(): number {
    const value = this.#stacks.numbers.values[this.#number]!;
    this.#number += 1;
    return value;
  }

  #writeScalar(plan: ScalarPlan, at: number): number {
    if (plan.kind === 'string') {
      const text = this.#stacks.texts.values[this.#text]!;
      this.#text += 1;
      if (plan.storage !== 'interned') return this.#writer.writeText(at, text);
      this.#writer.ring.view.setUint32(at, this.#strings!.table.idOf(text), true);
      return at + scalarBytes(plan);
    }
    const { view } = this.#writer.ring;
    storeNumber(view, plan, at, this.#nextNumber());
    if (isWide(plan)) view.setUint32(at + 4, this.#nextNumber(), true);
    return at + scalarBytes(plan);
  }
}

/**
 * Puts all primitives on the stacks in order, and interned strings into `interned` too; answers the bytes beyond the
 * fixed ones, or -1 for too long a list.
 */
function stackFields(
  fields: readonly FieldPlan[],
  values: readonly unknown[],
  stacks: Stacks,
  interned: string[],
): number {
  const { numbers, texts } = stacks;
  let extraBytes = 0;
  for (let index = 0; index < fields.length; index += 1) {
    const { plan } = fields[index]!;
    const value = values[index];
    if (plan.kind === 'struct') {
      const inner = stackFields(plan.members, memberValues(plan.members, value), stacks, interned);
      if (inner < 0) return -1;
      extraBytes += inner;
    } else if (plan.kind === 'array' || plan.kind === 'sequence') {
      const list = toList(value);
      let count = plan.kind === 'array' ? plan.length : 0;
      if (plan.kind === 'sequence') {
        count = listLength(list);
        if (count > MAX_LIST_LENGTH) return -1;
        numbers.push([count], 1, toNumber);
        extraBytes += count * scalarBytes(plan.element);
      }
      if (plan.element.kind === 'string') {
        const at = texts.push(list, count);
        extraBytes += stackedTextBytes(texts, at, count);
      } else if (isWide(plan.element)) numbers.pushWide(list, count);
      else numbers.push(list, count, numberConversion(plan.element));
    } else if (plan.kind === 'string') {
      const at = texts.push([toText(value)], 1);
      if (plan.storage === 'interned') interned[interned.length] = texts.values[at]!;
      else extraBytes += stackedTextBytes(texts, at, 1);
    } else if (isWide(plan)) {
      splitWide(value);
      numbers.push([wideHalves[0], wideHalves[1]], 2, toNumber);
    } else {
      numbers.push([value], 1, numberConversion(plan));
    }
  }
  return extraBytes;
}

function memberValues(members: readonly FieldPlan[], value: unknown): unknown[] {
  const read: unknown[] = [];
  if (value === null || (typeof value !== 'object' && typeof value !== 'function')) return read;
  try {
    for (let index = 0; index < members.length; index += 1) {
      read[index] = (value as Record<string, unknown>)[members[index]!.name];
    }
  } catch {
    // A getter threw: this member and those after it are recorded as absent.
  }
  return read;
}
