/** Users of this machine, as /etc/passwd has them. */
import { readFileSync } from 'node:fs';
import type { FileUser } from '@spoor/sys';

/** The group that has no rights: for users that /etc/passwd does not know. */
const NO_GROUP = 65_534;

function account(uid: number): readonly string[] | undefined {
  try {
    return readFileSync('/etc/passwd', 'utf8')
      .split('\n')
      .map((line) => line.split(':'))
      .find((columns) => columns[2] === String(uid));
  } catch {
    return undefined;
  }
}

/** Home directory of a user; `/` without one. */
export function homeOfUser(uid: number): string {
  const home = account(uid)?.[5];
  return home === undefined || !home.startsWith('/') ? '/' : home;
}

/** A user with their group. */
export function userOfNumber(uid: number): FileUser {
  const gid = account(uid)?.[3] ?? '';
  return { uid, gid: /^\d+$/.test(gid) ? Number(gid) : NO_GROUP };
}
