// Plug-ins from other places: the template as its author would use it, and what is told of those that are wrong.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { repoRoot } from './support/machine.ts';
import { spoorProgram } from './support/spoor.ts';

const folder = mkdtempSync(join(tmpdir(), 'spoor-plugins-'));
afterAll(() => rmSync(folder, { recursive: true }));

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
