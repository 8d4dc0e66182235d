/** Where the session daemon of a user is found. */
import { join } from 'node:path';

/** Environment of a process. */
export type Environment = Readonly<Record<string, string | undefined>>;

const isSet = (value: string | undefined): value is string => value !== undefined && value !== '';

/**
 * Directory of the daemon's socket and state. What a user sets goes first: `LTTNG_RUNDIR`, then `SPOOR_RUN_DIR`; then
 * root has a place of the system, others that of their login, and who has none one in shared memory.
 */
export function controlDirectory(environment: Environment): string {
  const { LTTNG_RUNDIR, SPOOR_RUN_DIR, XDG_RUNTIME_DIR } = environment;
  if (isSet(LTTNG_RUNDIR)) return join(LTTNG_RUNDIR, 'spoor');
  if (isSet(SPOOR_RUN_DIR)) return join(SPOOR_RUN_DIR, 'control');
  const uid = process.getuid?.() ?? 0;
  if (uid === 0) return '/run/spoor';
  if (isSet(XDG_RUNTIME_DIR)) return join(XDG_RUNTIME_DIR, 'spoor');
  return `/dev/shm/spoor-${uid}/control`;
}

/** The daemon's socket. */
export function socketPath(environment: Environment): string {
  return join(controlDirectory(environment), 'control.sock');
}

/** LTTng's home: where traces, saved sessions and the name of the current session are. */
export function homeDirectory(environment: Environment): string {
  const { LTTNG_HOME, HOME } = environment;
  return isSet(LTTNG_HOME) ? LTTNG_HOME : isSet(HOME) ? HOME : '/';
}
