/** Whose sessions and triggers are whose: root has all, a member of the group that may connect their own. */
import { SpoorError } from '@spoor/base';
import type { EventRule } from '@spoor/control';
import type { FileUser } from '@spoor/sys';

/** The user of this daemon: root where members of a group may connect. */
export function daemonUid(): number {
  return process.getuid?.() ?? 0;
}

/** Whether a user may see and change what belongs to user `owner`. */
export function maySee({ uid }: FileUser, owner: number): boolean {
  return uid === daemonUid() || uid === 0 || uid === owner;
}

/** The owner of what a client makes, where that is another user than the daemon's. */
export function ownerOf(caller: FileUser): FileUser | undefined {
  return caller.uid === daemonUid() || caller.uid === 0 ? undefined : caller;
}

/**
 * Refuses a member what the daemon would have to do with root's rights.
 * @throws SpoorError `control/not-permitted`.
 */
export function requireOwnRights(owner: FileUser | undefined, what: string): void {
  if (owner === undefined) return;
  throw new SpoorError('control/not-permitted', `only root may ask root's session daemon for ${what}`, {
    hint: 'set LTTNG_RUNDIR to a directory of your own to have a daemon of your own',
  });
}

/**
 * Members of the group record the kernel as root does, but for probes in programs: the kernel opens the file that is named with
 * its own rights, also one that the member could not read.
 * @throws SpoorError `control/not-permitted`.
 */
export function requirePermittedRules(owner: FileUser | undefined, rules: readonly EventRule[]): void {
  if (rules.some(({ kind }) => kind === 'kernel-uprobe')) requireOwnRights(owner, 'probes in programs');
}
