// CTF field classes of what tracepoints and contexts declare.
import type {
  FieldClass,
  FieldLocation,
  IntegerFieldClass,
  StructureFieldClass,
  StructureMember,
} from '@spoor/ctf';
import { structureClass, unsignedClass } from '@spoor/ctf/encode';
import type { FieldPlan, IntegerPlan, Plan, ScalarPlan } from './declaration.ts';

/** What the value of a registered context is, with the number that says so. */
export const dynamicKinds = { none: 0, int64: 1, double: 2, string: 3 } as const;

/** A value of a type of its own in each event: a tag, and what it selects. As LTTng-UST has `$app` contexts. */
export function dynamicMembers(name: string): readonly StructureMember[] {
  const kinds = Object.entries(dynamicKinds).map(([kind, value]) => ({
    kind,
    ranges: [{ lower: BigInt(value), upper: BigInt(value) }],
  }));
  const classes: Readonly<Record<string, FieldClass>> = {
    none: structureClass([], 1),
    int64: { ...unsignedClass(64, []), signed: true },
    double: scalarClass({ kind: 'float', bits: 64 }),
    string: scalarClass({ kind: 'string' }),
  };
  const tag = `${name}_tag`;
  return [
    {
      name: tag,
      // Labels with an underscore: `string` and `double` alone are words of TSDL.
      fieldClass: {
        ...unsignedClass(8, []),
        mappings: kinds.map(({ kind, ranges }) => ({ label: `_${kind}`, ranges })),
      },
    },
    {
      name,
      fieldClass: {
        kind: 'variant',
        selectorLocation: { scope: 'event-common-context', path: [tag] },
        options: kinds.map(({ kind, ranges }) => ({ name: kind, ranges, fieldClass: classes[kind]! })),
      },
    },
  ];
}

/** A structure of declared fields at `path` in the payload. */
export function membersClass(fields: readonly FieldPlan[], path: readonly string[]): StructureFieldClass {
  const members = fields.flatMap(({ name, plan }): StructureMember[] => {
    if (plan.kind !== 'sequence') return [{ name, fieldClass: fieldClass(plan, [...path, name]) }];
    const lengthName = `_${name}_length`;
    const lengthLocation: FieldLocation = { scope: 'event-payload', path: [...path, lengthName] };
    return [
      { name: lengthName, fieldClass: unsignedClass(32, []) },
      {
        name,
        fieldClass: {
          kind: 'dynamic-array',
          lengthLocation,
          element: scalarClass(plan.element),
          alignmentBits: 8,
        },
      },
    ];
  });
  return structureClass(members, members.length === 0 ? 1 : 8);
}

function fieldClass(plan: Exclude<Plan, { kind: 'sequence' }>, path: readonly string[]): FieldClass {
  switch (plan.kind) {
    case 'integer':
    case 'float':
    case 'string':
      return scalarClass(plan);
    case 'array':
      return {
        kind: 'static-array',
        length: plan.length,
        element: scalarClass(plan.element),
        alignmentBits: 8,
      };
    case 'struct':
      return membersClass(plan.members, path);
    default:
      return plan satisfies never;
  }
}

/** The class of a field of one value. */
export function scalarClass(plan: ScalarPlan): FieldClass {
  switch (plan.kind) {
    case 'integer':
      return integerClass(plan);
    case 'float':
      return { kind: 'float', lengthBits: plan.bits, byteOrder: 'le', alignmentBits: 8 };
    case 'string':
      return plan.storage === 'interned' ? unsignedClass(32, []) : { kind: 'string', encoding: 'utf-8' };
    default:
      return plan satisfies never;
  }
}

/** The class of an integer field. */
export function integerClass({ bits, signed, displayBase, labels }: IntegerPlan): IntegerFieldClass {
  return {
    ...unsignedClass(bits, []),
    signed,
    displayBase,
    ...(labels === undefined
      ? {}
      : {
          mappings: [...labels].map(([label, [lower, upper]]) => ({
            label,
            ranges: [{ lower: BigInt(lower), upper: BigInt(upper) }],
          })),
        }),
  };
}
