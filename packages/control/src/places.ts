/** Where the session daemon of a user is found. */
import { accessSync, constants, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Environment of a process. */
export type Environment = Readonly<Record<string, string | undefined>>;

const SOCKET_FILE = 'control.sock';
/** Where root's daemon is. */
const ROOT_DIRECTORY = '/run/spoor';

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
  if (uid === 0) return ROOT_DIRECTORY;
  if (isSet(XDG_RUNTIME_DIR)) return join(XDG_RUNTIME_DIR, 'spoor');
  return `/dev/shm/spoor-${uid}/control`;
}

/** The daemon's socket. */
export function socketPath(environment: Environment): string {
  return join(controlDirectory(environment), SOCKET_FILE);
}

/** The group whose members may control root's daemon, unless that was started with another one. */
export const TRACING_GROUP = 'tracing';

/** Number of a group of this machine; undefined where there is none of that name. */
export function groupNumber(name: string): number | undefined {
  try {
    const line = readFileSync('/etc/group', 'utf8')
      .split('\n')
      .find((text) => text.startsWith(`${name}:`));
    return line === undefined ? undefined : Number(line.split(':')[2]);
  } catch {
    return undefined;
  }
}

/**
 * The sockets of daemons that this user may control, the first that answers is meant: who is in the group of root's daemon asks
 * that before their own, as with `lttng`, unless a variable names the place. Which group that is the rights of its socket say.
 */
export function socketPaths(environment: Environment): readonly string[] {
  const own = socketPath(environment);
  const isNamed = isSet(environment['LTTNG_RUNDIR']) || isSet(environment['SPOOR_RUN_DIR']);
  if (isNamed || (process.getuid?.() ?? 0) === 0) return [own];
  const ofRoot = join(ROOT_DIRECTORY, SOCKET_FILE);
  return mayConnect(ofRoot) ? [ofRoot, own] : [own];
}

function mayConnect(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** LTTng's home: where traces, saved sessions and the name of the current session are. */
export function homeDirectory(environment: Environment): string {
  const { LTTNG_HOME, HOME } = environment;
  return isSet(LTTNG_HOME) ? LTTNG_HOME : isSet(HOME) ? HOME : '/';
}
