/** What parameters a component class knows, and the check of those that it is given. */
import { closestName, SpoorError } from '@spoor/base';
import { UnsignedValue, type Parameters, type ParameterValue } from './parameters.ts';

interface Said {
  /** One or two sentences for people, as `spoor help CLASS` and the manual pages show them. */
  readonly text: string;
  /** Whether it must be given. */
  readonly required?: boolean;
}

/** What a parameter must be, and what it says. */
export type ParameterType = Said &
  (
    | {
        readonly kind:
          | 'boolean'
          | 'integer'
          | 'unsigned'
          | 'number'
          | 'string'
          | 'strings'
          | 'time'
          | 'array'
          | 'map'
          | 'any';
      }
    | { readonly kind: 'choice'; readonly choices: readonly string[] }
  );

/** The parameters that a component class knows. */
export type ParameterTable = Readonly<Record<string, ParameterType>>;

function typeName(value: ParameterValue): string {
  if (value === null) return 'null';
  if (typeof value === 'boolean') return 'a boolean';
  if (typeof value === 'bigint') return 'a signed integer';
  if (value instanceof UnsignedValue) return 'an unsigned integer';
  if (typeof value === 'number') return 'a real number';
  if (typeof value === 'string') return 'a text';
  return Array.isArray(value) ? 'an array' : 'a map';
}

function fits(value: ParameterValue, type: ParameterType): boolean {
  switch (type.kind) {
    case 'boolean':
      return typeof value === 'boolean';
    case 'integer':
      return typeof value === 'bigint';
    case 'unsigned':
      return value instanceof UnsignedValue;
    case 'number':
      return typeof value === 'number' || typeof value === 'bigint' || value instanceof UnsignedValue;
    case 'string':
      return typeof value === 'string';
    case 'time':
      return typeof value === 'string' || typeof value === 'bigint';
    case 'strings':
      return Array.isArray(value) && value.every((item) => typeof item === 'string');
    case 'array':
      return Array.isArray(value);
    case 'map':
      return value instanceof Map;
    case 'any':
      return true;
    case 'choice':
      return typeof value === 'string' && type.choices.includes(value);
    default: {
      const never: never = type;
      throw new TypeError(String(never));
    }
  }
}

const expected: Readonly<Record<Exclude<ParameterType['kind'], 'choice'>, string>> = {
  boolean: 'a boolean (yes or no)',
  integer: 'a signed integer',
  unsigned: 'an unsigned integer (such as +23)',
  number: 'a number',
  string: 'a text',
  strings: 'an array of texts',
  time: 'a time: a text, or whole seconds',
  array: 'an array',
  map: 'a map',
  any: 'a value',
};

/** In words what a parameter must be. */
export function parameterTypeText(type: ParameterType): string {
  return type.kind === 'choice' ? `one of ${type.choices.join(', ')}` : expected[type.kind];
}

/**
 * Checks parameters against what a component class knows.
 * @throws SpoorError `parameters/unknown`, `parameters/value` or `parameters/missing`, which name the component and the
 * parameter.
 */
export function checkParameters(component: string, parameters: Parameters, table: ParameterTable): void {
  for (const [name, value] of parameters) {
    const type = Object.hasOwn(table, name) ? table[name] : undefined;
    if (type === undefined) {
      const known = Object.keys(table);
      const near = closestName(name, known);
      throw new SpoorError('parameters/unknown', `${component} has no parameter ${JSON.stringify(name)}`, {
        hint:
          near !== undefined
            ? `did you mean ${near}?`
            : known.length === 0
              ? 'it takes none'
              : `it has ${known.join(', ')}`,
      });
    }
    if (fits(value, type)) continue;
    const near = type.kind === 'choice' && typeof value === 'string' && closestName(value, type.choices);
    const found = typeof value === 'string' ? JSON.stringify(value) : typeName(value);
    throw new SpoorError(
      'parameters/value',
      `${component}: parameter ${JSON.stringify(name)} must be ${parameterTypeText(type)}, not ${found}`,
      near ? { hint: `did you mean ${near}?` } : {},
    );
  }
  for (const [name, type] of Object.entries(table)) {
    if (type.required !== true || parameters.has(name)) continue;
    throw new SpoorError('parameters/missing', `${component} needs the parameter ${JSON.stringify(name)}`, {
      hint: `give it by -p '${name}=…': ${parameterTypeText(type)}`,
    });
  }
}
