/**
 * Signed 64-bit integers as programs handle them quickly: a number as long as it is a safe integer, a BigInt beyond. This
 * form is unique, so `===`, `<` and `<=` compare such values exactly, mixed ones included.
 */

/** A signed 64-bit integer in its one form. */
export type Integer = number | bigint;

/** The one form of an integer, cast to signed 64 bits as C does it. */
export function signed64(value: bigint): Integer {
  const wrapped = BigInt.asIntN(64, value);
  const small = Number(wrapped);
  return Number.isSafeInteger(small) ? small : wrapped;
}

/** `left + right`, wrapped to 64 bits. */
export function add(left: Integer, right: Integer): Integer {
  if (typeof left === 'number' && typeof right === 'number') {
    const sum = left + right;
    if (Number.isSafeInteger(sum)) return sum;
  }
  return signed64(BigInt(left) + BigInt(right));
}

/** `left - right`, wrapped to 64 bits. */
export function subtract(left: Integer, right: Integer): Integer {
  if (typeof left === 'number' && typeof right === 'number') {
    const difference = left - right;
    if (Number.isSafeInteger(difference)) return difference;
  }
  return signed64(BigInt(left) - BigInt(right));
}

/** `left * right`, wrapped to 64 bits. */
export function multiply(left: Integer, right: Integer): Integer {
  if (typeof left === 'number' && typeof right === 'number') {
    // A product beyond the safe integers rounds to one that is none. The addition makes 0 of -0.
    const product = left * right + 0;
    if (Number.isSafeInteger(product)) return product;
  }
  return signed64(BigInt(left) * BigInt(right));
}

/** `left / right` towards zero, as C divides; undefined for a division by zero. */
export function divide(left: Integer, right: Integer): Integer | undefined {
  if (right === 0) return undefined;
  if (typeof left === 'number' && typeof right === 'number') {
    // Without its rest the dividend is a multiple of the divisor, so nothing is rounded.
    return (left - (left % right)) / right + 0;
  }
  return signed64(BigInt(left) / BigInt(right));
}

/** The rest of `left / right`, with the sign of `left`; undefined for a division by zero. */
export function remainder(left: Integer, right: Integer): Integer | undefined {
  if (right === 0) return undefined;
  if (typeof left === 'number' && typeof right === 'number') return (left % right) + 0;
  return signed64(BigInt(left) % BigInt(right));
}

/** `-value`, wrapped to 64 bits. */
export function negate(value: Integer): Integer {
  return typeof value === 'number' ? 0 - value : signed64(-value);
}

/** `~value` of 64 bits. */
export function invert(value: Integer): Integer {
  return subtract(-1, value);
}

/** `left & right` of 64 bits. */
export function bitAnd(left: Integer, right: Integer): Integer {
  if (isInt32(left) && isInt32(right)) return left & right;
  return signed64(BigInt(left) & BigInt(right));
}

/** `left | right` of 64 bits. */
export function bitOr(left: Integer, right: Integer): Integer {
  if (isInt32(left) && isInt32(right)) return left | right;
  return signed64(BigInt(left) | BigInt(right));
}

/** `left ^ right` of 64 bits. */
export function bitXor(left: Integer, right: Integer): Integer {
  if (isInt32(left) && isInt32(right)) return left ^ right;
  return signed64(BigInt(left) ^ BigInt(right));
}

/** `left << right` of 64 bits; undefined unless `right` is from 0 to 63. */
export function shiftLeft(left: Integer, right: Integer): Integer | undefined {
  if (typeof right !== 'number' || right < 0 || right > 63) return undefined;
  if (typeof left === 'number') {
    const shifted = left * 2 ** right;
    if (Number.isSafeInteger(shifted)) return shifted;
  }
  return signed64(BigInt(left) << BigInt(right));
}

/** `left >> right` of 64 bits without sign, as LTTng shifts; undefined unless `right` is from 0 to 63. */
export function shiftRight(left: Integer, right: Integer): Integer | undefined {
  if (typeof right !== 'number' || right < 0 || right > 63) return undefined;
  if (typeof left === 'number' && left >= 0) return Math.floor(left / 2 ** right);
  return signed64(BigInt.asUintN(64, BigInt(left)) >> BigInt(right));
}

function isInt32(value: Integer): value is number {
  return typeof value === 'number' && (value | 0) === value;
}

/** The integer that a field's value is; undefined when it is none. Unsigned values from 2^63 on become negative. */
export function integerOf(value: unknown): Integer | undefined {
  if (typeof value === 'number') return value;
  if (typeof value === 'bigint') return signed64(value);
  if (typeof value === 'boolean') return value ? 1 : 0;
  return undefined;
}

/** The number that a field's value is, as C casts integers to `double`; undefined when it is none. */
export function floatOf(value: unknown): number | undefined {
  const integer = integerOf(value);
  return integer === undefined ? undefined : Number(integer);
}
