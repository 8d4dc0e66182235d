// The examples of docs/manual/library.md and of the package's README do what they say, as programs of their own.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeSmallTrace, type SmallTrace } from '@spoor/server/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { repoRoot } from './support/machine.ts';
import { spoor } from './support/spoor.ts';
import { removeTree } from './support/removal.ts';

const manual = readFileSync(join(repoRoot, 'docs/manual/library.md'), 'utf8');
const readme = readFileSync(join(repoRoot, 'packages/trace/README.md'), 'utf8');
const blocks = (text: string, language: string): string[] =>
  [...text.matchAll(new RegExp(`\`\`\`${language}\n([\\s\\S]*?)\`\`\``, 'g'))].map(([, code = '']) => code);

let folder = '';
let trace: SmallTrace;

beforeAll(() => {
  // Below the checkout, so that the package is found.
  mkdirSync(join(repoRoot, '.cache'), { recursive: true });
  folder = mkdtempSync(join(repoRoot, '.cache', 'library-manual-'));
  trace = writeSmallTrace(join(folder, 'trace'), 2000);
});
afterAll(() => removeTree(folder));

function run(code: string, file = 'example.mjs', options: readonly string[] = []): string {
  writeFileSync(join(folder, file), code);
  const done = spawnSync(process.execPath, [...options, file], {
    cwd: folder,
    encoding: 'utf8',
    timeout: 60_000,
    env: { ...process.env, TZ: 'UTC' },
  });
  expect(done.stderr).toBe('');
  expect(done.status).toBe(0);
  return done.stdout;
}

const examples = blocks(manual, 'js');

const isHttp = ({ name }: { readonly name: string }): boolean => name.startsWith('http_');

test('every event, its time and a field', () => {
  const lines = run(examples[0]!).trimEnd().split('\n');
  expect(lines).toEqual(
    trace.events.map(
      (event) =>
        `${trace.baseNs + BigInt(event.timeNs)}n ${event.name} ${isHttp(event) ? event.number : undefined}`,
    ),
  );
});

test('clones are kept, and are JSON', () => {
  const late = JSON.parse(run(examples[1]!)) as readonly { readonly fields: object }[];
  const expected = trace.events.filter(
    ({ name, number }) => name === 'http_server:request_end' && number > 100,
  );
  expect(late).toMatchObject(
    expected.slice(0, 2).map(({ name, number }) => ({ name, fields: { id: number } })),
  );
});

test('a selection', () => {
  const wanted = trace.events.filter(
    ({ name, number, timeNs, thread }) =>
      name === 'http_server:request_begin' &&
      thread === 1 &&
      number >= 10 &&
      timeNs >= 1_000_000 &&
      timeNs <= 20_000_000,
  );
  expect(wanted.length).toBeGreaterThan(10);
  expect(run(examples[2]!)).toBe(`${wanted.length}\n`);
});

test('columns', () => {
  const wanted = trace.events.filter(isHttp);
  const sum = wanted.reduce((total, { number }) => total + number, 0);
  expect(run(examples[3]!)).toBe(`${wanted.length} ${sum} ${wanted[0]!.name}\n`);
});

test('every field, quickly', () => {
  const sum = trace.events.filter(isHttp).reduce((total, { number }) => total + number, 0);
  expect(run(examples[4]!)).toBe(`${sum}\n`);
});

test('messages, from a time on', () => {
  const output = run(examples[5]!);
  expect(output.match(/^lost: /gm)).toHaveLength(1);
  expect(output).toMatch(/^stream-beginning \S+$/m);
});

test('text is what the command prints', () => {
  const options = ['--clock-seconds', '--event', 'app:tick'];
  expect(run(examples[6]!)).toBe(spoor([join(folder, 'trace'), ...options]).stdout);
});

test('what is in a trace, and its losses', () => {
  const output = run(examples[7]!);
  expect(output).toMatch(/trace \S+ 2\n/);
  expect(output).toContain('http_server:request_begin');
  expect(output).toMatch(/^1 \[\]$/m);
  expect(examples.length).toBe(8);
});

test('the example of the README', () => {
  expect(run(blocks(readme, 'js')[0]!.replace("'sched_*'", "'app:*'"))).toMatch(/^\d+n app:tick undefined$/m);
});

test('the typed example has no type errors, and one that is wrong has', () => {
  const [typed = ''] = blocks(manual, 'ts');
  const compile = (name: string, code: string): string => {
    writeFileSync(join(folder, name), code);
    const options = ['--noEmit', '--strict', '--skipLibCheck', '--module', 'nodenext', '--target', 'es2023'];
    const libraries = [
      '--lib',
      'es2023,dom,dom.iterable,dom.asynciterable,esnext.disposable',
      '--types',
      'node',
    ];
    const tsc = join(repoRoot, 'node_modules/.bin/tsc');
    const done = spawnSync(tsc, [...options, ...libraries, '--ignoreConfig', name], {
      cwd: folder,
      encoding: 'utf8',
    });
    return done.stdout;
  };
  expect(compile('typed.mts', typed)).toBe('');
  expect(compile('wrong.mts', typed.replace('toUpperCase', 'toFixed'))).toMatch(/toFixed/);
});
