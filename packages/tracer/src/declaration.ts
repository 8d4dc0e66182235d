// From what the programmer wrote to what all else works on: a checked, normalised list of fields.
import { SpoorError } from '@spoor/base';
import type {
  ArrayType,
  EnumerationRange,
  FieldList,
  FieldType,
  FieldTypes,
  IntegerName,
  ScalarType,
  SequenceType,
} from './field-types.ts';
import { DEFAULT_LOG_LEVEL, LOG_LEVELS, type LogLevel } from './log-level.ts';
import { entries, hasOwn, isArray, keys } from './primordials.ts';

export interface IntegerPlan {
  readonly kind: 'integer';
  readonly bits: 8 | 16 | 32 | 64;
  readonly signed: boolean;
  readonly displayBase: 10 | 16;
  /** Label to range, on enumerations. */
  readonly labels?: ReadonlyMap<string, readonly [lower: number, upper: number]>;
  /** Texts of the values from 0 on: what filters take the field for, instead of a number. */
  readonly texts?: readonly string[];
}
export interface FloatPlan {
  readonly kind: 'float';
  readonly bits: 32 | 64;
}
export interface StringPlan {
  readonly kind: 'string';
  /** How it is recorded, where not encoded at each event: bytes that are kept, or brought along, or a number. */
  readonly storage?: 'cached' | 'prepared' | 'interned';
}
export type ScalarPlan = IntegerPlan | FloatPlan | StringPlan;
export interface ArrayPlan {
  readonly kind: 'array';
  readonly element: ScalarPlan;
  readonly length: number;
}
export interface SequencePlan {
  readonly kind: 'sequence';
  readonly element: ScalarPlan;
}
export interface StructPlan {
  readonly kind: 'struct';
  readonly members: readonly FieldPlan[];
}
export type Plan = ScalarPlan | ArrayPlan | SequencePlan | StructPlan;
export interface FieldPlan {
  readonly name: string;
  readonly plan: Plan;
}

/** A tracepoint as declared, checked. */
export interface Declaration {
  /** `provider:event`. */
  readonly name: string;
  readonly logLevel: number;
  readonly fields: readonly FieldPlan[];
}

/** Longest fixed array; more would not fit the smallest sub-buffers. */
const MAX_ARRAY_LENGTH = 65_536;
const namePattern = /^[A-Za-z_][A-Za-z0-9_]*$/;
const eventNamePattern = /^[A-Za-z_][A-Za-z0-9_.-]*:[A-Za-z_][A-Za-z0-9_.:-]*$/;

/**
 * Checks a declaration.
 * @throws SpoorError `tracer/declaration` that names what is wrong.
 */
export function declare(
  name: string,
  fields: FieldTypes | FieldList,
  logLevel: LogLevel = DEFAULT_LOG_LEVEL,
): Declaration {
  if (typeof name !== 'string' || !eventNamePattern.test(name)) {
    throw wrong(
      describeType(name),
      'its name is not of the form provider:event',
      'letters, digits, `_`, `.` and `-` may be used',
    );
  }
  if (!hasOwn(LOG_LEVELS, logLevel)) {
    throw wrong(
      name,
      `there is no log level ${describeType(logLevel)}`,
      `one of ${keys(LOG_LEVELS).join(', ')}`,
    );
  }
  if (typeof fields !== 'object' || fields === null) {
    throw wrong(name, 'its fields are no object and no list', `for example { count: 'u32', text: 'string' }`);
  }
  const list = (isArray(fields) ? fields : entries(fields)) as FieldList;
  return { name, logLevel: LOG_LEVELS[logLevel], fields: planMembers(name, list, '') };
}

/** A declaration that is known to be right: its fields are planned when somebody looks at them. */
export class LazyDeclaration implements Declaration {
  readonly name: string;
  readonly logLevel: number;
  readonly #list: FieldList;
  #fields: readonly FieldPlan[] | undefined;

  constructor(name: string, fields: FieldList, logLevel: LogLevel = DEFAULT_LOG_LEVEL) {
    this.name = name;
    this.logLevel = LOG_LEVELS[logLevel];
    this.#list = fields;
  }

  get fields(): readonly FieldPlan[] {
    return (this.#fields ??= planMembers(this.name, this.#list, ''));
  }
}

/**
 * Checks what a declaration says beside the fields, for those without a type checker: a lone `'info'`, or a misspelt
 * name, would otherwise be no option at all.
 * @throws SpoorError `tracer/declaration`
 */
export function checkOptions(name: string, options: object): void {
  if (typeof options !== 'object' || options === null) {
    throw wrong(name, `its options are ${describeType(options)}`, 'an object, such as { logLevel: "info" }');
  }
  const stranger = keys(options).find((key) => key !== 'logLevel');
  if (stranger !== undefined) throw wrong(name, `there is no option \`${stranger}\``, 'logLevel is one');
}

function planMembers(event: string, fields: FieldList, prefix: string): readonly FieldPlan[] {
  const taken = new Set<string>();
  return fields.map((field) => {
    if (!isArray(field)) {
      throw wrong(event, `${describeType(field)} is no field`, `a list of fields is made of [name, type]`);
    }
    const [name, type] = field as FieldList[number];
    if (typeof name !== 'string' || !namePattern.test(name)) {
      throw wrong(
        event,
        `\`${prefix}${describeType(name)}\` is no field name`,
        'letters, digits and `_` may be used',
      );
    }
    const plan = planField(event, `${prefix}${name}`, type);
    const names = plan.kind === 'sequence' ? [name, `_${name}_length`] : [name];
    for (const own of names) {
      if (taken.has(own)) throw wrong(event, `two fields are named \`${prefix}${own}\``);
      // A leading underscore is TSDL's escape; babeltrace2 2.0 takes such neighbours for one.
      const twin = own.startsWith('_') && taken.has(own.slice(1)) ? own.slice(1) : `_${own}`;
      if (taken.has(twin)) {
        throw wrong(event, `\`${prefix}${own}\` and \`${prefix}${twin}\` differ in an underscore only`);
      }
      taken.add(own);
    }
    return { name, plan };
  });
}

function planField(event: string, name: string, fieldType: FieldType): Plan {
  if (typeof fieldType === 'object' && fieldType !== null) {
    switch (fieldType.kind) {
      case 'array':
        return planArray(event, name, fieldType);
      case 'sequence':
        return { kind: 'sequence', element: planElement(event, name, fieldType) };
      case 'struct':
        if (typeof fieldType.members !== 'object' || fieldType.members === null) break;
        return { kind: 'struct', members: planMembers(event, entries(fieldType.members), `${name}.`) };
      case 'hex':
      case 'enumeration':
      case 'prepared-text':
        break;
      default:
        fieldType satisfies never;
    }
  }
  return planScalar(event, name, fieldType as ScalarType);
}

function planArray(event: string, name: string, type: ArrayType): ArrayPlan {
  if (!Number.isInteger(type.length) || type.length < 0 || type.length > MAX_ARRAY_LENGTH) {
    throw wrong(
      event,
      `the length of \`${name}\` is ${describeType(type.length)}`,
      `0 to ${MAX_ARRAY_LENGTH}`,
    );
  }
  return { kind: 'array', element: planElement(event, name, type), length: type.length };
}

function planElement(event: string, name: string, type: ArrayType | SequenceType): ScalarPlan {
  const plan = planScalar(event, `${name}[]`, type.element);
  if (plan.kind !== 'string') return plan;
  if (plan.storage === 'interned') {
    throw wrong(event, `elements of \`${name}\` are interned strings`, hintFor(`${name}[]`, type.element));
  }
  // The bytes are the same, and the elements of a list lie on a stack of their own.
  return { kind: 'string' };
}

function planScalar(event: string, name: string, type: ScalarType): ScalarPlan {
  if (typeof type === 'string') {
    if (type === 'string') return { kind: 'string' };
    if (type === 'cached-string') return { kind: 'string', storage: 'cached' };
    if (type === 'interned-string') return { kind: 'string', storage: 'interned' };
    if (type === 'f32' || type === 'f64') return { kind: 'float', bits: type === 'f32' ? 32 : 64 };
    return planInteger(event, name, type, 10);
  }
  if (typeof type === 'object' && type !== null) {
    if (type.kind === 'hex') return planInteger(event, name, type.integer, 16);
    if (type.kind === 'prepared-text') return { kind: 'string', storage: 'prepared' };
    if (type.kind === 'enumeration') {
      if (typeof type.integer !== 'string' || typeof type.labels !== 'object' || type.labels === null) {
        throw wrong(
          event,
          `the enumeration \`${name}\` lacks its integer type or its labels`,
          enumerationHint,
        );
      }
      const integer = planInteger(event, name, type.integer, 10);
      if (integer.bits === 64) throw wrong(event, `the enumeration \`${name}\` is wider than 32 bits`);
      return { ...integer, labels: planLabels(event, name, integer, type.labels) };
    }
  }
  throw wrong(event, `\`${name}\` is of type ${describeType(type)}`, hintFor(name, type));
}

const enumerationHint = "enumeration('u8', { idle: 0, busy: 1 }) is one";
const elementTypes = 'u8 … u64, i8 … i64, f32, f64, string, cached-string, hex(…), enumeration(…)';
const fieldTypes = `${elementTypes}, interned-string, array(…), sequence(…), struct(…)`;

/** What may stand where something else does, or how the likely intention is written. */
function hintFor(name: string, type: unknown): string {
  if (name.endsWith('[]')) return `elements are ${elementTypes}`;
  if (isArray(type)) return "sequence('u16') is a list of any length, array('u16', 4) one of four";
  if (typeof type === 'object' && type !== null && !hasOwn(type, 'kind')) {
    return 'a structure is written struct({ … })';
  }
  return fieldTypes;
}

/** A wrong value as the programmer may recognise it, cut where it is long. */
function describeType(type: unknown): string {
  if (typeof type === 'function') return `function ${type.name}`;
  if (typeof type === 'object' && type !== null && 'kind' in type) return `${String(type.kind)}(…)`;
  if (typeof type === 'string') return type;
  try {
    const text = JSON.stringify(type) ?? String(type);
    return text.length > 60 ? `${text.slice(0, 59)}…` : text;
  } catch {
    return typeof type;
  }
}

function planInteger(event: string, name: string, type: IntegerName, displayBase: 10 | 16): IntegerPlan {
  const [, sign, digits] = (typeof type === 'string' ? /^([ui])(8|16|32|64)$/.exec(type) : null) ?? [];
  if (sign === undefined)
    throw wrong(event, `\`${name}\` is of type ${describeType(type)}`, hintFor(name, type));
  return { kind: 'integer', bits: Number(digits) as IntegerPlan['bits'], signed: sign === 'i', displayBase };
}

function planLabels(
  event: string,
  name: string,
  { bits, signed }: IntegerPlan,
  labels: Readonly<Record<string, EnumerationRange>>,
): ReadonlyMap<string, readonly [number, number]> {
  const least = signed ? -(2 ** (bits - 1)) : 0;
  const greatest = signed ? 2 ** (bits - 1) - 1 : 2 ** bits - 1;
  const ranges = new Map<string, readonly [number, number]>();
  if (typeof labels !== 'object' || labels === null) {
    throw wrong(
      event,
      `the labels of \`${name}\` are no object`,
      'for example { off: 0, on: 1, other: [2, 255] }',
    );
  }
  for (const [label, range] of entries(labels)) {
    const [lower, upper] = (isArray(range) ? range : [range, range]) as readonly [number, number];
    if (
      !Number.isInteger(lower) ||
      !Number.isInteger(upper) ||
      lower > upper ||
      lower < least ||
      upper > greatest
    ) {
      throw wrong(event, `label \`${label}\` of \`${name}\` has no range of its integer type`);
    }
    ranges.set(label, [lower, upper]);
  }
  if (ranges.size === 0) throw wrong(event, `the enumeration \`${name}\` has no labels`);
  return ranges;
}

function wrong(event: string, what: string, hint?: string): SpoorError {
  return new SpoorError('tracer/declaration', `cannot declare tracepoint \`${event}\`: ${what}`, { hint });
}
