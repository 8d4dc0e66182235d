// LTTng's libraries that record the calls of programs compiled with -finstrument-functions.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { lttngNeeds } from './lttng.ts';
import type { Need } from './machine.ts';

/** What is preloaded: with call sites, and without. */
export const cygProfileLibraries = [
  'liblttng-ust-cyg-profile.so',
  'liblttng-ust-cyg-profile-fast.so',
] as const;

/** What it takes to record calls by them. */
export function cygProfileNeeds(): Need[] {
  const folders = ['/usr/lib', ...readdirSync('/usr/lib').map((name) => join('/usr/lib', name))];
  const missing = cygProfileLibraries.filter(
    (library) => !folders.some((folder) => existsSync(join(folder, library))),
  );
  const met = missing.length === 0;
  return [...lttngNeeds(), { group: 'interop', lack: `no ${missing.join(', ')}`, met }];
}
