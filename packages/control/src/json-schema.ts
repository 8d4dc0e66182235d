/**
 * JSON Schemas made of functions. Those of typebox do the same, and bring its whole language of types along: 6 MB of memory
 * and a tenth of a second of each daemon's start.
 */

/** A schema. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** A property that may be absent. */
export class OptionalProperty {
  readonly schema: JsonSchema;

  constructor(schema: JsonSchema) {
    this.schema = schema;
  }
}

/** The properties of an object, by name. */
export type Properties = Readonly<Record<string, JsonSchema | OptionalProperty>>;

/** Limits of a number. */
interface NumberLimits {
  readonly minimum?: number;
  readonly exclusiveMinimum?: number;
  readonly maximum?: number;
}

/** An object with these properties and no others. */
export function object(properties: Properties): JsonSchema {
  const schemas: Record<string, JsonSchema> = {};
  const required: string[] = [];
  for (const [name, property] of Object.entries(properties)) {
    if (property instanceof OptionalProperty) schemas[name] = property.schema;
    else {
      schemas[name] = property;
      required.push(name);
    }
  }
  return { type: 'object', required, properties: schemas, additionalProperties: false };
}

/** A property of {@link object} that may be absent. */
export function optional(schema: JsonSchema): OptionalProperty {
  return new OptionalProperty(schema);
}

export function array(
  items: JsonSchema,
  limits: { readonly minItems?: number; readonly maxItems: number },
): JsonSchema {
  return { type: 'array', items, ...limits };
}

/** One of several. */
export function union(schemas: readonly JsonSchema[]): JsonSchema {
  return { anyOf: schemas };
}

/** This text alone. */
export function literal(text: string): JsonSchema {
  return { type: 'string', const: text };
}

/** Text; lengths are in characters. */
export function string(limits: {
  readonly minLength?: number;
  readonly maxLength: number;
  readonly pattern?: string;
}): JsonSchema {
  return { type: 'string', ...limits };
}

export function integer(limits: NumberLimits): JsonSchema {
  return { type: 'integer', ...limits };
}

export function number(limits: NumberLimits): JsonSchema {
  return { type: 'number', ...limits };
}

export const boolean: JsonSchema = { type: 'boolean' };
export const nothing: JsonSchema = { type: 'null' };
/** Whatever there is; it must be there. */
export const anything: JsonSchema = {};
