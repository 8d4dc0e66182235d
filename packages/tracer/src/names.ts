/** Names that commands take, without what records by them. */
export { contextNames, isContextName } from './contexts.ts';
export { LOG_LEVELS, type LogLevel } from './log-level.ts';
export { autoSets, unknownSets } from './auto/sets.ts';
export { absoluteGlob, makeChoice, splitGlobs } from './functions/choice.ts';
export { FUNCTIONS_VARIABLE } from './session-variable.ts';
