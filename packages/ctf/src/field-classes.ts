/** Questions about field classes that have one answer for all of their kinds. */
import type { EventClass, FieldClass, FieldLocation, Role } from './model.ts';

const none: readonly FieldClass[] = [];

/** The field classes directly inside of one. */
export function childrenOf(fieldClass: FieldClass): readonly FieldClass[] {
  switch (fieldClass.kind) {
    case 'structure':
      return fieldClass.members.map((member) => member.fieldClass);
    case 'variant':
      return fieldClass.options.map((option) => option.fieldClass);
    case 'static-array':
    case 'dynamic-array':
      return [fieldClass.element];
    case 'optional':
      return [fieldClass.fieldClass];
    case 'integer':
    case 'float':
    case 'bit-array':
    case 'boolean':
    case 'string':
    case 'static-string':
    case 'dynamic-string':
    case 'static-blob':
    case 'dynamic-blob':
      return none;
    default:
      return fieldClass satisfies never;
  }
}

/** Where the length or the selector of a field of this class is found, if it has one. */
export function locationOf(fieldClass: FieldClass): FieldLocation | undefined {
  switch (fieldClass.kind) {
    case 'dynamic-array':
    case 'dynamic-string':
    case 'dynamic-blob':
      return fieldClass.lengthLocation;
    case 'variant':
    case 'optional':
      return fieldClass.selectorLocation;
    case 'structure':
    case 'static-array':
    case 'integer':
    case 'float':
    case 'bit-array':
    case 'boolean':
    case 'string':
    case 'static-string':
    case 'static-blob':
      return undefined;
    default:
      return fieldClass satisfies never;
  }
}

/** Alignment in bits of a field class; 1 where it has none. */
export function alignmentOf(fieldClass: FieldClass): number {
  switch (fieldClass.kind) {
    case 'integer':
    case 'float':
    case 'bit-array':
    case 'boolean':
    case 'structure':
      return fieldClass.alignmentBits;
    case 'string':
    case 'static-string':
    case 'dynamic-string':
    case 'static-blob':
    case 'dynamic-blob':
      return 8;
    case 'static-array':
    case 'dynamic-array':
      return Math.max(fieldClass.alignmentBits, alignmentOf(fieldClass.element));
    case 'variant':
    case 'optional':
      return 1;
    default:
      return fieldClass satisfies never;
  }
}

/** The greatest alignment in bits of a field class and all inside of it; 1 for none. */
export function greatestAlignmentOf(fieldClass: FieldClass | undefined): number {
  if (fieldClass === undefined) return 1;
  return childrenOf(fieldClass).reduce(
    (most, child) => Math.max(most, greatestAlignmentOf(child)),
    alignmentOf(fieldClass),
  );
}

/** Bits that a field of this class has at least. */
export function leastBitsOf(fieldClass: FieldClass): number {
  switch (fieldClass.kind) {
    case 'integer':
      return fieldClass.variableLength === undefined ? fieldClass.lengthBits : 8;
    case 'float':
    case 'bit-array':
    case 'boolean':
      return fieldClass.lengthBits;
    case 'string':
      return 8 * codeUnitBytes(fieldClass.encoding);
    case 'static-string':
    case 'static-blob':
      return fieldClass.lengthBytes * 8;
    case 'structure':
      return fieldClass.members.reduce((sum, member) => sum + leastBitsOf(member.fieldClass), 0);
    case 'static-array':
      return fieldClass.length * leastBitsOf(fieldClass.element);
    case 'dynamic-array':
    case 'dynamic-string':
    case 'dynamic-blob':
    case 'optional':
      return 0;
    case 'variant':
      return fieldClass.options.reduce(
        (least, option) => Math.min(least, leastBitsOf(option.fieldClass)),
        Number.MAX_SAFE_INTEGER,
      );
    default:
      return fieldClass satisfies never;
  }
}

/** Bytes of the smallest piece of an encoding; text ends with that many zero bytes. */
export function codeUnitBytes(
  encoding: 'utf-8' | 'ascii' | `utf-16${'be' | 'le'}` | `utf-32${'be' | 'le'}`,
): 1 | 2 | 4 {
  switch (encoding) {
    case 'utf-8':
    case 'ascii':
      return 1;
    case 'utf-16be':
    case 'utf-16le':
      return 2;
    case 'utf-32be':
    case 'utf-32le':
      return 4;
    default:
      return encoding satisfies never;
  }
}

/** Whether an array of this element is text: bytes that carry an encoding. */
export function isCharacter(element: FieldClass): boolean {
  return (
    element.kind === 'integer' &&
    element.encoding !== undefined &&
    element.lengthBits === 8 &&
    element.alignmentBits === 8
  );
}

/** Whether a field of this class, or one inside of it, has a role. */
export function hasRole(fieldClass: FieldClass | undefined, role: Role): boolean {
  if (fieldClass === undefined) return false;
  if (fieldClass.kind === 'integer' && fieldClass.roles.includes(role)) return true;
  return childrenOf(fieldClass).some((child) => hasRole(child, role));
}

/** Name of a class of events as people see it: metadata need not give one. */
export function shownEventName({ name }: EventClass): string {
  return name === '' ? '<unknown>' : name;
}
