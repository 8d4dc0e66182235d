/** Expressions that read integers and floats out of packet bytes (`bytes`, and `view` over the same). */
import {
  doubleOfHalves,
  floatOfBits,
  halfOfBits,
  readBitsBe,
  readBitsLe,
  reversedHigh,
  reversedLow,
} from './bits.ts';
import type { Emitter } from './emitter.ts';
import type { FixedLengthBits, IntegerRange } from './model.ts';
import type { BitsNode, FloatNode, IntegerNode } from './plan.ts';

/** The base as generated code keeps it: a byte index or a bit index in the variable `name`. */
export interface BaseVariable {
  readonly name: string;
  readonly byte: boolean;
}

/** Expression of `base + offset bits` as a bit index. */
export function bitExpression(base: BaseVariable, offsetBits: number): string {
  const start = base.byte ? `${base.name} * 8` : base.name;
  return offsetBits === 0 ? start : `${start} + ${offsetBits}`;
}

/** Expression of `base + offset bits` as a byte index; the position must be on a byte. */
export function byteExpression(base: BaseVariable, offsetBits: number): string {
  if (!base.byte) return `(${bitExpression(base, offsetBits)}) >>> 3`;
  return offsetBits === 0 ? base.name : `${base.name} + ${offsetBits / 8}`;
}

/** Expression that is true for a value in one of the ranges. */
export function rangeTest(variable: string, ranges: readonly IntegerRange[]): string {
  const tests = ranges.map(({ lower, upper }) =>
    lower === upper
      ? `${variable} === ${Number(lower)}`
      : `(${variable} >= ${Number(lower)} && ${variable} <= ${Number(upper)})`,
  );
  return tests.length === 0 ? 'false' : tests.join(' || ');
}

/** An integer read: one expression, or two halves for more than 32 bits. */
export interface IntegerRead {
  readonly lo: string;
  /** Present for integers over 32 bits. */
  readonly hi?: string;
  /** Of a number of variable length: the expression of the bits that its bytes hold, at most 64. */
  readonly lengthBits?: string;
}

function small(
  e: Emitter,
  base: BaseVariable,
  offsetBits: number,
  lengthBits: number,
  littleEndian: boolean,
  signed: boolean,
): string {
  if (base.byte) {
    const shift = offsetBits & 7;
    const at = byteExpression(base, offsetBits - shift);
    if (shift === 0) {
      if (lengthBits === 8) return signed ? `view.getInt8(${at})` : `bytes[${at}]`;
      if (lengthBits === 16 || lengthBits === 32) {
        return `view.get${signed ? 'Int' : 'Uint'}${lengthBits}(${at}, ${littleEndian})`;
      }
    }
    if (shift + lengthBits <= 32) {
      const loaded =
        shift + lengthBits <= 8
          ? littleEndian
            ? `bytes[${at}]`
            : `(bytes[${at}] << 24)`
          : `view.getUint32(${at}, ${littleEndian})`;
      // Move the field's top bit to bit 31, then down with or without its sign.
      const up = littleEndian ? 32 - shift - lengthBits : shift;
      const raised = up === 0 ? loaded : `(${loaded} << ${up})`;
      return `(${raised} ${signed ? '>>' : '>>>'} ${32 - lengthBits})`;
    }
  }
  const read = e.bind('bits', littleEndian ? readBitsLe : readBitsBe);
  const value = `${read}(bytes, ${bitExpression(base, offsetBits)}, ${lengthBits})`;
  if (!signed) return value;
  return lengthBits === 32 ? `(${value} | 0)` : `((${value} << ${32 - lengthBits}) >> ${32 - lengthBits})`;
}

/** How to read the number of fixed length of a node. */
export function integerRead(e: Emitter, node: IntegerNode | BitsNode, base: BaseVariable): IntegerRead {
  const { fieldClass } = node;
  return bitsRead(e, fieldClass, node.offsetBits, fieldClass.kind === 'integer' && fieldClass.signed, base);
}

function bitsRead(
  e: Emitter,
  bits: FixedLengthBits,
  offsetBits: number,
  signed: boolean,
  base: BaseVariable,
): IntegerRead {
  const { lengthBits, byteOrder, reversed } = bits;
  const littleEndian = byteOrder === 'le';
  if (reversed !== undefined) {
    const { lo, hi = '0' } = bitsRead(e, natural(bits), offsetBits, false, base);
    const low = `${e.bind('reversedLow', reversedLow)}(${hi}, ${lo}, ${lengthBits})`;
    if (lengthBits <= 32) return { lo: signed ? extended(low, lengthBits) : low };
    const high = `${e.bind('reversedHigh', reversedHigh)}(${lo}, ${lengthBits})`;
    return { lo: low, hi: signed ? extended(high, lengthBits - 32) : high };
  }
  if (lengthBits <= 32) {
    return { lo: small(e, base, offsetBits, lengthBits, littleEndian, signed) };
  }
  const high = lengthBits - 32;
  return {
    lo: small(e, base, offsetBits + (littleEndian ? 0 : high), 32, littleEndian, false),
    hi: small(e, base, offsetBits + (littleEndian ? 32 : 0), high, littleEndian, signed),
  };
}

/** The same bits in the order that the byte order implies. */
function natural(bits: FixedLengthBits): FixedLengthBits {
  const { lengthBits, byteOrder, alignmentBits } = bits;
  return { lengthBits, byteOrder, alignmentBits };
}

/** Expression of a value whose bit `length - 1` is its sign. */
function extended(value: string, length: number): string {
  return length === 32 ? `(${value} | 0)` : `((${value} << ${32 - length}) >> ${32 - length})`;
}

/** Expression of the value of a float's node. */
export function floatRead(e: Emitter, node: FloatNode, base: BaseVariable): string {
  const { lengthBits } = node.fieldClass;
  const littleEndian = node.fieldClass.byteOrder === 'le';
  if (node.fieldClass.reversed !== undefined) {
    const { lo, hi } = bitsRead(e, node.fieldClass, node.offsetBits, false, base);
    if (hi !== undefined) return `${e.bind('double', doubleOfHalves)}(${hi}, ${lo})`;
    return `${lengthBits === 32 ? e.bind('float', floatOfBits) : e.bind('half', halfOfBits)}(${lo})`;
  }
  if (base.byte && (node.offsetBits & 7) === 0 && (lengthBits === 32 || lengthBits === 64)) {
    return `view.getFloat${lengthBits}(${byteExpression(base, node.offsetBits)}, ${littleEndian})`;
  }
  const part = (offset: number, length: number): string =>
    small(e, base, node.offsetBits + offset, length, littleEndian, false);
  if (lengthBits === 64) {
    const halves = littleEndian ? [part(32, 32), part(0, 32)] : [part(0, 32), part(32, 32)];
    return `${e.bind('double', doubleOfHalves)}(${halves.join(', ')})`;
  }
  const make = lengthBits === 32 ? e.bind('float', floatOfBits) : e.bind('half', halfOfBits);
  return `${make}(${part(0, lengthBits)})`;
}

/** Expression of a float's sign bit, as a boolean. */
export function signRead(e: Emitter, node: FloatNode, base: BaseVariable): string {
  const { byteOrder, lengthBits, reversed } = node.fieldClass;
  const littleEndian = byteOrder === 'le';
  const isLast = littleEndian === (reversed === undefined);
  const offset = node.offsetBits + (isLast ? lengthBits - 1 : 0);
  return `${small(e, base, offset, 1, littleEndian, false)} !== 0`;
}
