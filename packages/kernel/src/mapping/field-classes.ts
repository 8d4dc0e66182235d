/** Field classes as LTTng's kernel tracer has them: little-endian, packed to bytes. */
import type { FieldClass, IntegerFieldClass, Mapping, Role } from '@spoor/ctf';

const noRoles: readonly Role[] = [];

/** A number of whole bytes. */
export function integer(
  lengthBytes: number,
  signed: boolean,
  displayBase: 8 | 10 | 16 = 10,
): IntegerFieldClass {
  return {
    kind: 'integer',
    lengthBits: lengthBytes * 8,
    byteOrder: 'le',
    alignmentBits: 8,
    signed,
    displayBase,
    roles: noRoles,
  };
}

/** A number with labels. */
export function enumeration(
  lengthBytes: number,
  signed: boolean,
  labels: Iterable<readonly [label: string, value: bigint]>,
): IntegerFieldClass {
  const mappings: Mapping[] = [];
  const all = 8n * BigInt(lengthBytes);
  for (const [label, value] of labels) {
    const fits = signed ? BigInt.asIntN(Number(all), value) : BigInt.asUintN(Number(all), value);
    if (fits === value) mappings.push({ label, ranges: [{ lower: value, upper: value }] });
  }
  return { ...integer(lengthBytes, signed), mappings };
}

/** Text in a fixed number of bytes: `char comm[16]`. */
export function textArray(length: number): FieldClass {
  return {
    kind: 'static-array',
    length,
    element: { ...integer(1, false), encoding: 'utf-8' },
    alignmentBits: 8,
  };
}

/** So many numbers. */
export function integerArray(length: number, element: IntegerFieldClass): FieldClass {
  return { kind: 'static-array', length, element, alignmentBits: 8 };
}

/** As many numbers as the field `lengthName` of the event's payload says. */
export function sequence(lengthName: string, element: IntegerFieldClass): FieldClass {
  return {
    kind: 'dynamic-array',
    lengthLocation: { scope: 'event-payload', path: [lengthName] },
    element,
    alignmentBits: 8,
  };
}

export const string: FieldClass = { kind: 'string', encoding: 'utf-8' };
