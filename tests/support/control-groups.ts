// Control groups that tests make: in a hierarchy of version 2, or of version 1 where that will do.
import { existsSync, mkdirSync, rmdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Need } from './needs.ts';

/** Where groups can be made: the folder of the first of these files that there is. */
export function hierarchyWith(...files: readonly string[]): string | undefined {
  const file = files.find((candidate) => existsSync(candidate));
  return file === undefined ? undefined : dirname(file);
}

/** That groups can be made there. */
export function controlGroups(hierarchy: string | undefined, lack: string): Need {
  return { group: 'root', met: hierarchy !== undefined && canMakeGroups(hierarchy), lack };
}

function canMakeGroups(hierarchy: string): boolean {
  const probe = join(hierarchy, `spoortest-${process.pid}`);
  try {
    mkdirSync(probe);
    rmdirSync(probe);
    return true;
  } catch {
    return false;
  }
}
