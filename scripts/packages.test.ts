// What would be published: enough to run and to be understood, and no more.
import { spawnSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
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

test('all packages have one version, and traces name it', () => {
  const manifestOf = (folder: string) =>
    JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8')) as {
      readonly version: string;
      readonly dependencies?: Readonly<Record<string, string>>;
    };
  const { version } = manifestOf('.');
  for (const name of readdirSync(join(root, 'packages'))) {
    const { version: own, dependencies = {} } = manifestOf(`packages/${name}`);
    const wanted = Object.entries(dependencies).filter(([other]) => other.startsWith('@spoor/'));
    expect([own, ...wanted.map(([, one]) => one)], name).toEqual(Array(wanted.length + 1).fill(version));
  }
  const [major, minor] = version.split('.');
  const written = readFileSync(join(root, 'packages/tracer/src/process-directory.ts'), 'utf8');
  expect(written).toContain(`const TRACER_VERSION = { major: ${major}n, minor: ${minor}n };`);
});
