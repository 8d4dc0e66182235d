// What the documents say is so: links lead somewhere, commands exist, nothing names somebody's machine.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { repoRoot } from './support/machine.ts';
import { spoor } from './support/spoor.ts';

const listed = spawnSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
  cwd: repoRoot,
  encoding: 'utf8',
});
const files = listed.stdout.split('\n').filter((name) => name !== '' && existsSync(join(repoRoot, name)));
const documents = files.filter((name) => name.endsWith('.md'));
const read = (name: string): string => readFileSync(join(repoRoot, name), 'utf8');

/** The anchor that GitHub gives a heading. */
function anchorOf(heading: string): string {
  return heading
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .replace(/\s/g, '-');
}

const anchorsOf = (text: string): Set<string> =>
  new Set([...text.matchAll(/^#{1,6} (.+)$/gm)].map(([, heading = '']) => anchorOf(heading)));

/** Code is not prose: links in it are examples. */
const withoutCode = (text: string): string => text.replace(/```[\s\S]*?```/g, '').replace(/`[^`\n]*`/g, '');

test('there are the documents that a newcomer looks for', () => {
  const wanted = ['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'LICENSE'];
  const more = ['docs/design/life-of-an-event.md', 'docs/design/formats.md', 'docs/benchmarks.md'];
  expect([...wanted, ...more].filter((name) => !files.includes(name))).toEqual([]);
});

describe('links', () => {
  test.each(documents)('%s', (name) => {
    const text = withoutCode(read(name));
    const targets = [
      ...[...text.matchAll(/\[[^\]]*\]\(\s*<?([^)\s>]+)>?[^)]*\)/g)].map(([, target = '']) => target),
      ...[...text.matchAll(/<(?:img|source|a)\b[^>]*?(?:src|srcset|href)="([^"]+)"/g)].map(
        ([, target = '']) => target,
      ),
    ];
    const broken = targets.filter((target) => {
      if (/^[a-z][a-z+.-]*:/i.test(target)) return false;
      const [path = '', anchor] = target.split('#');
      const file = path === '' ? name : join(dirname(name), path);
      if (!existsSync(join(repoRoot, file))) return true;
      if (anchor === undefined || statSync(join(repoRoot, file)).isDirectory()) return false;
      return !anchorsOf(read(file)).has(anchor);
    });
    expect(broken).toEqual([]);
  });
});

test('packages introduce themselves in at most 40 lines', () => {
  const readmes = documents.filter((name) => /^packages\/[^/]+\/README\.md$/.test(name));
  expect(readmes.length).toBeGreaterThan(10);
  const long = readmes.filter((name) => read(name).trimEnd().split('\n').length > 40);
  expect(long).toEqual([]);
});

describe('files that a package introduces', () => {
  const tabled = documents.filter(
    (name) => /^packages\/[^/]+\/README\.md$/.test(name) && /^\| files? /m.test(read(name)),
  );

  test.each(tabled)('%s: all that it names are there, and none is left out', (name) => {
    const folder = `${dirname(name)}/src/`;
    const named = [...read(name).matchAll(/`([\w-]+\.tsx?)`/g)].map(([, file = '']) => file);
    const sources = files.filter((file) => file.startsWith(folder)).map((file) => file.slice(folder.length));
    const bases = new Set(files.map((file) => file.split('/').at(-1)));
    expect(named.filter((file) => !bases.has(file))).toEqual([]);
    const modules = sources.filter(
      (file) => /^[\w-]+\.tsx?$/.test(file) && !['index.ts', 'node.ts'].includes(file),
    );
    expect(modules.filter((file) => !named.includes(file))).toEqual([]);
  });
});

test('docs/manual/errors.md has each error id of sessions and triggers, and no other', () => {
  const sources = files.filter((name) => /^packages\/[^/]+\/src\/.*(?<!\.test)\.ts$/.test(name));
  const ids = sources.flatMap((name) =>
    [...read(name).matchAll(/'((?:control|trigger|lttng)\/[a-z-]+)'/g)].map(([, id = '']) => id),
  );
  const told = [...read('docs/manual/errors.md').matchAll(/^\| `([a-z]+\/[a-z-]+)`/gm)].map(([, id]) => id);
  expect(ids).toContain('control/no-session');
  expect(told.sort()).toEqual([...new Set(ids)].sort());
});

describe('commands in the documents', () => {
  const prose = ['README.md', 'CONTRIBUTING.md', 'ARCHITECTURE.md', 'docs/benchmarks.md'].filter((name) =>
    files.includes(name),
  );
  const code = prose
    .flatMap((name) => [...read(name).matchAll(/```(?:sh|bash|console|text)?\n([\s\S]*?)```|`([^`\n]+)`/g)])
    .flatMap(([, block, inline]) => (block ?? inline ?? '').split('\n'))
    .map((line) => line.replace(/^\s*[$#]\s+/, '').trim());

  test('npm scripts exist', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    const named = code.flatMap((line) => {
      const [, script] = /^npm (?:run (?:-s |--silent )?)?([a-z][a-z:-]*)/.exec(line) ?? [];
      return script === undefined || ['install', 'ci', 'i', 'link', 'view', 'config'].includes(script)
        ? []
        : [script];
    });
    expect(named).toContain('start');
    expect(named).toContain('test');
    expect([...new Set(named)].filter((script) => scripts[script] === undefined)).toEqual([]);
  });

  test('verbs of spoor exist', () => {
    const verbs = new Set(
      code.flatMap((line) => /^(?:npx )?spoor ([a-z][a-z-]*)\b(?![./-])/.exec(line)?.[1] ?? []),
    );
    const absent = [...verbs].filter((verb) => {
      const help = spoor([verb, '--help']);
      return help.status !== 0 || !help.stdout.includes(`spoor ${verb}`);
    });
    expect(absent).toEqual([]);
  });

  test('files that Node.js is to run exist', () => {
    const paths = code.flatMap(
      (line) => /\bnode ((?:examples|scripts|bench)\/[\w./-]+)/.exec(line)?.[1] ?? [],
    );
    expect(paths.filter((path) => !existsSync(join(repoRoot, path)))).toEqual([]);
  });
});

test('no file names a machine: its folders, its registry', () => {
  const registry = process.env['npm_config_registry'];
  const host = registry === undefined ? '' : new URL(registry).hostname;
  // Put together from parts, for this file is searched too.
  const machine = [
    ['', 'work', ''],
    ['', 'root', ''],
    ['', 'tmp', 'spoor', ''],
  ].map((parts) => parts.join('/'));
  if (host !== '') machine.push(host);
  const binary = /\.(?:png|gif|jpg|zst|gz|bin|ctf)$/;
  const guilty = files
    .filter((name) => !binary.test(name) && statSync(join(repoRoot, name)).size < 5_000_000)
    .flatMap((name) => {
      const text = read(name);
      return machine.filter((word) => text.includes(word)).map((word) => `${name}: ${word}`);
    });
  expect(guilty).toEqual([]);
});
