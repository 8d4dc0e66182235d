/**
 * Where the session daemon of a user keeps its hub (docs/design/control.md). Loaded into every program that could be
 * traced, also when nothing records it: imports nothing.
 */

/** Where the daemon of this user and environment has its hub. */
export function hubPath(environment: Readonly<Record<string, string | undefined>>): string {
  const named = environment['SPOOR_RUN_DIR'] ?? '';
  if (named !== '') return `${named}/hub`;
  const lttng = environment['LTTNG_RUNDIR'] ?? '';
  if (lttng !== '') return `${lttng}/spoor/hub`;
  // Not XDG_RUNTIME_DIR: a program that is started by others than the user's login has none, and its space is scarce.
  return `/dev/shm/spoor-${process.getuid?.() ?? 0}/hub`;
}
