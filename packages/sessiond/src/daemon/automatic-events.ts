import { parseGlob } from '@spoor/filter';
import type { EventRule } from '@spoor/ringbuffer';

/** How names of the tracer's automatic events begin. */
const automaticNames: readonly string[] = [
  'async:',
  'child_process:',
  'cluster:',
  'console:',
  'diagnostics:',
  'dns:',
  'fs:',
  'http2:',
  'http_client:',
  'http_server:',
  'modules:',
  'net:',
  'node:',
  'nodejs:',
  'spoor_log:',
  'timers:',
  'undici:',
  'worker:',
];

/** Whether a rule may take automatic events: only then programs watch for what these tell of. */
export function takesAutomaticEvents({ name }: Pick<EventRule, 'name'>): boolean {
  const parts = parseGlob(name);
  const start = parts[0] ?? '';
  return automaticNames.some(
    (prefix) => start.startsWith(prefix) || (parts.length > 1 && prefix.startsWith(start)),
  );
}
