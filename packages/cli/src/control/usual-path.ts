import { join } from 'node:path';
import { type Environment, homeDirectory, localTimestamp } from '@spoor/control';

/** Where the traces of a session go that names no place: `~/lttng-traces/SESSION-YYYYmmdd-HHMMSS`. */
export function usualPath(name: string, environment: Environment = process.env): string {
  return join(homeDirectory(environment), 'lttng-traces', `${name}-${localTimestamp(new Date())}`);
}
