/** Log levels of event rules, as LTTng names them for user-space tracepoints. */
import { SpoorError, closestName } from '@spoor/base';

/** By number, from the most to the least severe. */
const levelNames: readonly string[] = [
  'EMERG',
  'ALERT',
  'CRIT',
  'ERR',
  'WARNING',
  'NOTICE',
  'INFO',
  'DEBUG_SYSTEM',
  'DEBUG_PROGRAM',
  'DEBUG_PROCESS',
  'DEBUG_MODULE',
  'DEBUG_UNIT',
  'DEBUG_FUNCTION',
  'DEBUG_LINE',
  'DEBUG',
];

/** Levels that are let through, both included. */
export interface LogLevels {
  readonly mostSevere: number;
  readonly leastSevere: number;
}

/**
 * Reads `LEVEL..` (at least as severe), `LEVEL` (this one only) or `..` (all: undefined). A level is a name, in any case
 * and with or without `TRACE_`, or its number.
 * @throws SpoorError `filter/log-level`.
 */
export function parseLogLevels(text: string): LogLevels | undefined {
  if (text === '..') return undefined;
  const atLeast = text.endsWith('..');
  const name = (atLeast ? text.slice(0, -2) : text).toUpperCase().replace(/^TRACE_/, '');
  const level = /^\d{1,2}$/.test(name) ? Number(name) : levelNames.indexOf(name);
  if (level < 0 || level >= levelNames.length) {
    const close = closestName(name, levelNames);
    throw new SpoorError('filter/log-level', `${JSON.stringify(text)} is no log level`, {
      hint:
        close === undefined
          ? `one of ${levelNames.join(', ')}, with .. after it for "at least as severe"`
          : `did you mean ${close}${atLeast ? '..' : ''}?`,
    });
  }
  return { mostSevere: atLeast ? 0 : level, leastSevere: level };
}
