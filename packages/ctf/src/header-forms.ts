/** The ways in which an event header can be written: plain, or as one of the options of its variant. */
import type { HeaderForm } from './encode-rules.ts';
import type { IntegerFieldClass, Role, StructureFieldClass, VariantFieldClass } from './model.ts';

/** The integer that has a role, in a structure or its structures, but not in its variants. */
function integerWithRole(
  structure: StructureFieldClass | undefined,
  role: Role,
): IntegerFieldClass | undefined {
  for (const { fieldClass } of structure?.members ?? []) {
    if (fieldClass.kind === 'integer' && fieldClass.roles.includes(role)) return fieldClass;
    const inner = fieldClass.kind === 'structure' ? integerWithRole(fieldClass, role) : undefined;
    if (inner !== undefined) return inner;
  }
  return undefined;
}

function idRange(integer: IntegerFieldClass): number {
  return 2 ** (integer.signed ? integer.lengthBits - 1 : integer.lengthBits);
}

/** The variant of a header that carries the time stamp or the id, if it has one, and the member that selects. */
function headerVariant(
  header: StructureFieldClass,
): { readonly variant: VariantFieldClass; readonly selector: string } | undefined {
  for (const { fieldClass } of header.members) {
    if (fieldClass.kind !== 'variant') continue;
    const { scope, path } = fieldClass.selectorLocation;
    const [selector] = path;
    if (scope === 'event-header' && path.length === 1 && selector !== undefined) {
      return { variant: fieldClass, selector };
    }
  }
  return undefined;
}

/**
 * The forms of a header, in the order of its options, which goes from small to large in what tracers write.
 * @param classCount event classes of the stream: a header without an id can hold the only one.
 */
export function headerForms(
  header: StructureFieldClass | undefined,
  classCount: number,
): readonly HeaderForm[] {
  const id = integerWithRole(header, 'event-record-class-id');
  const timestampBits = integerWithRole(header, 'default-clock-timestamp')?.lengthBits ?? 0;
  const without = (): boolean => classCount === 1;
  const found = header === undefined ? undefined : headerVariant(header);
  if (found === undefined || header === undefined) {
    const holdsId = id === undefined ? without : (value: number): boolean => value < idRange(id);
    return [{ timestampBits, holdsId }];
  }
  const { variant, selector } = found;
  const member = header.members.find(({ name }) => name === selector)?.fieldClass;
  const selects = member?.kind === 'integer' && member.roles.includes('event-record-class-id');
  const forms: HeaderForm[] = [];
  for (const { ranges, fieldClass } of variant.options) {
    const [first] = ranges;
    if (first === undefined) continue;
    const inner = fieldClass.kind === 'structure' ? fieldClass : undefined;
    const innerId = integerWithRole(inner, 'event-record-class-id');
    const bits = integerWithRole(inner, 'default-clock-timestamp')?.lengthBits ?? timestampBits;
    if (innerId === undefined && selects) {
      forms.push({
        selector,
        timestampBits: bits,
        holdsId: (value) => ranges.some(({ lower, upper }) => value >= lower && value <= upper),
      });
      continue;
    }
    const holder = innerId ?? id;
    forms.push({
      selector,
      selectorValue: Number(first.lower),
      timestampBits: bits,
      holdsId: holder === undefined ? without : (value) => value < idRange(holder),
    });
  }
  return forms;
}
