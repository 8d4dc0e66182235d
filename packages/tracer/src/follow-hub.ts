// A program that no recorder has started follows its user's session daemon (docs/design/control.md): once that has a
// session, the tracer is loaded. Part of what every program loads, so it imports nothing but constants.
import { setFollowedHub } from './session-variable.ts';

/** How often a program that nothing records looks whether there is a session by now. */
const LOOK_EVERY_MS = 200;

/** Whether nobody but this user can put anything into the hub, or another one in its place. */
function isOwn(hub: string): boolean {
  const { lstatSync } = process.getBuiltinModule('node:fs');
  return [hub, hub.slice(0, hub.lastIndexOf('/'))].every((path) => {
    const found = lstatSync(path);
    return found.isDirectory() && found.uid === process.getuid?.() && (found.mode & 0o022) === 0;
  });
}

/**
 * Follows the hub: calls `begin` now when it has a session, else once it has one and the program runs. The timer keeps no program alive.
 * Never throws; nor must `begin`.
 */
export function followHub(hub: string, begin: (isRunning: boolean) => void): void {
  const { readdirSync, statSync } = process.getBuiltinModule('node:fs');
  const setTimer = setTimeout;
  let lastStamp = '';
  const look = (isRunning: boolean): boolean => {
    try {
      const found = statSync(`${hub}/hub.json`, { throwIfNoEntry: false, bigint: true });
      const stamp = found === undefined ? '' : `${found.ino}:${found.mtimeNs}`;
      if (stamp === lastStamp) return false;
      lastStamp = stamp;
      if (stamp === '' || readdirSync(`${hub}/sessions`).length === 0 || !isOwn(hub)) return false;
    } catch {
      return false;
    }
    setFollowedHub(hub);
    begin(isRunning);
    return true;
  };
  const tick = (): void => {
    if (!look(true)) setTimer(tick, LOOK_EVERY_MS).unref();
  };
  if (!look(false)) setTimer(tick, LOOK_EVERY_MS).unref();
}
