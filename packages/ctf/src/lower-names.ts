/** Names for members of lowered structures: such that TSDL can say them, and with the meaning that the members have. */
import { SpoorError } from '@spoor/base';
import { impliedRoles, isMappedByName, nameOfRole } from './implied-roles.ts';
import type { FieldClass, Role, Scope, StructureFieldClass } from './model.ts';

/** A name that TSDL can say, like the wanted one and not among `taken`, to which it is added. */
export function uniqueName(wanted: string, taken: Set<string>): string {
  const plain = wanted.replace(/[^A-Za-z0-9_]/g, '_');
  const base = plain === '' ? '_' : plain;
  let name = base;
  for (let suffix = 0; taken.has(name); suffix++) name = `${base}_${suffix}`;
  taken.add(name);
  return name;
}

function rolesOf(fieldClass: FieldClass): readonly Role[] {
  if (fieldClass.kind === 'integer') return fieldClass.roles;
  return fieldClass.kind === 'static-blob' || fieldClass.kind === 'static-array'
    ? (fieldClass.roles ?? [])
    : [];
}

/** Whether a member of this name would have a meaning, or be mapped to a clock. */
function means(scope: Scope, name: string, atTop: boolean): boolean {
  const place = { scope, name, atTop };
  return isMappedByName(place) || impliedRoles(place, false).length > 0;
}

/**
 * The names of a structure's members.
 * @param atTop whether the structure is the scope's.
 */
export function loweredNames(
  scope: Scope,
  structure: StructureFieldClass,
  atTop: boolean,
): readonly string[] {
  const taken = new Set<string>();
  const meaningful = structure.members.map(({ fieldClass }): string | undefined => {
    const [role] = rolesOf(fieldClass);
    if (role === undefined) return undefined;
    // A time stamp has its meaning from its clock; where the name says it too, it must say the same.
    if (role === 'default-clock-timestamp' && !(atTop && scope === 'packet-context')) return undefined;
    const name = nameOfRole(scope, role);
    if (name === undefined || taken.has(name)) return undefined;
    taken.add(name);
    return name;
  });
  return structure.members.map(({ name, fieldClass }, index) => {
    const said = meaningful[index];
    if (said !== undefined) return said;
    const isStamp = scope === 'event-header' && rolesOf(fieldClass).includes('default-clock-timestamp');
    const mayBeTaken = !means(scope, name, atTop) || (isStamp && name === 'timestamp');
    return uniqueName(mayBeTaken ? name : `${name}_`, taken);
  });
}

/**
 * The structure of a packet header or context with each role on one field, the last that has it, as CTF 1.8 has it: by
 * name. `more` are the fields for what a field with several roles says beside the first.
 * @throws SpoorError `ctf/not-expressible` for a role of a field that is not a member of the scope's structure.
 */
export function withSingleRoles(
  scope: Scope,
  structure: StructureFieldClass,
): { readonly structure: StructureFieldClass; readonly more: StructureFieldClass['members'] } {
  const last = new Map<Role, number>();
  for (const [index, { fieldClass }] of structure.members.entries()) {
    if (fieldClass.kind === 'integer') for (const role of fieldClass.roles) last.set(role, index);
    else refuseInnerRoles(fieldClass, scope);
  }
  const more: StructureFieldClass['members'][number][] = [];
  const members = structure.members.map((member, index) => {
    const { fieldClass } = member;
    if (fieldClass.kind !== 'integer' || fieldClass.roles.length === 0) return member;
    const [first, ...others] = fieldClass.roles.filter((role) => last.get(role) === index);
    for (const role of others) {
      more.push({
        name: nameOfRole(scope, role) ?? member.name,
        fieldClass: { ...fieldClass, roles: [role] },
      });
    }
    const { clockName, ...rest } = fieldClass;
    const isStamp = first?.endsWith('default-clock-timestamp') === true;
    return {
      ...member,
      fieldClass: {
        ...rest,
        roles: first === undefined ? [] : [first],
        ...(isStamp && clockName !== undefined ? { clockName } : {}),
      },
    };
  });
  return { structure: { ...structure, members }, more };
}

function refuseInnerRoles(fieldClass: FieldClass, scope: Scope): void {
  const visit = (inner: FieldClass): void => {
    switch (inner.kind) {
      case 'integer': {
        const role = inner.roles.find((candidate) => candidate !== 'default-clock-timestamp');
        if (role === undefined) return;
        throw new SpoorError(
          'ctf/not-expressible',
          `CTF 1.8 has no words for the role \`${role}\` of an inner field`,
          {
            where: scope,
          },
        );
      }
      case 'structure':
        for (const member of inner.members) visit(member.fieldClass);
        return;
      case 'variant':
        for (const option of inner.options) visit(option.fieldClass);
        return;
      case 'optional':
        visit(inner.fieldClass);
        return;
      case 'static-array':
      case 'dynamic-array':
        visit(inner.element);
        return;
      case 'float':
      case 'bit-array':
      case 'boolean':
      case 'string':
      case 'static-string':
      case 'dynamic-string':
      case 'static-blob':
      case 'dynamic-blob':
        return;
      default:
        inner satisfies never;
    }
  };
  visit(fieldClass);
}
