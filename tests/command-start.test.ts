// How the command is loaded: as one file with V8's compiled form of it, and as modules wherever that is not right.
import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { repoRoot } from './support/machine.ts';
import { spoor, spoorProgram as commandPath } from './support/spoor.ts';
import { removeTree } from './support/removal.ts';
import { controlVerbs } from '../packages/cli/src/control-verbs.ts';
import { programOf } from '../packages/cli/src/program-frame.ts';
import { spoorProgram } from '../packages/cli/src/program.ts';

const folder = mkdtempSync(join(tmpdir(), 'spoor-start-'));
afterAll(() => removeTree(folder));

const cache = join(folder, 'cache', 'spoor', 'compiled');

beforeEach(() => {
  rmSync(join(folder, 'cache'), { recursive: true, force: true });
  mkdirSync(join(folder, 'cache'));
});

describe('a command made of two lines', () => {
  const cli = join(folder, 'cli');
  const bundle = join(cli, 'dist', 'spoor.cjs');
  mkdirSync(join(cli, 'bin'), { recursive: true });
  mkdirSync(join(cli, 'dist'));
  for (const name of ['spoor.cjs', 'start.cjs']) {
    copyFileSync(join(repoRoot, 'packages/cli/bin', name), join(cli, 'bin', name));
  }
  writeFileSync(join(cli, 'package.json'), '{ "type": "module" }');
  writeFileSync(
    join(cli, 'dist', 'main.js'),
    'export async function main() { console.log("modules"); return 0; }',
  );
  writeFileSync(
    bundle,
    'exports.main = async ([word]) => (console.log(await importModule("./one.js").then((it) => it.text)), word === "fail" ? 1 : 0);',
  );
  writeFileSync(join(cli, 'dist', 'one.js'), 'export const text = "one file";');

  function run(args: readonly string[] = ['convert'], env: Readonly<Record<string, string>> = {}): string {
    const done = spawnSync(process.execPath, [join(cli, 'bin', 'spoor.cjs'), ...args], {
      encoding: 'utf8',
      env: { ...process.env, XDG_CACHE_HOME: join(folder, 'cache'), ...env },
    });
    expect(done.stderr).toBe('');
    return done.stdout;
  }

  test('is one file, whose compiled form is kept for its user alone', () => {
    expect(run()).toBe('one file\n');
    expect(statSync(cache).mode & 0o777).toBe(0o700);
    const [name = '', ...others] = readdirSync(cache);
    expect(others).toEqual([]);
    expect(statSync(join(cache, name)).mode & 0o777).toBe(0o600);
    const { ino } = statSync(join(cache, name));
    expect(run()).toBe('one file\n');
    // Taken as it was: a refused one would have been replaced.
    expect(statSync(join(cache, name)).ino).toBe(ino);
  });

  test('keeps nothing of failures, of mere options, and where Node.js is told not to', () => {
    run(['fail']);
    run(['--version']);
    run(['convert'], { NODE_DISABLE_COMPILE_CACHE: '1' });
    expect(existsSync(cache)).toBe(false);
  });

  test.each([
    ['that is damaged', (bytes: Buffer) => bytes.fill(0x5a)],
    ['that is cut short', (bytes: Buffer) => bytes.subarray(0, bytes.length >> 1)],
    ['that is empty', () => Buffer.alloc(0)],
    ['that ends in zeros', (bytes: Buffer) => bytes.fill(0, bytes.length - 64)],
    [
      'that has wrong bits all over',
      (bytes: Buffer) => {
        for (let at = 64; at < bytes.length; at += 7) bytes[at]! ^= 0x55;
        return bytes;
      },
    ],
  ])('makes a compiled form anew %s', (_what, damage) => {
    run();
    const [name = ''] = readdirSync(cache);
    const sound = readFileSync(join(cache, name));
    writeFileSync(join(cache, name), damage(Buffer.from(sound)));
    expect(run()).toBe('one file\n');
    expect(readFileSync(join(cache, name)).length).toBe(sound.length);
  });

  test('neither takes nor leaves anything where others may write', () => {
    run();
    const [name = ''] = readdirSync(cache);
    const { ino } = statSync(join(cache, name));
    writeFileSync(join(cache, name), 'from somebody else');
    chmodSync(cache, 0o777);
    expect(run()).toBe('one file\n');
    expect(readFileSync(join(cache, name), 'utf8')).toBe('from somebody else');
    expect(statSync(join(cache, name)).ino).toBe(ino);
  });

  test('keeps few', () => {
    mkdirSync(cache, { recursive: true, mode: 0o700 });
    for (let index = 0; index < 9; index++) {
      writeFileSync(join(cache, `old-${index}`), '');
      utimesSync(join(cache, `old-${index}`), index, index);
    }
    run();
    expect(readdirSync(cache).filter((name) => name.startsWith('old-'))).toEqual(
      [2, 3, 4, 5, 6, 7, 8].map((index) => `old-${index}`),
    );
  });

  test('does without a home', () => {
    expect(run(['convert'], { XDG_CACHE_HOME: '', HOME: join(folder, 'nowhere') })).toBe('one file\n');
    expect(existsSync(join(folder, 'nowhere'))).toBe(false);
  });

  test('is loaded as modules where those are newer, or plug-ins will import them', () => {
    expect(run(['--plugin-path=/tmp', 'convert'])).toBe('modules\n');
    const built = join(folder, 'ctf', 'dist', '.tsbuildinfo');
    mkdirSync(join(folder, 'ctf', 'dist'), { recursive: true });
    writeFileSync(built, '');
    const seconds = statSync(bundle).mtimeMs / 1000;
    utimesSync(built, seconds + 10, seconds + 10);
    expect(run()).toBe('modules\n');
    utimesSync(built, seconds - 10, seconds - 10);
    expect(run()).toBe('one file\n');
  });
});

test.each(['spoor.cjs', 'control.cjs', 'report.cjs', 'record.cjs'])(
  '%s has no other characters than those of ASCII, as which it is read',
  (name) => {
    const bytes = readFileSync(join(repoRoot, 'packages/cli/dist', name));
    expect(bytes.findIndex((byte) => byte > 127)).toBe(-1);
  },
);

test('a report is written by a file that has nothing else, in its threads too', () => {
  const cli = join(folder, 'report');
  for (const name of ['bin', 'dist']) mkdirSync(join(cli, name), { recursive: true });
  for (const name of [
    'bin/spoor.cjs',
    'bin/start.cjs',
    'bin/report-worker.cjs',
    'dist/report.cjs',
    'package.json',
  ]) {
    copyFileSync(join(repoRoot, 'packages/cli', name), join(cli, name));
  }
  const recording = join(repoRoot, 'tests/fixtures/trace-dat/instance-zstd.dat');
  const expected = spoor(['report', recording]).stdout;
  expect(expected.split('\n').length).toBeGreaterThan(800);
  for (const threads of ['1', '2']) {
    const args = [join(cli, 'bin/spoor.cjs'), 'report', '--workers', threads, recording];
    const env = { ...process.env, XDG_CACHE_HOME: join(folder, 'cache') };
    const done = spawnSync(process.execPath, args, { encoding: 'utf8', env });
    expect([done.status, done.stderr, done.stdout === expected]).toEqual([0, '', true]);
  }
});

test('programs are recorded by a file that needs nothing else but the tracer, in its consumer too', () => {
  const cli = join(folder, 'record');
  for (const name of ['bin', 'dist/commands', 'node_modules/@spoor'])
    mkdirSync(join(cli, name), { recursive: true });
  for (const name of [
    'bin/spoor.cjs',
    'bin/start.cjs',
    'bin/consumer.cjs',
    'dist/record.cjs',
    'dist/commands/installed.js',
    'package.json',
  ]) {
    copyFileSync(join(repoRoot, 'packages/cli', name), join(cli, name));
  }
  for (const name of ['tracer', 'base']) {
    symlinkSync(join(repoRoot, 'packages', name), join(cli, 'node_modules/@spoor', name));
  }
  const output = join(folder, 'recorded');
  const words = [
    'record',
    '-o',
    output,
    '-f',
    '$ctx.vpid > 0',
    '--',
    process.execPath,
    '-e',
    'setTimeout(() => {}, 1)',
  ];
  const env = { ...process.env, XDG_CACHE_HOME: join(folder, 'cache') };
  const done = spawnSync(process.execPath, [join(cli, 'bin/spoor.cjs'), ...words], { encoding: 'utf8', env });
  expect([done.status, done.stderr]).toEqual([
    0,
    expect.stringMatching(
      /^spoor: recorded \d+ events .* none lost; 1 process, 1 thread\nspoor: the trace is in .*\n$/,
    ),
  ]);
});

describe('verbs about sessions', () => {
  const commands = (program: ReturnType<typeof spoorProgram>) =>
    new Map(program.commands.map((command) => [command.name(), command.helpInformation()]));
  const whole = commands(spoorProgram({ exitStatus: 0 }));

  test('are those that the loader knows', () => {
    const text = readFileSync(join(repoRoot, 'packages/cli/bin/start.cjs'), 'utf8');
    const [, block = ''] = /const controlVerbs = new Set\(([^;]*)\);/.exec(text) ?? [];
    const known = [...block.matchAll(/'([^']+)'/g)].flatMap(([, words = '']) => words.trim().split(/\s+/));
    expect(known.filter((word) => word !== '')).toEqual(Object.keys(controlVerbs));
  });

  test.each(Object.entries(controlVerbs))('%s alone is used as it is among all verbs', (name, register) => {
    const alone = commands(programOf([register], { exitStatus: 0 }));
    expect([...alone]).toEqual([[name, whole.get(name)]]);
  });

  test('and options before them are answered by a file that has nothing else', () => {
    // Whoever loads the other file finds that it cannot be read.
    const cli = join(folder, 'verbs');
    for (const name of ['bin', 'dist']) mkdirSync(join(cli, name), { recursive: true });
    for (const name of ['bin/spoor.cjs', 'bin/start.cjs', 'dist/control.cjs', 'package.json']) {
      copyFileSync(join(repoRoot, 'packages/cli', name), join(cli, name));
    }
    writeFileSync(join(cli, 'dist/spoor.cjs'), 'exports.main = async () => (console.log("the other"), 0);');
    const run = (...args: readonly string[]) => {
      const env = {
        ...process.env,
        LTTNG_RUNDIR: join(folder, 'nobody'),
        XDG_CACHE_HOME: join(folder, 'cache'),
      };
      const done = spawnSync(process.execPath, [join(cli, 'bin/spoor.cjs'), ...args], {
        encoding: 'utf8',
        env,
      });
      return [done.status, done.stdout, done.stderr];
    };
    const refused = [1, '', expect.stringContaining('no session daemon runs')];
    expect(run('list', '--no-sessiond')).toEqual(refused);
    expect(run('-n', 'stop', 'some')).toEqual(refused);
    expect(run('-q', '--no-sessiond', 'start', 'some')).toEqual([1, '', '']);
    expect(run('--mi=xml', '-m', 'xml', '-n', 'list')[1]).toContain('<command ');
    expect(run('list', '--nothing')).toEqual([2, '', expect.stringContaining("unknown option '--nothing'")]);
    expect(run('convert', 'list')[1]).toBe('the other\n');
    expect(run('convert', 'report')[1]).toBe('the other\n');
    expect(run('-v', 'list')[1]).toBe('the other\n');
  });
});

test('the command says the same compiled before or not', () => {
  const outcome = (args: readonly string[], env: Readonly<Record<string, string>>) =>
    spoor(args, { env: { ...env, XDG_CACHE_HOME: join(folder, 'cache') } });
  for (const args of [
    ['list-plugins'],
    ['convert', join(folder, 'nowhere')],
    ['analyze', join(folder, 'nowhere')],
  ]) {
    const first = outcome(args, {});
    expect(outcome(args, {})).toEqual(first);
    expect(outcome(args, { NODE_DISABLE_COMPILE_CACHE: '1' })).toEqual(first);
  }
});

describe('a release of Node.js that is too old', () => {
  const { engines } = JSON.parse(readFileSync(join(repoRoot, 'packages/cli/package.json'), 'utf8')) as {
    readonly engines: { readonly node: string };
  };
  const oldest = engines.node.replace('>=', '');

  /** Runs the command as if Node.js were of another version. */
  function withVersion(version: string, ...args: string[]): SpawnSyncReturns<string> {
    const preload = join(folder, 'version.cjs');
    writeFileSync(
      preload,
      'Object.defineProperty(process, "versions", { value: { ...process.versions, node: process.env.AS_NODE } });',
    );
    return spawnSync(process.execPath, ['--require', preload, commandPath, ...args], {
      encoding: 'utf8',
      env: { ...process.env, AS_NODE: version },
    });
  }

  test.each([['doctor'], ['list'], ['--version']])('is told in one line: %s', (verb) => {
    const { status, stdout, stderr } = withVersion('18.20.4', verb);
    expect([status, stdout]).toEqual([1, '']);
    expect(stderr).toBe(
      `spoor: Node.js 18.20.4 is older than ${oldest}, which Spoor needs (install a newer release: https://nodejs.org/en/download)\n`,
    );
  });

  test('the oldest that is served is not refused', () => {
    expect(withVersion(`${oldest}.0`, '--version').status).toBe(0);
    const [major, minor] = oldest.split('.').map(Number) as [number, number];
    expect(withVersion(`${major}.${minor - 1}.9`, '--version').status).toBe(1);
  });
});
