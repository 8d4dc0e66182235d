import type { LogLevel } from '../log-level.ts';
import { tracepoint, type Tracepoint } from './tracepoint.ts';
import { currentRequest } from './request-context.ts';
import { textOrNone } from './text.ts';

/** Libraries whose lines are recorded. */
export type LogDomain = 'pino' | 'winston' | 'bunyan' | 'debug' | 'console';

type LogEvent = Tracepoint<readonly [string, string, string, number, string, string]>;

/** One event class a level, made when a line of that level first comes, so that rules of levels take them apart. */
const byLevel = new Map<LogLevel, LogEvent>();

/** The event of a level, for `enabled` and {@link tellLog}. */
export function logEvent(logLevel: LogLevel): LogEvent {
  const known = byLevel.get(logLevel);
  if (known !== undefined) return known;
  const made: LogEvent = tracepoint(
    'spoor_log:event',
    [
      ['domain', 'cached-string'],
      ['level', 'cached-string'],
      ['logger', 'cached-string'],
      ['request', 'u32'],
      ['message', 'cached-string'],
      ['fields', 'string'],
    ],
    { logLevel },
  );
  byLevel.set(logLevel, made);
  return made;
}

/** What a logger says in one line. */
export interface LogLine {
  readonly domain: LogDomain;
  /** The logger's own name of the level. */
  readonly level: string;
  readonly logger: unknown;
  readonly message: unknown;
  /** JSON text of what the program gave beside the message. */
  readonly fields: string;
}

/** Records a line. */
export function tellLog(event: LogEvent, { domain, level, logger, message, fields }: LogLine): void {
  event(
    domain,
    textOrNone(level),
    textOrNone(logger),
    currentRequest(),
    textOrNone(message),
    textOrNone(fields === '{}' ? '' : fields),
  );
}

/** Severities by the names that loggers have for them; `debug` is LTTng's least severe, so `trace` is one with it. */
const levelsByName: Readonly<Record<string, LogLevel>> = {
  emerg: 'emerg',
  alert: 'alert',
  crit: 'crit',
  critical: 'crit',
  fatal: 'crit',
  err: 'err',
  error: 'err',
  warn: 'warning',
  warning: 'warning',
  notice: 'notice',
  help: 'notice',
  data: 'info',
  info: 'info',
  log: 'info',
  http: 'info',
  verbose: 'debug_system',
  debug: 'debug',
  trace: 'debug',
  silly: 'debug',
};

/** The log level that a name of a level stands for; `info` for names that a program made up. */
export function levelOfName(name: string): LogLevel {
  return Object.hasOwn(levelsByName, name) ? levelsByName[name]! : 'info';
}

/** The log level of the numbers that pino and bunyan have: 10 trace, 20 debug, 30 info, 40 warn, 50 error, 60 fatal. */
export function levelOfNumber(level: number): LogLevel {
  if (level >= 60) return 'crit';
  if (level >= 50) return 'err';
  if (level >= 40) return 'warning';
  return level >= 30 ? 'info' : 'debug';
}
