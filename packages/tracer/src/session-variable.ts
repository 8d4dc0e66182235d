/**
 * Environment variable that names a recording's directory to the programs that it traces. It is that of
 * @spoor/ringbuffer, which a program that is not traced does not load for it.
 */
export const SESSION_VARIABLE = 'SPOOR_SESSION';

/** Names the modules whose functions are recorded, by globs. */
export const FUNCTIONS_VARIABLE = 'SPOOR_FUNCTIONS';

/** Set in a thread whose program no recorder has started: the hub of the user's daemon. */
const hubKey = Symbol.for('@spoor/tracer/hub');

/** Has this thread follow the sessions of a hub. */
export function setFollowedHub(path: string): void {
  Object.defineProperty(globalThis, hubKey, { value: path, configurable: true });
}

/** The directories of sessions and hubs that this thread is recorded by, separated by colons; empty without any. */
export function namedSessions(): string {
  const named = process.env[SESSION_VARIABLE] ?? '';
  return named === '' ? ((globalThis as { [hubKey]?: string })[hubKey] ?? '') : named;
}
