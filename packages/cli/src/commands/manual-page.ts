/** Manual pages on a terminal. A module of its own: it must stand where the package lies. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Shows a page by man(1), which ends when the reader has seen enough. False where there is no such page, or no man. */
export function showManualPage(name: string): boolean {
  if (basename(name) !== name) return false;
  const file = ['1', '7']
    .map((section) => fileURLToPath(new URL(`../../man/${name}.${section}`, import.meta.url)))
    .find((path) => existsSync(path));
  if (file === undefined) return false;
  return spawnSync('man', ['-l', file], { stdio: ['inherit', 'inherit', 'ignore'] }).status === 0;
}
