// Which event classes a rule names: all of a rule but its filter. Part of what every program loads.
import { globMatches, parseGlob, type GlobParts } from '@spoor/filter/globs';
import type { EventRule } from '@spoor/ringbuffer';
import type { Declaration } from './declaration.ts';

/** What a rule says of names and log levels, read once. */
export interface RuleNames {
  readonly name: GlobParts;
  readonly exclude: readonly GlobParts[];
  readonly logLevel: EventRule['logLevel'];
}

export function parseNames({ name, exclude, logLevel }: EventRule): RuleNames {
  return { name: parseGlob(name), exclude: exclude.map(parseGlob), logLevel };
}

/** Whether a rule may take events of this class. */
export function isNamed({ name, exclude, logLevel }: RuleNames, declaration: Declaration): boolean {
  if (!globMatches(name, declaration.name)) return false;
  if (exclude.some((parts) => globMatches(parts, declaration.name))) return false;
  if (logLevel === undefined) return true;
  const { level } = logLevel;
  return logLevel.kind === 'only' ? declaration.logLevel === level : declaration.logLevel <= level;
}
