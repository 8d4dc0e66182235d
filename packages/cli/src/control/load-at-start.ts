/** Sessions that a daemon has from its start: those of its autoload directories, or of the place that is named. */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { SpoorError, describeError } from '@spoor/base';
import { type ControlClient, type Environment, homeDirectory } from '@spoor/control';

/** Of the whole machine, for root's daemon. */
const SYSTEM_AUTOLOAD = '/etc/spoor/sessions/auto';

/** Where sessions are loaded from by themselves. */
function autoloadPlaces(environment: Environment): readonly string[] {
  const own = join(homeDirectory(environment), '.spoor/sessions/auto');
  return (process.getuid?.() === 0 ? [own, SYSTEM_AUTOLOAD] : [own]).filter((place) => existsSync(place));
}

/**
 * Has a daemon that has just started load its sessions. Those that it has from an earlier daemon stay as they are.
 * @param path a file or directory, in place of the usual directories.
 * @returns a line for what could not be loaded.
 */
export async function loadAtStart(
  client: ControlClient,
  path: string | undefined,
  environment: Environment = process.env,
): Promise<readonly string[]> {
  const places = path === undefined ? autoloadPlaces(environment) : [resolve(path)];
  if (places.length === 0) return [];
  const { loadSessions } = await import('./saved-sessions.ts');
  const troubles: string[] = [];
  for (const place of places) {
    try {
      const { saved, warnings } = await loadSessions(place, undefined, {});
      troubles.push(...warnings);
      for (const session of saved) {
        try {
          troubles.push(...(await client.call('restore-session', { session })).warnings);
        } catch (error) {
          if (error instanceof SpoorError && error.code === 'control/session-exists') continue;
          troubles.push(`session ${session.name} is not loaded: ${describeError(error)}`);
        }
      }
    } catch (error) {
      // An empty directory is nothing wrong.
      if (path === undefined && error instanceof SpoorError && error.code === 'control/no-session') continue;
      troubles.push(describeError(error));
    }
  }
  return troubles;
}
