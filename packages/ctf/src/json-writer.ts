/** Writes JSON (RFC 8259) compactly, always the same way: keys in their order, integers of any size exactly. */
import type { AttributeValue } from './model.ts';

/** An object's keys stay in their order, which those of a JavaScript object that look like numbers would not. */
export type JsonObjectText = ReadonlyMap<string, JsonText>;

/** What can be written: a map is an object whose order of keys counts, a plain object one of attributes. */
export type JsonText = AttributeValue | readonly JsonText[] | JsonObjectText;

/** The text of a value. */
export function formatJson(value: JsonText): string {
  if (typeof value === 'bigint') return String(value);
  if (typeof value === 'number' && !Number.isFinite(value)) throw new TypeError(`JSON has no ${value}`);
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (isList(value)) return `[${value.map(formatJson).join(',')}]`;
  const members = value instanceof Map ? (value as JsonObjectText) : Object.entries(value);
  return `{${Array.from(members, ([key, member]) => `${JSON.stringify(key)}:${formatJson(member as JsonText)}`).join(',')}}`;
}

function isList(value: object): value is readonly JsonText[] {
  return Array.isArray(value);
}

/** An object of the properties that are there. */
export function jsonObject(
  ...properties: readonly (readonly [string, JsonText | undefined])[]
): JsonObjectText {
  return new Map(
    properties.filter((property): property is readonly [string, JsonText] => property[1] !== undefined),
  );
}
