/** The module that `import` takes of a package, as Node.js resolves it for ES modules, from any directory. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { SpoorError } from '@spoor/base';

/** Conditions of `exports` that hold for an `import` in Node.js. */
const conditions: ReadonlySet<string> = new Set(['node', 'import', 'default']);

/** A value of `exports`: a path, conditions in their order, alternatives, or null for what is not exported. */
function targetOf(value: unknown, star: string): string | undefined {
  if (typeof value === 'string') return value.startsWith('./') ? value.replaceAll('*', star) : undefined;
  if (Array.isArray(value)) {
    for (const item of value as readonly unknown[]) {
      const found = targetOf(item, star);
      if (found !== undefined) return found;
    }
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  for (const [condition, nested] of Object.entries(value)) {
    if (!conditions.has(condition)) continue;
    const found = targetOf(nested, star);
    // A condition that holds and says null ends the search.
    if (found !== undefined || nested === null) return found;
  }
  return undefined;
}

/** What `exports` has for a subpath (`.` or `./x`). */
function exportedPath(exports: unknown, subpath: string): string | undefined {
  const hasPaths =
    typeof exports === 'object' &&
    exports !== null &&
    !Array.isArray(exports) &&
    Object.keys(exports).some((key) => key.startsWith('.'));
  if (!hasPaths) return subpath === '.' ? targetOf(exports, '') : undefined;
  const paths: Readonly<Record<string, unknown>> = { ...exports };
  if (Object.hasOwn(paths, subpath) && !subpath.includes('*')) return targetOf(paths[subpath], '');
  // Of the patterns that match, the one with the longest text before its star.
  let best: { readonly before: string; readonly star: string; readonly value: unknown } | undefined;
  for (const [key, value] of Object.entries(paths)) {
    const [before = '', after, ...more] = key.split('*');
    if (after === undefined || more.length > 0) continue;
    const isMatch =
      subpath.startsWith(before) &&
      subpath.endsWith(after) &&
      subpath.length >= before.length + after.length + 1;
    if (!isMatch || (best !== undefined && best.before.length >= before.length)) continue;
    best = { before, star: subpath.slice(before.length, subpath.length - after.length), value };
  }
  return best === undefined ? undefined : targetOf(best.value, best.star);
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}

/**
 * The file that a package's directory stands for; undefined where it has no package.json.
 * @param subpath `.`, or what stands after the package's name, as `./x`.
 * @throws SpoorError `plugin/package` for a package without such a module.
 */
export function entryOf(folder: string, subpath = '.'): string | undefined {
  const manifest = join(folder, 'package.json');
  if (!existsSync(manifest)) return undefined;
  let described: Readonly<Record<string, unknown>>;
  try {
    described = { ...(JSON.parse(readFileSync(manifest, 'utf8')) as object) };
  } catch (cause) {
    throw new SpoorError('plugin/package', 'the description of the package cannot be read', {
      where: manifest,
      cause,
    });
  }
  const { exports, main } = described;
  const candidates: readonly (string | undefined)[] =
    exports !== undefined && exports !== null
      ? [exportedPath(exports, subpath)]
      : subpath !== '.'
        ? [subpath]
        : [...(typeof main === 'string' ? [main, `${main}.js`, join(main, 'index.js')] : []), 'index.js'];
  const found = candidates
    .flatMap((path) => (path === undefined ? [] : [resolve(folder, path)]))
    .find((path) => isFile(path));
  if (found !== undefined) return found;
  throw new SpoorError(
    'plugin/package',
    `the package has no module ${JSON.stringify(subpath)} that can be imported`,
    {
      where: manifest,
      hint: 'its `exports` say it, for the conditions node, import and default, or its `main`',
    },
  );
}

/**
 * The file that `import NAME` would load in a module of a directory; undefined where there is no such package.
 * @throws SpoorError like {@link entryOf}.
 */
export function resolvePackage(name: string, from: string): string | undefined {
  if (/^(?:\.{1,2}\/|\/)/.test(name)) {
    const path = resolve(from, name);
    return isFile(path) ? path : entryOf(path);
  }
  const [scopeOrName = '', second = '', ...rest] = name.split('/');
  const isScoped = scopeOrName.startsWith('@');
  const packageName = isScoped ? `${scopeOrName}/${second}` : scopeOrName;
  const subpath = ['.', ...(isScoped ? rest : [second, ...rest].filter((part) => part !== ''))].join('/');
  for (let folder = resolve(from); ; folder = dirname(folder)) {
    const found = entryOf(join(folder, 'node_modules', packageName), subpath);
    if (found !== undefined || dirname(folder) === folder) return found;
  }
}
