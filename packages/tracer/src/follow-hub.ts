// A program that no recorder has started follows the session daemons of its user and of root (docs/design/control.md): once
// one of them has a session, the tracer is loaded. Part of what every program loads, so it imports nothing but constants.
import { setFollowedHubs } from './session-variable.ts';

/** How often a program that nothing records looks whether there is a session by now. */
const LOOK_EVERY_MS = 200;

/** Whether nobody but this user and root can put anything into the hub, or another one in its place. */
function isTrusted(hub: string): boolean {
  const { lstatSync } = process.getBuiltinModule('node:fs');
  return [hub, hub.slice(0, hub.lastIndexOf('/'))].every((path) => {
    const found = lstatSync(path);
    return (
      found.isDirectory() &&
      (found.uid === 0 || found.uid === process.geteuid?.()) &&
      (found.mode & 0o022) === 0
    );
  });
}

/**
 * Follows the hubs: calls `begin` now when one has a session, else once one has and the program runs. The timer keeps no
 * program alive. Never throws; nor must `begin`.
 */
export function followHubs(hubs: readonly string[], begin: (isRunning: boolean) => void): void {
  const { readdirSync, statSync } = process.getBuiltinModule('node:fs');
  const setTimer = setTimeout;
  const lastStamps = new Map<string, string>();
  const hasSession = (hub: string): boolean => {
    try {
      const found = statSync(`${hub}/hub.json`, { throwIfNoEntry: false, bigint: true });
      const stamp = found === undefined ? '' : `${found.ino}:${found.mtimeNs}`;
      if (stamp === lastStamps.get(hub)) return false;
      lastStamps.set(hub, stamp);
      return stamp !== '' && isTrusted(hub) && readdirSync(`${hub}/sessions`).length > 0;
    } catch {
      return false;
    }
  };
  const look = (isRunning: boolean): boolean => {
    if (!hubs.some(hasSession)) return false;
    setFollowedHubs(hubs);
    begin(isRunning);
    return true;
  };
  const tick = (): void => {
    if (!look(true)) setTimer(tick, LOOK_EVERY_MS).unref();
  };
  if (!look(false)) setTimer(tick, LOOK_EVERY_MS).unref();
}
