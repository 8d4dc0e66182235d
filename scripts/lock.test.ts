import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

interface LockedPackage {
  readonly resolved?: string;
  readonly link?: boolean;
  readonly integrity?: string;
  readonly hasInstallScript?: boolean;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

const root = join(import.meta.dirname, '..');
function readLock(folder: string): { readonly packages: Readonly<Record<string, LockedPackage>> } {
  return JSON.parse(readFileSync(join(root, folder, 'package-lock.json'), 'utf8')) as ReturnType<
    typeof readLock
  >;
}
const lock = readLock('.');

test('the lock file is one that `npm ci` accepts: every optional platform package it names is in it', () => {
  const missing = Object.entries(lock.packages).flatMap(([path, entry]) =>
    Object.keys(entry.optionalDependencies ?? {}).filter(
      (name) =>
        lock.packages[`node_modules/${name}`] === undefined &&
        lock.packages[`${path}/node_modules/${name}`] === undefined,
    ),
  );
  expect(missing).toEqual([]);
});

test.each(['.', 'tests/node-versions'])(
  'the lock file of %s names no registry, and a hash for each package',
  (folder) => {
    for (const [path, entry] of Object.entries(readLock(folder).packages)) {
      expect(entry.resolved ?? '', path).not.toMatch(/^https?:/);
      if (path.startsWith('node_modules/') && entry.link !== true)
        expect(entry.integrity, path).toMatch(/^sha512-/);
    }
  },
);

test('dependencies are pinned, and those with install scripts are named in allowScripts', () => {
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    allowScripts: Readonly<Record<string, boolean>>;
  };
  for (const [path, entry] of Object.entries(lock.packages)) {
    if (path === '' || path.startsWith('packages/')) {
      const wanted = Object.entries({ ...entry.dependencies, ...entry.devDependencies });
      for (const [name, version] of wanted)
        // The same package in two versions has a second name: `npm:NAME@VERSION`.
        if (!name.startsWith('@spoor/')) expect(version, `${name} of ${path}`).toMatch(/^(npm:[\w-]+@)?\d/);
    }
    if (entry.hasInstallScript === true)
      expect(manifest.allowScripts[path.replace(/^.*node_modules\//, '')], path).toBe(false);
  }
});
