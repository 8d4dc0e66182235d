// The serialiser that makes no code: it walks the declaration for each event. Slower by a few times, but allowed
// everywhere; the tests hold the generated serialisers to its bytes.
import {
  MAX_LIST_LENGTH,
  listLength,
  splitWide,
  toList,
  toNumber,
  toText,
  wideHalves,
  type NumberStack,
  type TextStack,
} from './coerce.ts';
import type { Declaration, FieldPlan, ScalarPlan } from './declaration.ts';
import {
  LENGTH_BYTES,
  abandon,
  fixedBytes,
  isWide,
  monotonicNow,
  numberConversion,
  scalarBytes,
  stackedTextBytes,
  type Serialise,
  type ThreadWriter,
} from './serialiser.ts';

/** Makes the walking serialiser of one event class on one thread's ring. */
export function makeWalkingSerialiser(
  declaration: Declaration,
  eventId: number,
  writer: ThreadWriter,
): Serialise {
  const { ring, numbers, texts, writeText } = writer;
  const { view } = ring;
  const fixed = declaration.fields.reduce((sum, { plan }) => sum + fixedBytes(plan), 0);

  return function serialise(...args) {
    const numbersAt = numbers.top;
    const textsAt = texts.top;
    const cursor = { number: numbersAt, text: textsAt };
    try {
      const extraBytes = stackFields(declaration.fields, args, numbers, texts);
      ring.clock[0] = monotonicNow();
      if (extraBytes < 0) {
        ring.countLost();
      } else {
        let pos = ring.begin(eventId, fixed + extraBytes);
        if (pos >= 0) {
          pos = writeFields(declaration.fields, pos);
          ring.commit(pos);
        }
      }
      numbers.top = numbersAt;
      texts.release(textsAt);
    } catch {
      abandon(writer, numbersAt, textsAt);
    }

    function writeScalar(plan: ScalarPlan, at: number): number {
      if (plan.kind === 'string') return writeText(at, texts.values[cursor.text++]!);
      const value = numbers.values[cursor.number++]!;
      if (isWide(plan)) {
        view.setUint32(at, value, true);
        view.setUint32(at + 4, numbers.values[cursor.number++]!, true);
      } else if (plan.kind === 'float') {
        if (plan.bits === 32) view.setFloat32(at, value, true);
        else view.setFloat64(at, value, true);
      } else if (plan.bits === 8) view.setUint8(at, value);
      else if (plan.bits === 16) view.setUint16(at, value, true);
      else view.setUint32(at, value, true);
      return at + scalarBytes(plan);
    }

    function writeFields(fields: readonly FieldPlan[], start: number): number {
      let at = start;
      for (const { plan } of fields) {
        if (plan.kind === 'struct') {
          at = writeFields(plan.members, at);
        } else if (plan.kind === 'array' || plan.kind === 'sequence') {
          let count = plan.kind === 'array' ? plan.length : 0;
          if (plan.kind === 'sequence') {
            count = numbers.values[cursor.number++]!;
            view.setUint32(at, count, true);
            at += LENGTH_BYTES;
          }
          for (let index = 0; index < count; index += 1) at = writeScalar(plan.element, at);
        } else {
          at = writeScalar(plan, at);
        }
      }
      return at;
    }
  };
}

/** Puts all primitives on the stacks in order; answers the bytes beyond the fixed ones, or -1 for too long a list. */
function stackFields(
  fields: readonly FieldPlan[],
  values: readonly unknown[],
  numbers: NumberStack,
  texts: TextStack,
): number {
  let extraBytes = 0;
  for (const [index, { plan }] of fields.entries()) {
    const value = values[index];
    if (plan.kind === 'struct') {
      const inner = stackFields(plan.members, memberValues(plan.members, value), numbers, texts);
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
      extraBytes += stackedTextBytes(texts, at, 1);
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
    for (const { name } of members) read.push((value as Record<string, unknown>)[name]);
  } catch {
    // A getter threw: this member and those after it are recorded as absent.
  }
  return read;
}
