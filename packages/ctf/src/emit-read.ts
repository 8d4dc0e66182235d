/** Expressions that read integers and floats out of packet bytes (`bytes`, and `view` over the same). */
import { doubleOfHalves, floatOfBits, halfOfBits, readBitsBe, readBitsLe } from './bits.ts';
import type { Emitter } from './emitter.ts';
import type { FloatNode, IntegerNode } from './plan.ts';

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

/** An integer read: one expression, or two halves for more than 32 bits. */
export interface IntegerRead {
  readonly lo: string;
  /** Present for integers over 32 bits. */
  readonly hi?: string;
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

/** How to read the integer of a node. */
export function integerRead(e: Emitter, node: IntegerNode, base: BaseVariable): IntegerRead {
  const { lengthBits, signed } = node.fieldClass;
  const littleEndian = node.fieldClass.byteOrder === 'le';
  if (lengthBits <= 32) {
    return { lo: small(e, base, node.offsetBits, lengthBits, littleEndian, signed) };
  }
  const high = lengthBits - 32;
  return {
    lo: small(e, base, node.offsetBits + (littleEndian ? 0 : high), 32, littleEndian, false),
    hi: small(e, base, node.offsetBits + (littleEndian ? 32 : 0), high, littleEndian, signed),
  };
}

/** Expression of the value of a float's node. */
export function floatRead(e: Emitter, node: FloatNode, base: BaseVariable): string {
  const { lengthBits } = node.fieldClass;
  const littleEndian = node.fieldClass.byteOrder === 'le';
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
  const littleEndian = node.fieldClass.byteOrder === 'le';
  const offset = node.offsetBits + (littleEndian ? node.fieldClass.lengthBits - 1 : 0);
  return `${small(e, base, offset, 1, littleEndian, false)} !== 0`;
}
