/**
 * Environment variable that names a recording's directory to the programs that it traces. It is that of
 * @spoor/ringbuffer, which a program that is not traced does not load for it.
 */
export const SESSION_VARIABLE = 'SPOOR_SESSION';

/** Names the modules whose functions are recorded, by globs. */
export const FUNCTIONS_VARIABLE = 'SPOOR_FUNCTIONS';

/** Set in a thread whose program no recorder has started: the hubs of the daemons of its user and of root. */
const hubKey = Symbol.for('@spoor/tracer/hub');

/** Has this thread follow the sessions of hubs. */
export function setFollowedHubs(paths: readonly string[]): void {
  Object.defineProperty(globalThis, hubKey, { value: paths.join(':'), configurable: true });
}

/** Whether nobody has named sessions: then the hubs that are looked for are to be trusted before they are used. */
export function followsDaemons(): boolean {
  return (process.env[SESSION_VARIABLE] ?? '') === '';
}

/** The directories of sessions and hubs that this thread is recorded by, separated by colons; empty without any. */
export function namedSessions(): string {
  const named = process.env[SESSION_VARIABLE] ?? '';
  return named === '' ? ((globalThis as { [hubKey]?: string })[hubKey] ?? '') : named;
}
