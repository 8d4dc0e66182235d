// From what a filter refers to to where its value is, in one event class: a field or a part of one, the length of a
// sequence, or a context.
import type { FieldType, Reference } from '@spoor/filter';
import { toList, toNumber, toText, splitWide, wideHalves, listLength } from './coerce.ts';
import type { ContextCatalogue, ContextField } from './contexts.ts';
import type { Declaration, FieldPlan, IntegerPlan, Plan, ScalarPlan } from './declaration.ts';
import { asBigInt, asIntN, asText, fround } from './primordials.ts';
import { isWide, numberConversion } from './serialiser.ts';

/** Where a value is. `path` are positions: of the field, then of members of structures. */
export type FilterAccess =
  | { readonly kind: 'scalar'; readonly path: readonly number[]; readonly plan: ScalarPlan }
  | {
      readonly kind: 'element';
      readonly path: readonly number[];
      readonly plan: ScalarPlan;
      readonly index: number;
    }
  | { readonly kind: 'length'; readonly path: readonly number[] }
  | { readonly kind: 'context'; readonly context: ContextField };

/** Finds what a reference leads to; undefined when to nothing that has a value. */
export function accessOf(
  { scope, steps }: Reference,
  { fields }: Declaration,
  contexts: ContextCatalogue,
): FilterAccess | undefined {
  if (scope === 'payload') return fieldAccess(fields, steps);
  const [name] = steps;
  if (steps.length !== 1 || typeof name !== 'string') return undefined;
  const context = contexts.find(scope === 'application' ? `$app.${name}` : name);
  return context === undefined ? undefined : { kind: 'context', context };
}

function fieldAccess(fields: readonly FieldPlan[], steps: Reference['steps']): FilterAccess | undefined {
  const path: number[] = [];
  let members: readonly FieldPlan[] = fields;
  for (const [at, step] of steps.entries()) {
    if (typeof step !== 'string') return undefined;
    const isLast = at === steps.length - 1;
    const index = members.findIndex(({ name }) => name === step);
    if (index < 0) {
      const sequence = isLast ? /^_(.*)_length$/.exec(step)?.[1] : undefined;
      const own = members.findIndex(({ name, plan }) => name === sequence && plan.kind === 'sequence');
      return own < 0 ? undefined : { kind: 'length', path: [...path, own] };
    }
    path.push(index);
    const { plan } = members[index]!;
    if (plan.kind === 'struct') {
      members = plan.members;
      continue;
    }
    if (plan.kind === 'array' || plan.kind === 'sequence') {
      const element = steps[at + 1];
      if (typeof element !== 'number' || at + 2 !== steps.length) return undefined;
      if (plan.kind === 'array' && element >= plan.length) return undefined;
      return { kind: 'element', path, plan: plan.element, index: element };
    }
    return isLast ? { kind: 'scalar', path, plan } : undefined;
  }
  return undefined;
}

/** The type that a filter sees. */
export function filterTypeOf(access: FilterAccess): FieldType {
  switch (access.kind) {
    case 'length':
      return 'integer';
    case 'context':
      return access.context.filterType;
    case 'scalar':
    case 'element':
      return labelsOf(access) === undefined ? access.plan.kind : 'enumeration';
    default:
      return access satisfies never;
  }
}

/** The text of a value of an enumeration, as readers of the trace show it; undefined where it is none. */
export function labelsOf(access: FilterAccess): ((value: number | bigint) => string) | undefined {
  if (access.kind !== 'scalar' && access.kind !== 'element') return undefined;
  if (access.plan.kind !== 'integer' || access.plan.labels === undefined) return undefined;
  const { labels, texts } = access.plan;
  if (texts !== undefined) return (value) => texts[value as number] ?? '';
  const ranges = [...labels];
  return (value) => {
    let text = '';
    for (let at = 0; at < ranges.length; at += 1) {
      const [label, [lower, upper]] = ranges[at]!;
      if (value >= lower && value <= upper) text = text === '' ? label : `${text} | ${label}`;
    }
    return text === '' ? asText(value) : text;
  };
}

/** The value of a 64-bit integer from its halves (each perhaps beyond 32 bits): a number where that is exact. */
export function wideValue(low: number, high: number, isSigned: boolean): number | bigint {
  const l = low >>> 0;
  const h = isSigned ? high | 0 : high >>> 0;
  if (h >= -0x20_0000 && h < 0x20_0000) return h * 0x1_0000_0000 + l;
  // The language's integers are signed and have 64 bits.
  return asIntN(64, (asBigInt(h) << 32n) | asBigInt(l));
}

/** What a stored integer of at most 32 bits reads as. */
function narrowValue(value: number, { bits, signed }: IntegerPlan): number {
  if (bits === 32) return signed ? value | 0 : value >>> 0;
  const shift = 32 - bits;
  return signed ? (value << shift) >> shift : (value << shift) >>> shift;
}

/** Takes the value straight from the arguments of an event: for filters beside a serialiser that makes no code. */
export function readAccess(
  access: FilterAccess,
  args: readonly unknown[],
  declaration: Declaration,
): unknown {
  if (access.kind === 'context') return access.context.value();
  let value: unknown = args[access.path[0]!];
  let plan: Plan = declaration.fields[access.path[0]!]!.plan;
  for (const index of access.path.slice(1)) {
    if (plan.kind !== 'struct') return undefined;
    const member: FieldPlan = plan.members[index]!;
    try {
      value = (value as Record<string, unknown>)[member.name];
    } catch {
      value = undefined;
    }
    plan = member.plan;
  }
  if (access.kind === 'length') return listLength(toList(value));
  if (access.kind === 'element') {
    const list = toList(value);
    if (plan.kind === 'sequence' && access.index >= listLength(list)) return undefined;
    try {
      value = list[access.index];
    } catch {
      value = undefined;
    }
    if (value === undefined && access.plan.kind === 'string') return '';
  }
  return scalarValue(access.plan, value);
}

function scalarValue(plan: ScalarPlan, value: unknown): unknown {
  if (plan.kind === 'string') return toText(value);
  if (isWide(plan)) {
    splitWide(value);
    return wideValue(wideHalves[0]!, wideHalves[1]!, (plan as IntegerPlan).signed);
  }
  const number = numberConversion(plan)(value);
  if (plan.kind === 'float') return plan.bits === 32 ? fround(number) : number;
  return narrowValue(toNumber(number), plan);
}
