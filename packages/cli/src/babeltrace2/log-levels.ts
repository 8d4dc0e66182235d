/** Levels of what is told, in babeltrace2's letters. */
import { SpoorError } from '@spoor/base';
import { logLevels, type LogLevel } from '@spoor/graph';
import { levelOfWord } from '../commands/component-options.ts';

/** The level of a word. @throws SpoorError `babeltrace2/log-level`. */
export function levelArgument(word: string): LogLevel {
  const level = levelOfWord(word);
  if (level !== undefined) return level;
  throw new SpoorError('babeltrace2/log-level', `Invalid argument for --log-level option:\n    ${word}`);
}

/** The one of two levels that tells more. */
export function moreTelling(left: LogLevel | undefined, right: LogLevel): LogLevel {
  if (left === undefined) return right;
  return logLevels.indexOf(left) > logLevels.indexOf(right) ? left : right;
}
