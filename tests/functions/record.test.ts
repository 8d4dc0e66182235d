// Entry and exit of functions, recorded from real programs by `spoor record --functions` and read by the real babeltrace2.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { describe, expect, test } from 'vitest';
import { command, describeNeeding } from '../support/needs.ts';
import { RecordingPlace, readByPeer, summaryOf, textOfPeer } from '../support/recording.ts';
import { repoRoot } from '../support/machine.ts';
import { spoorProgram } from '../support/spoor.ts';

const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;

/** Writes a program's files and answers the folder. */
function programOf(place: RecordingPlace, files: Readonly<Record<string, string>>): string {
  const folder = place.folder('program');
  for (const [name, text] of Object.entries(files)) {
    const path = join(folder, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
  return folder;
}

/** What a recorded program and the trace of it say. */
interface Recorded {
  readonly stdout: string;
  readonly stderr: string;
  readonly events: readonly string[];
}

/** Records a program in its folder; events as babeltrace2 prints them, without time, place and thread. */
function recordIn(
  place: RecordingPlace,
  folder: string,
  options: readonly string[],
  program: readonly string[],
): Recorded {
  const all = [
    '--no-auto',
    '--subbuf-size',
    '64k',
    '--num-subbuf',
    '8',
    ...options,
    '--',
    process.execPath,
    ...program,
  ];
  const done = spawnSync(process.execPath, [spoorProgram, 'record', '-o', place.traceDir, ...all], {
    cwd: folder,
    env: place.environment,
    encoding: 'utf8',
    timeout: 100_000,
    maxBuffer: 1 << 28,
  });
  expect(done.status, done.stderr).toBe(0);
  const { eventCount, lostCount } = summaryOf(done.stderr);
  expect(lostCount).toBe(0);
  const events = eventCount === 0 ? [] : textOfPeer(place.traceDir).trim().split('\n').map(eventOf);
  expect(events).toHaveLength(eventCount);
  return { stdout: done.stdout, stderr: done.stderr, events };
}

/** `func_exit: f (a.js:1:1) threw` of a line of babeltrace2's. */
function eventOf(line: string): string {
  const name = /js:(\w+): \{/.exec(line)?.[1];
  const func = /func = \( "([^"]*)"/.exec(line)?.[1];
  const outcome = /outcome = \( "([^"]*)"/.exec(line)?.[1];
  return [`${name}:`, func, ...(outcome === 'threw' ? [outcome] : [])].join(' ');
}

const shop = {
  'src/shop.mjs': `import { price, later } from './price.cjs';
import { tax } from './tax.mjs';
export class Order {
  #n;
  constructor(n) { this.#n = n; }
  get total() { return price(this.#n) + tax(); }
}
export function cyclic() { return 1; }
try { console.log(new Order(2).total); later(); } catch (error) { console.log(error.message); }
`,
  'src/tax.mjs': `import { cyclic } from './shop.mjs';\nexport const tax = () => 1;\nconst first = cyclic();\nconsole.log(first);\n`,
  'src/price.cjs': `'use strict';\nexports.price = (n) => n * 2;\nexports.later = function () { throw new Error('closed'); };\nexports.out = require('../other.cjs');\n`,
  'other.cjs': `(function notMeant() {})();`,
};

describeNeeding([command('babeltrace2')], 'functions of a program', () => {
  test('have entry and exit with name and place, in ES modules and CommonJS', () => {
    using place = new RecordingPlace();
    const folder = programOf(place, shop);
    const { stdout, events } = recordIn(place, folder, ['--functions', 'src/**'], ['src/shop.mjs']);
    expect(stdout).toBe('1\n5\nclosed\n');
    expect(events).toEqual([
      'func_entry: cyclic (src/shop.mjs:8:8)',
      'func_exit: cyclic (src/shop.mjs:8:8)',
      'func_entry: new Order (src/shop.mjs:5:3)',
      'func_exit: new Order (src/shop.mjs:5:3)',
      'func_entry: get Order.total (src/shop.mjs:6:3)',
      'func_entry: exports.price (src/price.cjs:2:17)',
      'func_exit: exports.price (src/price.cjs:2:17)',
      'func_entry: tax (src/tax.mjs:2:20)',
      'func_exit: tax (src/tax.mjs:2:20)',
      'func_exit: get Order.total (src/shop.mjs:6:3)',
      'func_entry: exports.later (src/price.cjs:3:17)',
      'func_exit: exports.later (src/price.cjs:3:17) threw',
    ]);
  });

  test('are chosen by globs, and by rules over their names', () => {
    using place = new RecordingPlace();
    const folder = programOf(place, shop);
    const options = ['--functions', '*.cjs,src', '--functions', '!**/tax.*', '-e', 'js:func_e*', '-f'];
    const filter = 'func == "*Order*" || func == "exports.price (*" || func == "tax*" || func == "notMeant*"';
    const { events } = recordIn(place, folder, [...options, filter], ['src/shop.mjs']);
    expect(events.filter((event) => event.startsWith('func_entry'))).toEqual([
      'func_entry: notMeant (other.cjs:1:2)',
      'func_entry: new Order (src/shop.mjs:5:3)',
      'func_entry: get Order.total (src/shop.mjs:6:3)',
      'func_entry: exports.price (src/price.cjs:2:17)',
    ]);
    expect(events).toHaveLength(8);
  });

  test('a filter that fits none of their events is told of', () => {
    using place = new RecordingPlace();
    const folder = programOf(place, shop);
    const options = ['--functions', 'src/**', '-e', 'js:*', '-f', 'name == "tax"'];
    const { stderr, events } = recordIn(place, folder, options, ['src/shop.mjs']);
    expect(events).toEqual([]);
    expect(stderr).toMatch(
      /note: .* `name == "tax"` fits none of the events .*\(js:func_entry: there is no name\)\n/,
    );
  });

  test('that are async or generators have stretches', () => {
    using place = new RecordingPlace();
    const folder = programOf(place, {
      'a.mjs': `async function pay() {
  try { await Promise.reject(new Error('no')); } catch { await null; }
}
function* numbers() { yield 1; }
async function* stream() { yield* numbers(); }
await pay();
for await (const n of stream()) console.log(n);
`,
    });
    const { events } = recordIn(place, folder, ['--functions', '**'], ['a.mjs']);
    const of = (name: string): string[] =>
      events
        .filter((event) => event.includes(` ${name} (`))
        .map((event) => event.split(':')[0]!.replace('coroutine_', ''));
    expect(of('pay')).toEqual(['entry', 'suspend', 'resume', 'suspend', 'resume', 'exit']);
    expect(of('numbers')).toEqual(['entry', 'suspend', 'resume', 'exit']);
    expect(of('stream')).toEqual(['entry', 'suspend', 'resume', 'exit']);
  });

  test('keep their places through a TypeScript loader', () => {
    using place = new RecordingPlace();
    const text = `interface P { a: number }
enum Kind { A = 1 }
export function typed(p: P): number {
  return p.a + Kind.A; }
console.log(typed({ a: 3 }));
const boom = (): never => { throw new Error('x') };
try { boom() } catch (error) { console.log((error as Error).stack!.split('\\n').slice(1, 3).join('')) }
`;
    const folder = programOf(place, { 'src/a.mts': text, 'src/b.cts': text });
    const plain = (file: string): string =>
      spawnSync(process.execPath, ['--import', tsx, file], { cwd: folder, encoding: 'utf8' }).stdout;
    for (const file of ['src/a.mts', 'src/b.cts']) {
      using own = new RecordingPlace();
      const { stdout, stderr, events } = recordIn(
        own,
        folder,
        ['--functions', 'src/**'],
        ['--import', tsx, file],
      );
      expect(stdout).toBe(plain(file));
      expect(stdout).toContain(`${file}:6:35`);
      expect(stderr).not.toContain('not recorded');
      // Of `export function` some loaders keep the place of the first word, some of the second.
      const typed = events.filter((event) => event.startsWith(`func_entry: typed (${file}:3:`));
      expect(typed).toHaveLength(1);
      expect(events.filter((event) => event.includes('boom') && event.endsWith('threw'))).toHaveLength(1);
    }
  });

  test('of workers are recorded in their own streams; a module that cannot be read is left alone', () => {
    using place = new RecordingPlace();
    const folder = programOf(place, {
      'main.mjs': `import { Worker, isMainThread } from 'node:worker_threads';
function work() { return isMainThread; }
work();
if (isMainThread) for (let n = 0; n < 2; n += 1) new Worker(new URL(import.meta.url));
else { await import('./broken.mjs').catch((error) => console.log(error.name)); }
`,
      'broken.mjs': 'function (',
    });
    const { stdout, stderr, events } = recordIn(place, folder, ['--functions', '*.mjs'], ['main.mjs']);
    expect(stdout).toBe('SyntaxError\nSyntaxError\n');
    expect(stderr).toContain('functions of broken.mjs are not recorded: ');
    expect(summaryOf(stderr).threadCount).toBe(3);
    // Threads take turns as they like.
    const ofWork = events.filter((event) => event.includes(' work ')).sort();
    const [entry, exit] = ['func_entry: work (main.mjs:2:1)', 'func_exit: work (main.mjs:2:1)'];
    expect(ofWork).toEqual([entry, entry, entry, exit, exit, exit]);
  });
});

/** Prints what a program printed, where that is long. */
const prettierProgram = `import prettier from 'prettier';
import { readFileSync } from 'node:fs';
const text = readFileSync(new URL('./text.ts', import.meta.url), 'utf8');
console.log(await prettier.format(text, { parser: 'typescript', printWidth: 60 }));
`;

describe('large programs do what they did', () => {
  test('prettier, with all functions of it and of its parser', () => {
    using place = new RecordingPlace();
    const folder = programOf(place, {
      'main.mjs': prettierProgram.replace("'prettier'", JSON.stringify(import.meta.resolve('prettier'))),
      'text.ts': `export function f<T>(a: T, b = [1,2,3].map((x) => x*2)): T { return a ?? (b as never) }\nclass A<T> extends B { #x = 1; get y() { return this.#x } }`,
    });
    const plain = spawnSync(process.execPath, ['main.mjs'], { cwd: folder, encoding: 'utf8' });
    const { stdout, stderr } = recordWithPackages(place, folder);
    expect(stdout).toBe(plain.stdout);
    expect(plain.stdout.length).toBeGreaterThan(100);
    const { eventCount } = summaryOf(stderr);
    expect(eventCount).toBeGreaterThan(50_000);
    expect(readByPeer(place.traceDir).eventCount).toBe(eventCount);
  }, 120_000);
});

/** With a thread that waits for its consumer, for nothing may be lost on a slow machine either. */
function recordWithPackages(
  place: RecordingPlace,
  folder: string,
): { readonly stdout: string; readonly stderr: string } {
  const args = [
    'record',
    '-o',
    place.traceDir,
    '--no-auto',
    '--blocking-timeout',
    'inf',
    '--functions',
    join(repoRoot, 'node_modules/**'),
  ];
  const done = spawnSync(process.execPath, [spoorProgram, ...args, '--', process.execPath, 'main.mjs'], {
    cwd: folder,
    env: place.environment,
    encoding: 'utf8',
    timeout: 110_000,
  });
  expect(done.status, done.stderr).toBe(0);
  return done;
}
