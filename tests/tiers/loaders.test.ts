// Programs as they are built and started: bundled to one file, TypeScript through a loader or stripped by Node.js, under
// its test runner, and restarted by a supervisor.
import { SESSION_VARIABLE } from '@spoor/ringbuffer';
import { spawnSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { build, type BuildOptions } from 'esbuild';
import { rolldown } from 'rolldown';
import { describe, expect, test } from 'vitest';
import { command, describeNeeding, repoRoot } from '../support/needs.ts';
import { nodeReleases, otherNodes } from '../support/node-versions.ts';
import { RecordingPlace, readByPeer, summaryOf, textOfPeer } from '../support/recording.ts';
import { TracedRun } from '../support/traced.ts';

/** The thread and a worker of the same file emit 100 events each. */
const program = `
  import { Worker, isMainThread } from 'node:worker_threads';
  import { counter, tracepoint, type Tracepoint } from '@spoor/tracer';
  const placed: Tracepoint<readonly [number, string]> = tracepoint('shop:placed', [['order', 'u32'], ['customer', 'string']]);
  const hits = counter('shop:hits');
  for (let n = 0; n < 100; n += 1) placed(n, 'customer ' + n);
  hits.add(2);
  console.log(placed.enabled);
  if (isMainThread && process.argv[2] !== 'alone') new Worker(process.argv[1] as string).on('error', (error) => { throw error; });
`;

/** A folder with the program, from where the packages of the checkout are found. */
function sourceFolder(place: RecordingPlace): string {
  const folder = place.folder('source');
  symlinkSync(join(repoRoot, 'node_modules'), join(folder, 'node_modules'));
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  writeFileSync(join(folder, 'app.ts'), program);
  writeFileSync(join(folder, 'registered.ts'), `import '@spoor/tracer/register';\nimport './app.ts';\n`);
  return folder;
}

/** Records a program that is `program`, and looks at its trace. */
function expectRecorded(place: RecordingPlace, commandLine: readonly string[], threadCount = 2): void {
  const done = place.record(['--no-auto', '--', ...commandLine]);
  expect(done.status, done.stderr).toBe(0);
  expect(done.stdout).toBe('true\n'.repeat(threadCount));
  const eventCount = 100 * threadCount;
  expect(summaryOf(done.stderr)).toEqual({
    eventCount,
    lostCount: 0,
    processCount: 1,
    threadCount,
  });
  expect(done.stderr).toContain(`shop:hits = ${2 * threadCount}\n`);
  expect(done.stderr).not.toContain('note:');
  expect(textOfPeer(place.traceDir)).toContain('{ order = 99, customer = "customer 99" }');
  expect(readByPeer(place.traceDir)).toEqual({ eventCount, stderr: '' });
}

const esbuildOptions: BuildOptions = { bundle: true, platform: 'node', logLevel: 'silent', minify: true };

describeNeeding([command('babeltrace2')], 'a program in one file, without its packages', () => {
  test.each([
    ['esm', 'mjs'],
    ['cjs', 'cjs'],
  ] as const)('made by esbuild as %s', async (format, extension) => {
    using place = new RecordingPlace();
    const outfile = join(place.folder('bundled'), `app.${extension}`);
    const result = await build({
      ...esbuildOptions,
      entryPoints: [join(sourceFolder(place), 'app.ts')],
      format,
      outfile,
    });
    expect(result.warnings.filter(({ id }) => id !== 'empty-import-meta')).toEqual([]);
    expectRecorded(place, ['node', outfile]);
  });

  test.each([
    ['esm', 'mjs'],
    ['cjs', 'cjs'],
  ] as const)('made by rolldown as %s', async (format, extension) => {
    using place = new RecordingPlace();
    const file = join(place.folder('bundled'), `app.${extension}`);
    const bundle = await rolldown({
      input: join(sourceFolder(place), 'app.ts'),
      platform: 'node',
      external: ['koffi'],
    });
    await bundle.write({ file, format, minify: true });
    await bundle.close();
    expectRecorded(place, ['node', file]);
  });
});

describe('a bundle that has the tracer in itself', () => {
  test.each([
    ['koffi beside it', true],
    ['no koffi', false],
  ])('records by itself, with %s', async (_, hasKoffi) => {
    using place = new RecordingPlace();
    using run = new TracedRun();
    const folder = place.folder('bundled');
    await build({
      ...esbuildOptions,
      entryPoints: [join(sourceFolder(place), 'registered.ts')],
      format: 'esm',
      outfile: join(folder, 'app.mjs'),
    });
    if (hasKoffi) {
      mkdirSync(join(folder, 'node_modules'));
      for (const name of ['koffi', '@koromix'])
        symlinkSync(join(repoRoot, 'node_modules', name), join(folder, 'node_modules', name));
    }
    // Started by hand, without the recorder's options for Node.js.
    const done = spawnSync(process.execPath, [join(folder, 'app.mjs')], {
      encoding: 'utf8',
      env: { ...process.env, [SESSION_VARIABLE]: run.path },
      timeout: 60_000,
    });
    expect(done).toMatchObject({ status: 0, stdout: 'true\ntrue\n', stderr: '' });
    const rings = run.drain();
    expect(rings.map(({ eventCount }) => eventCount)).toEqual([100, 100]);
    expect(rings.map(({ header }) => header.tier)).toEqual(Array(2).fill(hasKoffi ? 'mapped' : 'copied'));
  });
});

describeNeeding([command('babeltrace2')], 'a program in TypeScript', () => {
  test('through tsx', () => {
    using place = new RecordingPlace();
    const tsx = createRequire(import.meta.url).resolve('tsx');
    // Without a worker: tsx has none in TypeScript on Node.js 20.
    const app = join(sourceFolder(place), 'app.ts');
    expectRecorded(place, ['node', '--import', tsx, app, 'alone'], 1);
  });

  test('through a hook of require, as ts-node and @swc-node/register have', () => {
    using place = new RecordingPlace();
    const folder = place.folder('required');
    symlinkSync(join(repoRoot, 'node_modules'), join(folder, 'node_modules'));
    const hook = `
      const { readFileSync } = require('node:fs');
      const { transformSync } = require('esbuild');
      require.extensions['.ts'] = (module, file) =>
        module._compile(transformSync(readFileSync(file, 'utf8'), { loader: 'ts', format: 'cjs' }).code, file);`;
    writeFileSync(join(folder, 'hook.cjs'), hook);
    writeFileSync(join(folder, 'app.ts'), program);
    const args = ['--require', join(folder, 'hook.cjs'), join(folder, 'app.ts'), 'alone'];
    expectRecorded(place, ['node', ...args], 1);
  });
});

describeNeeding(
  [command('babeltrace2'), otherNodes()],
  'a program in TypeScript whose types Node.js strips',
  () => {
    test.each(nodeReleases.filter(({ major }) => major >= 22))('Node.js $major', ({ path }) => {
      using place = new RecordingPlace();
      expectRecorded(place, [path, '--no-warnings', join(sourceFolder(place), 'app.ts')]);
    });
  },
);

describeNeeding([command('babeltrace2')], 'a program started by another', () => {
  test('node --test', () => {
    using place = new RecordingPlace();
    const folder = sourceFolder(place);
    for (const name of ['one', 'two']) {
      writeFileSync(
        join(folder, `${name}.test.js`),
        `import { test } from 'node:test';
        import { tracepoint } from '@spoor/tracer';
        const step = tracepoint('unit:step', { file: 'string', n: 'u32' });
        test('${name}', () => { for (let n = 0; n < 50; n += 1) step('${name}', n); });`,
      );
    }
    const files = ['one', 'two'].map((name) => join(folder, `${name}.test.js`));
    const done = place.record(['--no-auto', '--', 'node', '--test', ...files]);
    expect(done.status, done.stderr).toBe(0);
    expect(summaryOf(done.stderr)).toMatchObject({ eventCount: 100, lostCount: 0 });
    expect(textOfPeer(place.traceDir).match(/file = "(one|two)"/g)).toHaveLength(100);
  });

  test('a supervisor that starts it again after each death has all lives in one trace', () => {
    using place = new RecordingPlace();
    const folder = sourceFolder(place);
    writeFileSync(
      join(folder, 'service.js'),
      `import { tracepoint } from '@spoor/tracer';
      const served = tracepoint('service:served', { life: 'u32', n: 'u32' });
      const life = Number(process.env.LIFE);
      for (let n = 0; n < 1000; n += 1) served(life, n);
      if (life === 1) process.exit(1);
      if (life === 2) throw new Error('on purpose');
      process.kill(process.pid, life === 3 ? 'SIGKILL' : 'SIGTERM');
      setInterval(() => {}, 1000);`,
    );
    writeFileSync(
      join(folder, 'supervisor.js'),
      `import { fork } from 'node:child_process';
      for (let life = 1; life <= 4; life += 1) {
        const env = { ...process.env, LIFE: String(life) };
        const child = fork(new URL('service.js', import.meta.url), { env, stdio: 'ignore' });
        await new Promise((done) => child.once('exit', done));
      }`,
    );
    const done = place.record(['--no-auto', '--', 'node', join(folder, 'supervisor.js')]);
    expect(done.status, done.stderr).toBe(0);
    expect(summaryOf(done.stderr)).toMatchObject({ eventCount: 4000, lostCount: 0, processCount: 5 });
    const text = textOfPeer(place.traceDir);
    for (let life = 1; life <= 4; life += 1) {
      const numbers = [...text.matchAll(new RegExp(`life = ${life}, n = (\\d+) `, 'g'))].map(([, n]) =>
        Number(n),
      );
      expect(numbers).toEqual(Array.from({ length: 1000 }, (_, n) => n));
    }
  });
});
