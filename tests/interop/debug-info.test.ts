// `filter.lttng-utils.debug-info` beside the real babeltrace2: programs of many ways of compiling, recorded by LTTng-UST,
// with their debug information inside, aside (by build id, by debug link), of another build, and missing.
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, renameSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openElfFile } from '@spoor/elf/node';
import { corpusNeeds, corpusTrace } from '../support/corpus.ts';
import { babeltrace2, lttngNeeds, runUnderLttng } from '../support/lttng.ts';
import { command, describeNeeding, repoRoot } from '../support/needs.ts';
import { expectSameText, withStaleStrings } from '../support/same-text.ts';
import { spoor } from '../support/spoor.ts';
import { removeTree } from '../support/removal.ts';

const sources = join(repoRoot, 'tests/support/ust');

function run(program: string, ...args: readonly string[]): void {
  const done = spawnSync(program, args, { encoding: 'utf8' });
  if (done.status !== 0) throw new Error(`${program} ${args.join(' ')}:\n${done.stderr}`);
}

/** Asserts the same text of both, and returns it. */
function same(args: readonly string[]): string {
  const theirs = babeltrace2(args);
  expect(theirs.status, theirs.stderr).toBe(0);
  const ours = spoor(args);
  // babeltrace2 forgets the trace's UUID in the copy that this filter makes.
  const text = args.includes('sink.text.details')
    ? ours.stdout.replaceAll(/^ {4}UUID: .*\n/gm, '')
    : ours.stdout;
  expectSameText(text, theirs.stdout, `spoor ${args.join(' ')}`);
  expect(ours.status, ours.stderr).toBe(0);
  return text;
}

describeNeeding([command('babeltrace2'), command('objcopy'), ...lttngNeeds()], 'debug information', () => {
  const folder = mkdtempSync(join(tmpdir(), 'spoor-debug-info-'));
  afterAll(() => removeTree(folder));
  const bin = join(folder, 'bin');
  const aside = join(folder, 'aside');
  const trace = join(folder, 'trace');
  const variants: Readonly<Record<string, readonly string[]>> = {
    plain: ['-g', '-O0'],
    optimised: ['-g', '-O2'],
    dwarf4: ['-gdwarf-4', '-O2'],
    compressed: ['-g', '-O1', '-gz=zlib'],
    fixed: ['-g', '-O1', '-no-pie'],
    symbols: ['-O1'],
    'by-id': ['-g', '-O2'],
    'by-link': ['-g', '-O2', '-Wl,--build-id=none'],
    stripped: ['-O2', '-s'],
    replaced: ['-g', '-O0'],
    gone: ['-g', '-O0'],
  };
  const path = (name: string): string => join(bin, name);

  beforeAll(async () => {
    mkdirSync(bin);
    const library = join(bin, 'where-library.so');
    run('gcc', '-g', '-O1', '-fPIC', '-shared', join(sources, 'where-library.c'), '-o', library);
    for (const [name, flags] of Object.entries(variants)) {
      run('gcc', ...flags, '-I', sources, join(sources, 'where.c'), '-o', path(name), '-llttng-ust', '-ldl');
    }
    // Debug information aside: by build id in a folder of its own, by link beside the program.
    const id = Buffer.from(openElfFile(path('by-id')).buildId!).toString('hex');
    const idFolder = join(aside, '.build-id', id.slice(0, 2));
    mkdirSync(idFolder, { recursive: true });
    run('objcopy', '--only-keep-debug', path('by-id'), join(idFolder, `${id.slice(2)}.debug`));
    run('strip', path('by-id'));
    mkdirSync(path('.debug'));
    run('objcopy', '--only-keep-debug', path('by-link'), join(bin, '.debug', 'by-link.debug'));
    run('strip', path('by-link'));
    run('objcopy', `--add-gnu-debuglink=${join(bin, '.debug', 'by-link.debug')}`, path('by-link'));
    const contexts = ['vpid', 'ip'];
    await runUnderLttng(
      { dir: trace, contexts },
      Object.keys(variants).map((name) => [path(name), library]),
    );
    copyFileSync(path('optimised'), path('replaced'));
    renameSync(path('gone'), join(folder, 'elsewhere'));
  }, 120_000);

  test.each([
    ['--debug-info'],
    ['--debug-info', '--debug-info-full-path'],
    ['-c', 'filter.lttng-utils.debug-info', '-p', 'debug-info-field-name="origin"'],
    ['--debug-info-target-prefix=/nowhere/'],
    ['--debug-info', '-c', 'sink.text.details'],
    ['--debug-info', '-c', 'sink.text.details', '-p', 'compact=yes'],
    ['-c', 'filter.lttng-utils.debug-info', '-c', 'sink.utils.counter', '-p', 'step=+0'],
  ])('as babeltrace2 with %s %s %s %s %s %s', (...args) => {
    same([...args.filter((word): word is string => word !== undefined), trace]);
  });

  test('functions and lines are found where they can be', () => {
    const text = same(['--no-delta', `--debug-info-dir=${aside}`, trace]);
    const of = (name: string): readonly string[] =>
      text.split('\n').filter((line) => line.includes(' where:here: ') && line.includes(`bin = "${name}`));
    for (const name of ['plain', 'optimised', 'dwarf4', 'compressed', 'fixed', 'by-id', 'by-link']) {
      const lines = of(name);
      expect(lines, name).not.toHaveLength(0);
      expect(
        lines.every((line) => /func = "\w+\+0x[0-9a-f]+"/.test(line)),
        name,
      ).toBe(true);
    }
    expect(of('optimised').some((line) => line.includes('func = "direct+0x'))).toBe(true);
    expect(of('optimised').some((line) => /src = "where(?:-tp\.h|\.c):\d+"/.test(line))).toBe(true);
    expect(of('symbols').every((line) => /func = "\w+\+0x[0-9a-f]+", src = ""/.test(line))).toBe(true);
    expect(of('stripped').every((line) => line.includes('func = "", src = ""'))).toBe(true);
    // Another build than the one recorded, or none at all: nothing is said.
    expect(of('replaced')).toHaveLength(0);
    expect(of('gone')).toHaveLength(0);
  });

  test('what is written is read by babeltrace2 with the member', () => {
    const output = join(folder, 'written');
    expect(spoor(['--debug-info', '-o', 'ctf', '-w', output, trace]).status).toBe(0);
    const read = babeltrace2(['--no-delta', output]);
    expect(read.status, read.stderr).toBe(0);
    const ours = spoor(['--debug-info', '--no-delta', trace]).stdout;
    expectSameText(ours, withStaleStrings(ours, read.stdout), 'written debug information');
  });

  test('it goes with time ranges and filters', () => {
    const all = spoor(['--no-delta', '--debug-info', trace]).stdout.split('\n');
    const some = spoor(['--no-delta', '--debug-info', '--event', 'where:*', trace]).stdout.split('\n');
    expect(some).toEqual(all.filter((line) => line.includes(' where:here: ') || line === ''));
    const named = spoor([
      '--no-delta',
      '--debug-info',
      '--filter',
      '$ctx.debug_info.func == "direct*"',
      trace,
    ]);
    expect(named.stdout.split('\n')).toEqual(
      all.filter((line) => line.includes('func = "direct') || line === ''),
    );
  });
});

describeNeeding(
  [command('babeltrace2'), ...corpusNeeds('tracecompass')],
  'debug information of others',
  () => {
    test.each([
      'debuginfo-test-app3',
      'debuginfo-test-app4',
      'debuginfo-synth-exec',
      'exp/testTrace-21482-20140324-160700',
    ])('of %s', (trace) => {
      const path = corpusTrace({ family: 'tracecompass', trace });
      same(['--debug-info', path]);
      same(['--debug-info', '-c', 'sink.text.details', path]);
    });
  },
);
