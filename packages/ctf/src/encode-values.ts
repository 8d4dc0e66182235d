/** From a program's values to what is written: checks and conversions, for generated code and the interpreter alike. */
import { SpoorError } from '@spoor/base';
import type { Halves } from './bits.ts';
import { EnumValue, type FieldValue } from './field-value.ts';
import type { IntegerFieldClass } from './model.ts';

/**
 * A value that may be written. Integers take numbers, BigInts, {@link EnumValue}s and, where the class has labels,
 * a label (the lowest value that has it); arrays take arrays and typed arrays. What a reader made of a field may be
 * written again.
 */
export type WritableValue =
  FieldValue | ArrayLike<WritableValue> | { readonly [member: string]: WritableValue | undefined };

/** Values of a structure by member. */
export type WritableStructure = { readonly [member: string]: WritableValue | undefined };

/** The values of an event. */
export interface EventValues {
  /** Members of the event header that have no role; absent ones are zero. */
  readonly header?: WritableStructure;
  readonly commonContext?: WritableStructure;
  readonly specificContext?: WritableStructure;
  readonly payload?: WritableStructure;
}

/** What a value is, for messages. */
function shown(value: unknown): string {
  if (value === undefined || value === null) return 'no value';
  if (typeof value === 'string') return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value);
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (typeof value === 'object' && value !== null) return 'an object';
  if (typeof value === 'bigint') return `${value}n`;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : `a ${typeof value}`;
}

/** Throws for a value of the wrong type. */
export function wrongType(value: unknown, wanted: string, path: string): never {
  throw new SpoorError('ctf/value-type', `${wanted} is wanted, not ${shown(value)}`, { where: path });
}

function outOfRange(value: unknown, fieldClass: IntegerFieldClass, path: string): never {
  const { signed, lengthBits } = fieldClass;
  throw new SpoorError(
    'ctf/value-range',
    `${shown(value)} does not fit ${signed ? 'a signed' : 'an unsigned'} integer of ${lengthBits} bits`,
    { where: path },
  );
}

/** The integer that a value stands for, in the range of the class. */
export function bigOf(value: unknown, fieldClass: IntegerFieldClass, path: string): bigint {
  let big: bigint;
  if (typeof value === 'bigint') big = value;
  else if (typeof value === 'number' && Number.isInteger(value)) big = BigInt(value);
  else if (typeof value === 'boolean') big = value ? 1n : 0n;
  else if (value instanceof EnumValue) big = BigInt(value.value);
  else if (typeof value === 'string' && fieldClass.mappings !== undefined) {
    const range = fieldClass.mappings.find(({ label }) => label === value)?.ranges[0];
    if (range === undefined) wrongType(value, 'a label of the enumeration', path);
    big = range.lower;
  } else wrongType(value, 'an integer', path);
  const { signed, lengthBits } = fieldClass;
  const fits = signed ? BigInt.asIntN(lengthBits, big) === big : BigInt.asUintN(lengthBits, big) === big;
  if (!fits) outOfRange(value, fieldClass, path);
  return big;
}

/** The integer of at most 32 bits that a value stands for. */
export function smallOf(value: unknown, fieldClass: IntegerFieldClass, path: string): number {
  return Number(bigOf(value, fieldClass, path));
}

/** Splits the integer of at most 64 bits that a value stands for. */
export function splitOf(value: unknown, fieldClass: IntegerFieldClass, path: string, into: Halves): void {
  if (typeof value === 'number' && Number.isSafeInteger(value) && (value >= 0 || fieldClass.signed)) {
    const { lengthBits } = fieldClass;
    const most = 2 ** (fieldClass.signed ? lengthBits - 1 : lengthBits);
    if (value < most && value >= -most) {
      into.hi = Math.floor(value / 0x1_0000_0000);
      into.lo = value >>> 0;
      return;
    }
  }
  const big = bigOf(value, fieldClass, path);
  into.hi = Number(big >> 32n);
  into.lo = Number(big & 0xffff_ffffn);
}

/** The number of a float's value. */
export function floatOf(value: unknown, path: string): number {
  return typeof value === 'number' ? value : wrongType(value, 'a number', path);
}

/** The array of an array's value, of the length that is wanted. */
export function arrayOf(value: unknown, length: number, path: string): ArrayLike<unknown> {
  if (!Array.isArray(value) && !(ArrayBuffer.isView(value) && 'length' in value)) {
    wrongType(value, 'an array', path);
  }
  const array = value as unknown as ArrayLike<unknown>;
  if (array.length !== length) {
    throw new SpoorError('ctf/value-length', `${length} elements are wanted, not ${array.length}`, {
      where: path,
    });
  }
  return array;
}

/** The object of a structure's value. */
export function structureOf(value: unknown, path: string): { readonly [member: string]: unknown } {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    wrongType(value, 'an object', path);
  }
  return value as { readonly [member: string]: unknown };
}

const encoder = new TextEncoder();

/** Length that a sequence's or text's value implies, where the length field itself is not given. */
export function impliedLength(value: unknown, path: string): number {
  if (typeof value === 'string') return utf8Length(value);
  if (Array.isArray(value) || (ArrayBuffer.isView(value) && 'length' in value)) {
    return (value as unknown as ArrayLike<unknown>).length;
  }
  return wrongType(undefined, 'an integer', path);
}

function utf8Length(text: string): number {
  for (let index = 0; index < text.length; index++) {
    if (text.charCodeAt(index) >= 0x80) return encoder.encode(text).length;
  }
  return text.length;
}

function refuseNul(path: string): never {
  throw new SpoorError('ctf/value-range', 'a string with a NUL inside cannot be written', {
    where: path,
    hint: 'strings end at the first NUL',
  });
}

/** Writes at most `room` bytes of UTF-8; returns how many, or -1 when there is no room. */
function putUtf8(bytes: Uint8Array, at: number, room: number, text: string, path: string): number {
  const { length } = text;
  if (length > room) return -1;
  if (length <= 64) {
    let index = 0;
    for (; index < length; index++) {
      const code = text.charCodeAt(index);
      if (code >= 0x80) break;
      if (code === 0) refuseNul(path);
      bytes[at + index] = code;
    }
    if (index === length) return length;
  }
  if (text.includes('\0')) refuseNul(path);
  const { read, written } = encoder.encodeInto(text, bytes.subarray(at, at + room));
  return read === length ? written : -1;
}

/** Writes text and a NUL before byte `end`; returns the byte after the NUL, or -1 when there is no room. */
export function putString(bytes: Uint8Array, at: number, end: number, value: unknown, path: string): number {
  if (typeof value !== 'string') wrongType(value, 'a string', path);
  const length = putUtf8(bytes, at, end - at - 1, value, path);
  if (length < 0) return -1;
  bytes[at + length] = 0;
  return at + length + 1;
}

/** Writes text into `count` bytes, the rest of them zero. */
export function putText(bytes: Uint8Array, at: number, count: number, value: unknown, path: string): void {
  if (typeof value !== 'string') wrongType(value, 'a string', path);
  const length = putUtf8(bytes, at, count, value, path);
  if (length < 0) {
    throw new SpoorError(
      'ctf/value-length',
      `a text of ${utf8Length(value)} bytes does not fit ${count} bytes`,
      {
        where: path,
      },
    );
  }
  bytes.fill(0, at + length, at + count);
}

/** Throws for a selector that chooses no option. */
export function noOptionFor(selector: number, path: string): never {
  throw new SpoorError('ctf/value-range', `the variant's selector is ${selector}, which chooses no option`, {
    where: path,
  });
}
