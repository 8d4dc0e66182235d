// A place that all threads of a process have in common for as long as it lives, whichever sessions each of them has seen.
import { makePrivateFolder, processFolder, runsSince } from '@spoor/ringbuffer';
import { existsSync, lstatSync, ownPid, readdirSync, readlinkSync, rmdirSync, unlinkSync } from '@spoor/sys';
import { dirname, join } from 'node:path';
import { MARKS_FOLDER, WATCH_MARK } from './joining-mark.ts';

const FOLDER = 'processes';
/** At how many places of others a process looks when it makes its own. */
const MOST_LOOKS = 16;
const placeName = /^(\d+)\.(\d+)-(\d+)$/;

/**
 * The directory of this process beside a hub, which the main thread makes; undefined where this user cannot have one.
 * What processes have left that are over goes when another one's is made. Never throws.
 */
export function openProcessPlace(hub: string, processStartTicks: bigint): string | undefined {
  try {
    const run = dirname(hub);
    const folder = join(run, FOLDER);
    const namespace = /\d+/.exec(readlinkSync('/proc/self/ns/pid'))?.[0] ?? '0';
    const path = join(folder, `${namespace}.${processFolder(ownPid, processStartTicks)}`);
    // What was made for a mark that its main thread joins is not all of it.
    const isNew = !existsSync(join(path, MARKS_FOLDER, WATCH_MARK));
    if (isNew) for (const made of [run, folder, path]) makePrivateFolder(made);
    if (![run, folder, path].every(isOwn)) return undefined;
    if (isNew) removeEnded(folder, namespace);
    return path;
  } catch {
    return undefined;
  }
}

/** Whether nobody else puts anything there. */
function isOwn(path: string): boolean {
  const { uid, mode } = lstatSync(path);
  return (mode & 0o170022) === 0o40000 && uid === process.geteuid?.();
}

/**
 * Looks at a few of the others, so that a hundred programs which a session meets do not each look at a hundred: what ends goes as
 * fast as it comes. Processes of other namespaces cannot be seen to live.
 */
function removeEnded(folder: string, namespace: string): void {
  const names = readdirSync(folder);
  const first = ownPid % Math.max(names.length, 1);
  for (const name of [...names.slice(first), ...names.slice(0, first)].slice(0, MOST_LOOKS)) {
    const [, of, pid, ticks] = placeName.exec(name) ?? [];
    if (of !== namespace || pid === undefined || ticks === undefined) continue;
    if (runsSince(BigInt(ticks), Number(pid))) continue;
    try {
      removePlace(join(folder, name));
    } catch {
      // Somebody else is at it.
    }
  }
}

/** Files of folders are all that lies there. */
function removePlace(path: string): void {
  for (const folder of readdirSync(path).map((name) => join(path, name))) {
    for (const file of readdirSync(folder)) unlinkSync(join(folder, file));
    rmdirSync(folder);
  }
  rmdirSync(path);
}
