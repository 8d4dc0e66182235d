// Captures: what a condition takes out of an event. Written as references are in filters.
import { SpoorError } from '@spoor/base';
import type { CapturedValue } from '@spoor/control';
import { parseFilter, type Reference } from '@spoor/filter';

/**
 * Reads a capture descriptor: `field`, `a.b[2]`, `$ctx.NAME`, `$app.PROVIDER:NAME`.
 * @throws SpoorError `trigger/capture`, `filter/…`.
 */
export function parseCapture(text: string): Reference {
  // The hyphens of these names are no operators: nothing is computed here.
  const counter = /^\$ctx\.(perf:thread:[a-z-]+)$/.exec(text)?.[1];
  if (counter !== undefined) return { scope: 'context', steps: [counter] };
  const expression = parseFilter(text);
  if (expression.kind === 'reference') return expression.reference;
  throw new SpoorError('trigger/capture', `\`${text}\` cannot be captured: it is no field`, {
    hint: 'a field such as `size`, `items[2]`, `$ctx.vtid` or `$app.shop:user`',
  });
}

/** Names of the contexts that captures need, as `lttng add-context --type` writes them. */
export function contextsOf(captures: readonly Reference[]): readonly string[] {
  const names = new Set<string>();
  for (const { scope, steps } of captures) {
    if (scope === 'context') names.add(String(steps[0]));
    else if (scope === 'application') names.add(`$app.${String(steps[0])}`);
  }
  return [...names];
}

/**
 * Follows a reference into the values of an event; undefined where there is nothing. Integers beyond 2^53 are decimal
 * text, enumerations their labels.
 * @param contexts by the names that they have in traces: with `_` for each sign that no identifier has.
 */
export function captured(
  { scope, steps }: Reference,
  fields: Readonly<Record<string, unknown>>,
  contexts: Readonly<Record<string, unknown>>,
): CapturedValue | undefined {
  const [name, ...rest] = steps;
  const word = String(name).replaceAll(/\W/g, '_');
  let value = scope === 'payload' ? memberOf(fields, String(name)) : undefined;
  if (scope === 'context') value = memberOf(contexts, word);
  if (scope === 'application') value = memberOf(contexts, `app_${word}`);
  for (const step of rest) value = memberOf(value, step);
  // An application that has no value now records a structure without members.
  if (value === undefined || (scope === 'application' && typeof value === 'object')) return undefined;
  return jsonOf(value);
}

function memberOf(value: unknown, step: string | number): unknown {
  if (typeof step === 'number') return Array.isArray(value) ? (value as readonly unknown[])[step] : undefined;
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined;
  return (value as Record<string, unknown>)[step];
}

function jsonOf(value: unknown): CapturedValue {
  switch (typeof value) {
    case 'number':
      return Number.isFinite(value) ? value : String(value);
    case 'string':
    case 'boolean':
      return value;
    case 'bigint':
      return String(value);
    case 'object':
      return value === null ? null : jsonOfObject(value);
    case 'undefined':
    case 'function':
    case 'symbol':
    default:
      return null;
  }
}

function jsonOfObject(value: object): CapturedValue {
  // Enumerations are their labels.
  if ('toJSON' in value && typeof value.toJSON === 'function') return jsonOf(value.toJSON());
  if (Array.isArray(value)) return value.map(jsonOf);
  if (ArrayBuffer.isView(value)) return Array.from(value as Uint8Array, Number);
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, jsonOf(member)]));
}
