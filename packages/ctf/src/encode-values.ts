/** From a program's values to what is written: checks and conversions, for generated code and the interpreter alike. */
import { SpoorError } from '@spoor/base';
import type { Halves } from './bits.ts';
import { EnumValue, FlagsValue, type FieldValue } from './field-value.ts';
import type { BitArrayFieldClass, BooleanFieldClass, IntegerFieldClass } from './model.ts';

/**
 * A value that may be written. Integers take numbers, BigInts, {@link EnumValue}s and, where the class has labels,
 * a label (the lowest value that has it); arrays take arrays and typed arrays; bit maps take numbers, BigInts,
 * {@link FlagsValue}s and arrays of the names of flags; BLOBs take bytes; an optional field that is not there takes
 * `null` or nothing. What a reader made of a field may be written again.
 */
export type WritableValue =
  FieldValue | ArrayLike<WritableValue> | { readonly [member: string]: WritableValue | undefined };

/** Values of a structure by member. What is no member of the class is passed over: any object that has the members will do. */
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
  if (typeof value === 'string') return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value);
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (typeof value === 'object' && value !== null) return 'an object';
  if (typeof value === 'bigint') return `${value}n`;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : `a ${typeof value}`;
}

/** Throws for a value of the wrong type. */
export function wrongType(value: unknown, wanted: string, path: string): never {
  const found = value === undefined || value === null ? 'and nothing is given' : `not ${shown(value)}`;
  throw new SpoorError('ctf/value-type', `${wanted} is wanted, ${found}`, { where: path });
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

/** Throws for a selector that chooses no option. */
export function noOptionFor(selector: number, path: string): never {
  throw new SpoorError('ctf/value-range', `the variant's selector is ${selector}, which chooses no option`, {
    where: path,
  });
}

/** The lowest bit that has the name of a flag. */
function flagBit(label: unknown, fieldClass: BitArrayFieldClass, path: string): bigint {
  const range = fieldClass.flags?.find((flag) => flag.label === label)?.ranges[0];
  if (range === undefined) wrongType(label, 'the name of a flag', path);
  return 1n << range.lower;
}

/** Splits the bits that a value of a boolean, a bit array or a bit map stands for. */
export function splitBits(
  value: unknown,
  fieldClass: BitArrayFieldClass | BooleanFieldClass,
  path: string,
  into: Halves,
): void {
  let bits: bigint;
  if (typeof value === 'boolean') bits = value ? 1n : 0n;
  else if (typeof value === 'bigint') bits = value;
  else if (typeof value === 'number' && Number.isInteger(value)) bits = BigInt(value);
  else if (fieldClass.kind === 'bit-array' && value instanceof FlagsValue) bits = BigInt(value.value);
  else if (fieldClass.kind === 'bit-array' && fieldClass.flags !== undefined && Array.isArray(value)) {
    bits = value.reduce<bigint>((all, label) => all | flagBit(label, fieldClass, path), 0n);
  } else wrongType(value, fieldClass.kind === 'boolean' ? 'a boolean' : 'bits as a number', path);
  const { lengthBits } = fieldClass;
  if (BigInt.asUintN(lengthBits, bits) !== bits) {
    throw new SpoorError('ctf/value-range', `${shown(value)} does not fit ${lengthBits} bits`, {
      where: path,
    });
  }
  into.hi = Number(bits >> 32n);
  into.lo = Number(bits & 0xffff_ffffn);
}

/** Throws for a value of an optional field that its selector says is not there. */
export function notThere(value: unknown, path: string): never {
  throw new SpoorError(
    'ctf/value-type',
    `the selector says that the field is not there, but ${shown(value)} is given`,
    {
      where: path,
    },
  );
}

/** Copies the `count` bytes of a BLOB. */
export function putBlob(bytes: Uint8Array, at: number, count: number, value: unknown, path: string): void {
  const content = arrayOf(value, count, path);
  for (let index = 0; index < count; index++) {
    const byte = content[index];
    if (typeof byte !== 'number' || (byte & 0xff) !== byte) wrongType(byte, 'a byte', path);
    bytes[at + index] = byte;
  }
}
