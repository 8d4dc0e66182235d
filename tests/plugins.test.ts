// Plug-ins from other places: the template as its author would use it, and what is told of those that are wrong.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { repoRoot } from './support/machine.ts';
import { spoorProgram } from './support/spoor.ts';
import { removeTree } from './support/removal.ts';

const folder = mkdtempSync(join(tmpdir(), 'spoor-plugins-'));
afterAll(() => removeTree(folder));

/** Runs the command in the folder, with a home of its own. */
function spoor(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  return spawnSync(process.execPath, [spoorProgram, ...args], {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, HOME: folder, TZ: 'UTC', ...env },
  });
}

describe('the template', () => {
  const pulses = ['-c', 'source.sample.pulse', '-p', 'count=+7'];

  beforeAll(() => {
    cpSync(join(repoRoot, 'examples/plugin'), join(folder, 'mine/sample'), { recursive: true });
    // What `npm install` does.
    mkdirSync(join(folder, 'node_modules/@spoor'), { recursive: true });
    for (const name of ['base', 'ctf', 'graph', 'components']) {
      symlinkSync(join(repoRoot, 'packages', name), join(folder, 'node_modules/@spoor', name));
    }
    symlinkSync(join(folder, 'mine/sample'), join(folder, 'node_modules/spoor-plugin-sample'));
  });

  test('has its types right', () => {
    const tsc = join(repoRoot, 'node_modules/typescript/bin/tsc');
    const types = join(repoRoot, 'node_modules/@types');
    const args = [tsc, '-p', join(folder, 'mine/sample'), '--typeRoots', types];
    const done = spawnSync(process.execPath, args, { encoding: 'utf8' });
    expect(done.stdout).toBe('');
    expect(done.status).toBe(0);
  });

  test.each([
    ['by directory', ['--plugin-path', 'mine'], {}],
    ['by the environment', [], { SPOOR_PLUGIN_PATH: '/:mine' }],
    ['by the name of its package', ['--plugin=spoor-plugin-sample'], {}],
  ])('is found %s', (_, args, env) => {
    if ('SPOOR_PLUGIN_PATH' in env) mkdirSync(join(folder, 'none'), { recursive: true });
    const variables = 'SPOOR_PLUGIN_PATH' in env ? { SPOOR_PLUGIN_PATH: `${join(folder, 'none')}:mine` } : {};
    const done = spoor([...args, '--clock-seconds', ...pulses], variables);
    expect(done.stderr).toBe('');
    expect(done.stdout.split('\n').slice(3, 5)).toEqual([
      '[1.000004000] (+0.000001000) sample pulse: { number = 3, note = "" }',
      '[1.000006000] (+0.000002000) sample pulse: { number = 4, note = "late" }',
    ]);
  });

  test('a package is resolved as `import` does it', () => {
    const own = join(folder, 'node_modules/@mine/plugins');
    mkdirSync(join(own, 'lib'), { recursive: true });
    const write = (name: string, plugin: string): void =>
      writeFileSync(
        join(own, 'lib', name),
        `export const plugin = { name: '${plugin}', componentClasses: [] };`,
      );
    write('esm.mjs', 'modern');
    write('more-x.mjs', 'further');
    writeFileSync(join(own, 'lib/old.cjs'), "throw new Error('the form for require')");
    writeFileSync(
      join(own, 'package.json'),
      JSON.stringify({
        name: '@mine/plugins',
        main: './lib/old.cjs',
        exports: {
          '.': { types: './no.d.ts', require: './lib/old.cjs', import: './lib/esm.mjs' },
          './more/*': { node: { import: ['./lib/more-*.mjs'] } },
          './more/hidden': null,
        },
      }),
    );
    const found = spoor(['--plugin=@mine/plugins', '--plugin=@mine/plugins/more/x', 'list-plugins']);
    expect(found.stderr).toBe('');
    expect(found.stdout).toContain('\nmodern:\n');
    expect(found.stdout).toContain('\nfurther:\n');
    const byPath = spoor([`--plugin-path=${join(folder, 'node_modules/@mine')}`, 'list-plugins']);
    expect(byPath.stdout).toContain('\nmodern:\n');
    for (const name of ['@mine/plugins/more/hidden', '@mine/plugins/lib/esm.mjs']) {
      const hidden = spoor([`--plugin=${name}`, 'list-plugins']);
      expect(hidden.stderr).toContain('that can be imported');
      expect(hidden.status).toBe(1);
    }
    expect(spoor(['--plugin=@mine/absent', 'list-plugins']).stderr).toContain(
      'there is no package @mine/absent',
    );
  });

  test('is found in the home of the user, unless that is left out', () => {
    mkdirSync(join(folder, '.local/lib/spoor'), { recursive: true });
    symlinkSync(join(folder, 'mine'), join(folder, '.local/lib/spoor/plugins'));
    expect(spoor(['list-plugins']).stdout).toContain("'filter.sample.gaps': Adds an event");
    const without = spoor(['--omit-home-plugin-path', ...pulses]);
    expect(without.status).toBe(1);
    expect(without.stderr).toContain('there is no component class source.sample.pulse');
    rmSync(join(folder, '.local/lib/spoor/plugins'));
  });

  test('its filter adds events, its sink sees all, and other sinks do too', () => {
    const filter = ['-c', 'filter.sample.gaps', '-p', 'least-ns=+1500'];
    const args = ['--plugin-path=mine', ...pulses, ...filter, '-c', 'sink.sample.summary'];
    const done = spoor([...args, '-c', 'sink.text.json']);
    expect(done.stderr).toBe('');
    expect(done.stdout).toContain('1 gap\n7 pulse\n');
    const lines = done.stdout.split('\n').filter((line) => line.startsWith('{'));
    expect(JSON.parse(lines[4]!)).toMatchObject({
      name: 'gap',
      payload: { stream: 'pulses/stream_0', length_ns: 2000 },
    });
    const cut = spoor([...args, '--begin=1.000006', '--filter', 'number > 4']);
    expect(cut.stdout).toBe('2 pulse\n');
  });

  test('what it takes is told and checked', () => {
    expect(spoor(['--plugin-path=mine', 'help', 'filter.sample.gaps']).stdout).toContain(
      'least-ns: unsigned integer (such as +23) (needed)',
    );
    const wrong = spoor(['--plugin-path=mine', ...pulses, '-c', 'filter.sample.gaps']);
    expect(wrong.status).toBe(1);
    expect(wrong.stderr).toContain('filter.sample.gaps needs the parameter "least-ns"');
    expect(spoor(['--plugin-path=mine', ...pulses, '-p', 'cuont=+1']).stderr).toContain(
      'did you mean count?',
    );
  });
});

describe('a plug-in that is wrong is named with its file', () => {
  const source = (body: string): string =>
    `{ kind: 'source', name: 's', description: 'd', *open({ output }) { ${body} } }`;
  const plugin = (classes: string, name = 'bad'): string =>
    `export const plugin = { name: '${name}', componentClasses: [${classes}] };`;
  const stream =
    "const s = output.trace({ streams: [{ events: [{ name: 'e', fields: { n: 'u8' } }] }] }).stream();";

  test.each([
    ['throws', 'throw new Error("not today");', 'cannot be loaded: not today'],
    ['syntax', 'export default {', 'cannot be loaded: '],
    ['alone', "import '@spoor/absent/plugin';", 'install @spoor/absent where the plug-in lies'],
    ['nothing', 'export const plugIn = 1;', 'has no export named `plugin`'],
    ['nameless', 'export default { componentClasses: [] };', 'has no `name`'],
    ['kind', plugin("{ kind: 'sauce', name: 's', description: 'd', open() {} }"), 'which has no `kind`'],
    ['open', plugin("{ kind: 'sink', name: 's', description: 'd' }"), 'which has no function `open`'],
    [
      'parameter',
      plugin("{ kind: 'sink', name: 's', description: 'd', open() {}, parameters: { a: { kind: 'int' } } }"),
      'a parameter "a" without a known `kind`',
    ],
    ['twice', plugin(`${source('')}, ${source('')}`), 'has the component class source.bad.s twice'],
    ['dotted', plugin('', 'a.b'), 'has no name that can stand between dots'],
    ['taken', plugin('', 'utils'), 'there is a plug-in named utils already'],
  ])('%s', (name, text, message) => {
    const path = join(folder, name);
    mkdirSync(path);
    writeFileSync(join(path, 'it.mjs'), text);
    const done = spoor([`--plugin-path=${path}`, 'list-plugins']);
    expect(done.status).toBe(1);
    expect(done.stderr).toContain(message);
    expect(done.stderr).toContain(join(path, 'it.mjs'));
    expect(done.stderr).not.toContain('\n    at ');
  });

  test.each([
    ['begin', 'throw new Error("no source");', 'source.bad.s failed: no source'],
    ['name', `${stream} s.event('f', 1);`, 'the stream has no event class "f"'],
    ['order', `${stream} s.event('e', 2, { n: 1 }); s.event('e', 1, { n: 1 });`, 'clock value 1 after 2'],
    ['value', `${stream} s.event('e', 1, { n: 300 });`, 'does not fit an unsigned integer of 8 bits'],
    [
      'late',
      `${stream} s.event('e', 1, { n: 1 }); yield; output.trace({ streams: [] });`,
      'before the first event',
    ],
    [
      'flood',
      `${stream} for (let n = 0; n < 300000; n++) s.event('e', n, { n: 1 });`,
      'source.bad.s failed: 262144 events and messages were appended at a stretch',
    ],
    ['rejection', `${stream} yield Promise.reject(new Error('gone'));`, 'source.bad.s failed: gone'],
  ])('while it runs: %s', (name, body, message) => {
    const path = join(folder, `run-${name}`);
    mkdirSync(path);
    writeFileSync(join(path, 'it.mjs'), plugin(source(body)));
    const done = spoor([`--plugin-path=${path}`, '-c', 'source.bad.s']);
    expect(done.status).toBe(1);
    expect(done.stderr).toContain(message);
    expect(done.stderr).not.toContain('\n    at ');
  });

  test.each([
    [
      'getter',
      '{ get name() { throw new Error("no name"); } }',
      'throws where its properties are read: no name',
    ],
    [
      'class-getter',
      "{ name: 'bad', componentClasses: [{ kind: 'sink', name: 's', description: 'd', open() {}, get help() { throw new Error('no help'); } }] }",
      'throws where its properties are read: no help',
    ],
  ])('a property that throws: %s', (name, text, message) => {
    const path = join(folder, name);
    mkdirSync(path);
    writeFileSync(join(path, 'it.mjs'), `export const plugin = ${text};`);
    const done = spoor([`--plugin-path=${path}`, 'list-plugins']);
    expect(done.stderr).toContain(message);
    expect(done.stderr).toContain(join(path, 'it.mjs'));
    expect(done.status).toBe(1);
  });

  test.each([
    ['source', 'open: () => 42', 'source.bad.s failed: `open` returned the number 42, not steps'],
    ['source', 'async *open() {}', 'returned an asynchronous generator (write `*open` without `async`'],
    ['filter', 'open() {}', 'filter.bad.s failed: `open` returned nothing, not what takes events'],
    ['filter', 'open: () => ({})', 'returned an object without a function `event`'],
    ['sink', 'open: () => ({ event() {}, end: 5 })', 'whose `end` is the number 5, not a function'],
  ])('what `open` of a %s returns: %s', (kind, open, message) => {
    const path = mkdtempSync(join(folder, 'open-'));
    const own = `{ kind: '${kind}', name: 's', description: 'd', ${open} }`;
    writeFileSync(
      join(path, 'it.mjs'),
      plugin(`${own}, ${source(stream).replace("name: 's'", "name: 'good'")}`),
    );
    const first = kind === 'source' ? 's' : 'good';
    const rest = kind === 'source' ? [] : ['-c', `${kind}.bad.s`];
    const done = spoor([`--plugin-path=${path}`, '-c', `source.bad.${first}`, ...rest]);
    expect(done.stderr).toContain(message);
    expect(done.status).toBe(1);
  });

  test('what a filter adds to an event or to the end may be much', () => {
    const path = join(folder, 'much');
    mkdirSync(path);
    const filter = `{ kind: 'filter', name: 'f', description: 'd', open({ output, forward }) {
      ${stream.replace('s = output', 'o = output')}
      return {
        event(event) { forward(); for (let n = 0; n < 1000; n++) o.event('e', event.timeNs, { n: n % 256 }); },
        *end() { for (let n = 0; n < 300000; n++) { o.event('e', 10000, { n: 1 }); yield; } },
      };
    } }`;
    const many = `${stream} for (let n = 0; n < 1000; n++) { s.event('e', n, { n: 1 }); yield; }`;
    writeFileSync(join(path, 'it.mjs'), plugin(`${source(many)}, ${filter}`));
    const args = [
      `--plugin-path=${path}`,
      '-c',
      'source.bad.s',
      '-c',
      'filter.bad.f',
      '-c',
      'sink.utils.counter',
    ];
    const done = spoor(args);
    expect(done.stderr).toBe('');
    expect(done.stdout).toContain('1301000 Event messages');
  });

  test.each([
    ['source', "s.event('e', BigInt(n), { n: 1 }); wait(); yield;", ''],
    ['sink', "s.event('e', BigInt(n), { n: 1 }); yield;", 'wait();'],
  ])('a slow %s is interrupted', (kind, body, event) => {
    const path = join(folder, `slow-${kind}`);
    mkdirSync(path);
    // At 5 ms an event one batch would take longer than the test may.
    const head = `let calls = 0; const wait = () => { if (++calls === 3) process.kill(process.pid, 'SIGINT');
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5); };`;
    const sink = `{ kind: 'sink', name: 'k', description: 'd', open: () => ({ event() { ${event} } }) }`;
    writeFileSync(
      join(path, 'it.mjs'),
      head + plugin(`${source(`${stream} for (let n = 0; n < 1e6; n++) { ${body} }`)}, ${sink}`),
    );
    const done = spoor([`--plugin-path=${path}`, '-c', 'source.bad.s', '-c', 'sink.bad.k']);
    expect(done).toMatchObject({ status: 2, stderr: '' });
  });

  test('a source may wait, and Ctrl-C ends the waiting', () => {
    const path = join(folder, 'waits');
    mkdirSync(path);
    const body = `${stream} s.event('e', 1, { n: 1 }); yield new Promise((done) => setTimeout(done, 20));
      s.event('e', 2, { n: 2 }); if (process.env.STAY) { process.kill(process.pid, 'SIGINT'); yield new Promise(() => {}); }`;
    writeFileSync(join(path, 'it.mjs'), plugin(source(body)));
    const done = spoor([`--plugin-path=${path}`, '-c', 'source.bad.s', '--retry-duration=1000']);
    expect(done.stderr).toBe('');
    expect(done.stdout.split('\n')).toHaveLength(3);
    const stopped = spoor([`--plugin-path=${path}`, '-c', 'source.bad.s'], { STAY: '1' });
    expect(stopped.status).toBe(2);
    expect(stopped.stderr).toBe('');
  });

  test('a directory that is not there; no shared protocol version', () => {
    expect(spoor(['--plugin-path=/nowhere', 'list-plugins'])).toMatchObject({ status: 1, stdout: '' });
    const path = join(folder, 'mip');
    mkdirSync(path);
    const sink =
      "{ kind: 'sink', name: 's', description: 'd', mipVersions: [0], open: () => ({ event() {} }) }";
    writeFileSync(join(path, 'it.mjs'), plugin(`${source(stream)}, ${sink}`));
    const args = [`--plugin-path=${path}`, '-c', 'source.bad.s', '-c', 'sink.bad.s'];
    expect(spoor(args).status).toBe(0);
    const refused = spoor(['--allowed-mip-versions=1', ...args]);
    expect(refused.status).toBe(1);
    expect(refused.stderr).toContain('sink.bad.s knows 0');
  });
});
