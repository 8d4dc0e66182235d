/** Which fields lengths and selectors refer to. */
import { childrenOf, locationOf } from './field-classes.ts';
import type { FieldClass, Scope, StructureFieldClass } from './model.ts';

/** What tells a field from all others of a packet or an event. */
export function keyOf(scope: Scope, path: readonly string[]): string {
  return `${scope}\0${path.join('\0')}`;
}

/** Adds the keys of the fields that lengths and selectors inside of a field class refer to. */
export function collectLocations(fieldClass: FieldClass, into: Set<string>): void {
  const location = locationOf(fieldClass);
  if (location !== undefined) into.add(keyOf(location.scope, location.path));
  for (const child of childrenOf(fieldClass)) collectLocations(child, into);
}

function addReferredScopes(fieldClass: FieldClass, into: Set<Scope>): void {
  const location = locationOf(fieldClass);
  if (location !== undefined) into.add(location.scope);
  for (const child of childrenOf(fieldClass)) addReferredScopes(child, into);
}

/** Adds the scopes that lengths and selectors inside a structure refer to. */
export function collectReferredScopes(fieldClass: StructureFieldClass, into: Set<Scope>): void {
  addReferredScopes(fieldClass, into);
}
