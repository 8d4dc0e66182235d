// The manual pages: man accepts them, they have every option, and their examples run.
import { spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createTraceWriter, describeTrace } from '@spoor/ctf';
import { DirectoryOutput } from '@spoor/ctf/node';
import { autoSets, contextNames } from '@spoor/tracer/names';
import { manualExamples, manualPages } from '../packages/cli/src/man/pages.ts';
import { componentClasses } from '../packages/cli/src/convert/plugins.ts';
import { spoorProgram } from '../packages/cli/src/program.ts';
import { command, describeNeeding, repoRoot, tracefs } from './support/needs.ts';
import { spoorProgram as spoorFile } from './support/spoor.ts';
import { TracedRun } from './support/traced.ts';
import { removeTree } from './support/removal.ts';

const folder = join(repoRoot, 'packages/cli/man');
const pages = manualPages(readFileSync(join(repoRoot, 'docs/manual/filter.md'), 'utf8'));

interface Rendered {
  readonly text: string;
  readonly stderr: string;
  readonly status: number | null;
}

const shown = new Map<string, Rendered>();

/** A page as man shows it to a pipe: without marks. */
function rendered(file: string): Rendered {
  let page = shown.get(file);
  if (page === undefined) shown.set(file, (page = render(file)));
  return page;
}

function render(file: string): Rendered {
  const done = spawnSync('man', ['-l', '--warnings', file], {
    encoding: 'utf8',
    env: { ...process.env, LC_ALL: 'C.UTF-8', MANWIDTH: '200', MAN_KEEP_FORMATTING: '' },
  });
  return { text: done.stdout, stderr: done.stderr, status: done.status };
}

test('the build writes the pages', () => {
  expect(readdirSync(folder).sort()).toEqual([...pages.keys()].sort());
  for (const [name, text] of pages) expect(readFileSync(join(folder, name), 'utf8'), name).toBe(text);
  const wanted = ['spoor', 'spoor-record', 'spoor-convert', 'spoor-run', 'spoor-query', 'spoor-list-plugins'];
  const more = ['spoor-help', 'spoor-analyze', 'spoor-view', 'spoor-completion', 'spoor-babeltrace2'];
  expect([...wanted, ...more].filter((name) => !pages.has(`${name}.1`))).toEqual([]);
});

test('spoor-record names all sets of automatic events and all contexts', () => {
  const page = pages.get('spoor-record.1')!.replaceAll('\\-', '-').replaceAll(/\\f./g, '');
  const names = [...autoSets, ...contextNames.filter((name) => !name.startsWith('perf:'))];
  expect(names.filter((name) => !new RegExp(`(?<![\\w-])${name}(?![\\w-])`).test(page))).toEqual([]);
});

describeNeeding([command('man'), command('groff'), command('script')], 'man', () => {
  test.each([...pages.keys()])('accepts %s', (name) => {
    const { status, stderr, text } = rendered(join(folder, name));
    expect(stderr).toBe('');
    expect(status).toBe(0);
    const sections = [...text.matchAll(/^([A-Z][A-Z ]+)$/gm)].map(([, title]) => title);
    expect(sections).toEqual(expect.arrayContaining(['NAME', 'DESCRIPTION', 'SEE ALSO']));
    if (name !== 'spoor-filter.7') expect(sections).toEqual(expect.arrayContaining(['SYNOPSIS', 'EXAMPLES']));
  });

  test('shows every option of every verb, and every parameter of every component', () => {
    for (const verb of spoorProgram({ exitStatus: 0 }).commands) {
      const { text } = rendered(join(folder, `spoor-${verb.name()}.1`));
      const forms = [verb, ...verb.commands];
      const actions = verb.commands.map((action) => action.name());
      expect(actions.filter((name) => !text.includes(`       ${name}`))).toEqual([]);
      const options = forms.flatMap((form) => form.options);
      const missing = options.flatMap((option) =>
        [option.short, option.long].filter((name) => name !== undefined && !text.includes(` ${name}`)),
      );
      expect(missing, verb.name()).toEqual([]);
    }
    for (const { className, parameters } of componentClasses()) {
      const { text } = rendered(join(folder, `spoor-${className}.7`));
      const missing = Object.keys(parameters).filter((name) => !text.includes(`       ${name}`));
      expect(missing, className).toEqual([]);
    }
  });

  test('is what `spoor help NAME` shows at a terminal', () => {
    const shownAt = (name: string): string => {
      const line = `"${process.execPath}" "${spoorFile}" help ${name}`;
      const env = { ...process.env, LC_ALL: 'C.UTF-8', MANPAGER: 'cat', TERM: 'dumb' };
      const done = spawnSync('script', ['-qec', line, '/dev/null'], { encoding: 'utf8', env });
      expect(done.status, done.stderr).toBe(0);
      return done.stdout;
    };
    for (const [name, section] of [
      ['record', 1],
      ['filter', 7],
      ['sink.text.pretty', 7],
    ] as const) {
      expect(shownAt(name)).toMatch(new RegExp(`^SPOOR-${name.toUpperCase()}\\(${section}\\)`, 'm'));
    }
    // A plug-in has no page.
    expect(shownAt('utils')).toContain('Sink component classes: ');
  });

  test('shows text as it is', () => {
    const { text } = rendered(join(folder, 'spoor-filter.7'));
    expect(text).toContain('`flags & 4 == 4`'.replaceAll('`', ''));
    expect(text).toContain("spoor --event 'shop:*' --event 'net:*' --filter '$ctx.vpid == 4711' DIR");
    expect(text).toContain('"*.log"');
  });
});

describe('examples', () => {
  let dir = '';
  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), 'spoor-man-'));
    const traceClass = describeTrace({
      streams: [{ events: [{ name: 'shop:order_placed', fields: { customer: 'string', total: 'f64' } }] }],
    });
    const writer = createTraceWriter(traceClass, new DirectoryOutput(join(dir, 'trace')));
    const stream = writer.stream();
    for (let index = 0; index < 5; index++) {
      stream.append('shop:order_placed', 1_800_000_000_000_000_000n + BigInt(index), {
        customer: `c${index}`,
        total: index * 50,
      });
    }
    writer.close();
    using run = new TracedRun();
    const killed = "tracepoint('shop:order_placed', {})(); process.kill(process.pid, 'SIGKILL'); for (;;);";
    expect((await run.run(killed)).signal).toBe('SIGKILL');
    cpSync(run.path, join(dir, 'rescued'), { recursive: true });
    writeFileSync(join(dir, 'server.js'), "console.log('done');\n");
    mkdirSync(join(dir, 'bin'));
    const name = join(dir, 'bin/spoor');
    writeFileSync(name, `#!/bin/sh\nexec "${process.execPath}" "${spoorFile}" "$@"\n`);
    chmodSync(name, 0o755);
    const other = join(dir, 'bin/spoor-babeltrace2');
    const program = spoorFile.replace('spoor.cjs', 'spoor-babeltrace2.cjs');
    writeFileSync(other, `#!/bin/sh\nexec "${process.execPath}" "${program}" "$@"\n`);
    chmodSync(other, 0o755);
  });
  afterAll(() => removeTree(dir));

  const environment = (): NodeJS.ProcessEnv => ({
    ...process.env,
    PATH: `${join(dir, 'bin')}${delimiter}${process.env['PATH'] ?? ''}`,
  });

  // Those of the kernel need one that can be traced, and that of a ring that outlived its kernel needs such a machine.
  const ofTracefs = ([page, line]: readonly [string, string]): boolean =>
    line.includes(' -k ') || page === 'spoor-recover';
  const canRun = (example: readonly [string, string]): boolean =>
    example[0] !== 'spoor-view' &&
    !example[1].endsWith(' boot_mapped') &&
    (tracefs().met || !ofTracefs(example));

  test.each(manualExamples().filter(canRun))('%s: %s', (page, line) => {
    expect(pages.has(`${page}.1`) || pages.has(`${page}.7`)).toBe(true);
    // Each runs in the same place, where what it writes may be already.
    for (const made of ['copy', 'tables', 'recorded', 'last', 'copied', 'parquet', 'one', 'arrow', 'saved']) {
      rmSync(join(dir, made), { recursive: true, force: true });
    }
    const done = spawnSync('sh', ['-c', line], { cwd: dir, encoding: 'utf8', env: environment() });
    expect(done.status, done.stderr).toBe(0);
  });

  test('spoor-view: spoor view trace', async () => {
    const child = spawn(join(dir, 'bin/spoor'), ['view', 'trace'], {
      cwd: dir,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const ended = new Promise<number | null>((resolve) => {
      child.once('exit', resolve);
    });
    for await (const chunk of child.stdout) {
      expect(String(chunk)).toMatch(/^http:\/\/127\.0\.0\.1:\d+\//);
      break;
    }
    child.kill('SIGTERM');
    expect(await ended).toBe(0);
  });
});
