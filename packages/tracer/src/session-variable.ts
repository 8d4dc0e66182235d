/**
 * Environment variable that names a recording's directory to the programs that it traces. It is that of
 * @spoor/ringbuffer, which a program that is not traced does not load for it.
 */
export const SESSION_VARIABLE = 'SPOOR_SESSION';

/** Names the modules whose functions are recorded, by globs. */
export const FUNCTIONS_VARIABLE = 'SPOOR_FUNCTIONS';
