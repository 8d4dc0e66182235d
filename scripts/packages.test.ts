// What would be published: enough to run and to be understood, and no more.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '..');

interface PackedPackage {
  readonly name: string;
  readonly files: readonly { readonly path: string }[];
}

/** Source files that the conditions of `exports` name; what stands in `dist` is built from them. */
function sourcesOf(exports: unknown): string[] {
  if (typeof exports !== 'object' || exports === null) return [];
  return Object.entries(exports).flatMap(([key, value]) =>
    key === 'source' && typeof value === 'string' ? [value.replace('./', '')] : sourcesOf(value),
  );
}

test('packages have their licence, README and sources with them, no tests and no build state', () => {
  const done = spawnSync('npm', ['pack', '--dry-run', '--json', '--workspaces'], {
    cwd: root,
    encoding: 'utf8',
  });
  expect(done.status, done.stderr).toBe(0);
  const answer = JSON.parse(done.stdout) as
    readonly PackedPackage[] | Readonly<Record<string, PackedPackage>>;
  const packed = Object.values(answer);
  expect(packed.length).toBeGreaterThan(10);
  const license = readFileSync(join(root, 'LICENSE'), 'utf8');
  for (const { name, files } of packed) {
    const paths = files.map(({ path }) => path);
    const folder = join(root, 'packages', name.replace('@spoor/', ''));
    const { exports } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
      exports?: unknown;
    };
    expect(paths, name).toEqual(expect.arrayContaining(['LICENSE', 'README.md', ...sourcesOf(exports)]));
    expect(readFileSync(join(folder, 'LICENSE'), 'utf8'), name).toBe(license);
    expect(
      paths.filter((path) => /\.test\.|tsbuildinfo|inputs-hash/.test(path)),
      name,
    ).toEqual([]);
  }
}, 60_000);
