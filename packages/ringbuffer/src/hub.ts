/**
 * Hubs: directories of sessions that come, change and go while programs run (docs/design/control.md). A program that is
 * started with a hub for a session follows it.
 */
import { existsSync, lstatSync, readFileSync, readdirSync } from '@spoor/sys';
import { dirname, join } from 'node:path';
import { RUN_VERSION } from './session-description.ts';

/** Replaced whenever anything below its directory changed. */
export const HUB_FILE = 'hub.json';
/** Folder in a hub that has a directory a session. */
export const HUB_SESSIONS_FOLDER = 'sessions';

/** `hub.json`. */
export interface HubDescription {
  readonly version: number;
  /** How often an idle program looks for changes, in milliseconds. */
  readonly watchMs: number;
}

/** Bounds of {@link HubDescription.watchMs}. */
const LEAST_WATCH_MS = 10;
const MOST_WATCH_MS = 60_000;

/** Reads `hub.json`; undefined where there is none that can be used. */
export function readHub(folder: string): HubDescription | undefined {
  try {
    const hub = JSON.parse(readFileSync(join(folder, HUB_FILE), 'utf8')) as Partial<HubDescription>;
    if (hub.version !== RUN_VERSION || typeof hub.watchMs !== 'number') return undefined;
    const watchMs = Math.min(Math.max(hub.watchMs, LEAST_WATCH_MS), MOST_WATCH_MS);
    return { version: hub.version, watchMs };
  } catch {
    return undefined;
  }
}

/** Whether there is a hub in which nobody but this user and root can put anything, nor another one in its place. */
export function isTrustedHub(path: string): boolean {
  try {
    if (!existsSync(join(path, HUB_FILE))) return false;
    return [path, dirname(path)].every((folder) => {
      const { uid, mode } = lstatSync(folder);
      return (mode & 0o170022) === 0o40000 && (uid === 0 || uid === process.geteuid?.());
    });
  } catch {
    return false;
  }
}

/**
 * The directories of the sessions that `root` stands for: those of a hub, or itself. Throws what the file system throws, for
 * whoever took none for an answer would end those that there are.
 */
export function sessionPaths(root: string): readonly string[] {
  if (!existsSync(join(root, HUB_FILE))) return [root];
  const folder = join(root, HUB_SESSIONS_FOLDER);
  try {
    return readdirSync(folder)
      .sort()
      .map((name) => join(folder, name));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
