// Removes compiled modules whose sources are gone: the compiler leaves them, and a release packed from such a checkout
// would have them. Nothing else in a `dist` has a map of declarations beside it, neither bundles nor the viewer's page.
import { readdirSync, rmSync, rmdirSync } from 'node:fs';
import { dirname, join } from 'node:path';

const mapEnd = '.d.ts.map';
const outputEnds = ['.js', '.js.map', '.d.ts', mapEnd];

/** Files below a folder, as paths below it. */
function filesIn(folder) {
  try {
    return readdirSync(folder, { recursive: true, encoding: 'utf8' });
  } catch {
    return [];
  }
}

/**
 * Removes them from one package.
 * @param {string} folder of the package, with `src` and `dist`.
 * @returns {string[]} what was removed, as paths below `dist` without their endings.
 */
export function removeStale(folder) {
  const sources = new Set(filesIn(join(folder, 'src')));
  const stale = filesIn(join(folder, 'dist'))
    .filter((name) => name.endsWith(mapEnd))
    .map((name) => name.slice(0, -mapEnd.length))
    .filter((module) => !sources.has(`${module}.ts`) && !sources.has(`${module}.tsx`));
  for (const module of stale) {
    for (const end of outputEnds) rmSync(join(folder, 'dist', module + end), { force: true });
    removeEmpty(join(folder, 'dist'), dirname(module));
  }
  return stale;
}

/** Removes a folder that has nothing any more, and those above it. */
function removeEmpty(root, folder) {
  if (folder === '.' || readdirSync(join(root, folder)).length > 0) return;
  rmdirSync(join(root, folder));
  removeEmpty(root, dirname(folder));
}
