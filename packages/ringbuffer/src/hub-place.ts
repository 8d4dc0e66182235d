/**
 * Where the session daemon of a user keeps its hub (docs/design/control.md). Loaded into every program that could be
 * traced, also when nothing records it: imports nothing.
 */

type Environment = Readonly<Record<string, string | undefined>>;

/** Where the daemon of this user and environment has its hub. */
export function hubPath(environment: Environment, uid: number = process.getuid?.() ?? 0): string {
  const named = environment['SPOOR_RUN_DIR'] ?? '';
  if (named !== '') return `${named}/hub`;
  const lttng = environment['LTTNG_RUNDIR'] ?? '';
  if (lttng !== '') return `${lttng}/spoor/hub`;
  // Not XDG_RUNTIME_DIR: a program that is started by others than the user's login has none, and its space is scarce.
  return `/dev/shm/spoor-${uid}/hub`;
}

/** The hubs that a program of this user and environment follows: root's daemon records the programs of all users. */
export function hubPaths(environment: Environment, uid: number = process.getuid?.() ?? 0): readonly string[] {
  const own = hubPath(environment, uid);
  const isNamed = (environment['SPOOR_RUN_DIR'] ?? '') !== '' || (environment['LTTNG_RUNDIR'] ?? '') !== '';
  return isNamed || uid === 0 ? [own] : [own, hubPath({}, 0)];
}
