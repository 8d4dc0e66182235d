// docs/manual/production.md, done as it says: the packages packed, installed in an empty directory without scripts, and
// its service recorded there. The packages of others are packed from the checkout too: no network is needed.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statfsSync,
  writeFileSync,
} from 'node:fs';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { command, describeNeeding, repoRoot } from '../support/needs.ts';
import { nodeReleases } from '../support/node-versions.ts';
import { readByPeer, summaryOf, textOfPeer, until } from '../support/recording.ts';
import { removeTree } from '../support/removal.ts';

interface Lock {
  readonly packages: Readonly<
    Record<
      string,
      {
        readonly dependencies?: Readonly<Record<string, string>>;
        readonly optionalDependencies?: Readonly<Record<string, string>>;
      }
    >
  >;
}

const page = readFileSync(join(repoRoot, 'docs/manual/production.md'), 'utf8');
/** Some thousand small files: quick in memory, if there is plenty of it. */
const { bavail, bsize } = statfsSync('/dev/shm');
const place = mkdtempSync(join(bavail * bsize > 2 ** 30 ? '/dev/shm' : tmpdir(), 'spoor-packed-'));
const service = join(place, 'service');
const tarballs = join(place, 'tarballs');
const spoorCommand = join(service, 'node_modules/.bin/spoor');
afterAll(() => removeTree(place));

/** Folders of the packages of others that ours need to run, as they are installed here. */
function foreignPackages(): string[] {
  const { packages } = JSON.parse(readFileSync(join(repoRoot, 'package-lock.json'), 'utf8')) as Lock;
  const found = new Set<string>();
  /** Where Node.js finds a package from the folder of another. */
  const folderOf = (path: string, name: string): string => {
    const nested = `${path === '' ? '' : `${path}/`}node_modules/${name}`;
    if (path === '' || packages[nested] !== undefined) return nested;
    return folderOf(path.slice(0, Math.max(0, path.lastIndexOf('/node_modules/'))), name);
  };
  const visit = (path: string): void => {
    const { dependencies, optionalDependencies } = packages[path] ?? {};
    for (const name of Object.keys({ ...dependencies, ...optionalDependencies })) {
      const folder = folderOf(path, name);
      // Binaries for other machines are not installed here.
      if (found.has(folder) || name.startsWith('@spoor/') || !existsSync(join(repoRoot, folder))) continue;
      found.add(folder);
      visit(folder);
    }
  };
  for (const name of readdirSync(join(repoRoot, 'packages'))) visit(`packages/${name}`);
  return [...found].map((folder) => `./${folder}`);
}

function npm(args: readonly string[], cwd: string): void {
  const done = spawnSync('npm', [...args, '--ignore-scripts', '--loglevel=error'], {
    cwd,
    encoding: 'utf8',
    timeout: 300_000,
    // Empty: nothing that somebody fetched before is used.
    env: { ...process.env, npm_config_cache: join(place, 'cache') },
  });
  if (done.status !== 0)
    throw new Error(`npm ${args[0]} failed (${done.status ?? done.signal}):\n${done.stdout}${done.stderr}`);
}

beforeAll(() => {
  mkdirSync(tarballs);
  mkdirSync(service);
  const into = ['--pack-destination', tarballs];
  npm(['pack', '--workspaces', ...into], repoRoot);
  npm(['pack', ...foreignPackages(), ...into], repoRoot);
  writeFileSync(join(service, 'package.json'), '{ "name": "service", "version": "1.0.0", "type": "module" }');
  const files = readdirSync(tarballs).map((name) => join(tarballs, name));
  npm(['install', '--offline', '--no-audit', '--no-fund', ...files], service);
  const [, code] = /```js\n(\/\/ server\.js\n[\s\S]*?)```/.exec(page)!;
  writeFileSync(join(service, 'server.js'), code!);
}, 900_000);

/** A command line of the page that begins so. */
function lineOf(beginning: string): string {
  const line = page.split('\n').find((one) => one.startsWith(beginning));
  if (line === undefined) throw new Error(`docs/manual/production.md has no line \`${beginning}\``);
  return line;
}

/** The child process that has this command line. */
function childOf(pid: number, commandLine: string): number {
  const wanted = `${commandLine.replaceAll(' ', '\0')}\0`;
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      if (readFileSync(`/proc/${name}/cmdline`, 'utf8') !== wanted) continue;
      const stat = readFileSync(`/proc/${name}/stat`, 'latin1');
      if (Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]) === pid) return Number(name);
    } catch {
      // It has ended meanwhile.
    }
  }
  throw new Error(`process ${pid} has no child \`${commandLine}\``);
}

async function request(port: string): Promise<void> {
  await new Promise<void>((done, failed) => {
    get({ port, host: '127.0.0.1', headers: { 'user-agent': 'a test' } }, (response) => {
      response.resume().once('end', done);
    }).once('error', failed);
  });
}

describeNeeding([command('babeltrace2')], 'a service with the packed packages', () => {
  test('brings one package of others into the program: koffi', () => {
    const text = `process.env.SPOOR_SESSION = '/nowhere'; await import('@spoor/tracer/register'); await import('@spoor/tracer');
      const { createRequire } = await import('node:module');
      createRequire(import.meta.url)('koffi');
      console.log(Object.keys(createRequire(import.meta.url).cache).join('\\n'));`;
    const done = spawnSync(process.execPath, ['--input-type=module', '-e', text], {
      cwd: service,
      encoding: 'utf8',
    });
    expect(done.status, done.stderr).toBe(0);
    const names = new Set(done.stdout.match(/(?<=node_modules\/)(@[\w-]+\/)?[\w-]+/g));
    for (const name of names) expect(name).toMatch(/^(koffi|@koromix\/koffi-.*|@spoor\/tracer)$/);
    expect(names).toContain('koffi');
  });

  test.each([
    ['the Node.js of the tests', process.execPath],
    ...nodeReleases.map(({ major, path }) => [`Node.js ${major}`, path]),
  ])('is recorded as the page says, by %s', async (_, node) => {
    rmSync(join(service, 'traces'), { recursive: true, force: true });
    const runDir = mkdtempSync('/dev/shm/spoor-test-');
    // `node` on the page is the release that is asked for.
    const bin = mkdtempSync(join(place, 'bin-'));
    spawnSync('ln', ['-s', node!, join(bin, 'node')]);
    const env = {
      ...process.env,
      PORT: '0',
      SPOOR_RUN_DIR: runDir,
      PATH: [bin, join(service, 'node_modules/.bin'), process.env['PATH']].join(delimiter),
    };
    const words = lineOf('npx spoor record --overwrite').split(' ').slice(2);
    const recorder = spawn(spoorCommand, words, { cwd: service, env, stdio: ['ignore', 'pipe', 'pipe'] });
    try {
      let stdout = '';
      let stderr = '';
      recorder.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
      recorder.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
      await until(() => /listening on \d+/.test(stdout));
      const port = /listening on (\d+)/.exec(stdout)![1]!;
      for (let n = 0; n < 20; n += 1) await request(port);
      process.kill(childOf(recorder.pid!, 'node server.js'), 'SIGUSR2');
      await until(() => stdout.includes('snapshot of'));
      await request(port);
      recorder.kill('SIGTERM');
      await once(recorder, 'close');
      expect(recorder.exitCode, stderr).toBe(0);
      const orders = (path: string): number =>
        textOfPeer(join(service, path)).match(/shop:order_placed: .*customer = "a test"/g)?.length ?? 0;
      expect(orders('traces/snapshot-1')).toBe(20);
      expect(orders('traces/run')).toBe(21);
      expect(stderr).toContain('shop:orders = 21\n');
      expect(stderr).not.toContain('note:');
      const { eventCount, lostCount } = summaryOf(stderr);
      expect(lostCount).toBe(0);
      expect(readByPeer(join(service, 'traces/run'))).toEqual({ eventCount, stderr: '' });
      const analysed = spawnSync('sh', ['-c', lineOf('npx spoor analyze').replace('npx ', '')], {
        cwd: service,
        env,
        encoding: 'utf8',
      });
      expect(analysed.status, analysed.stderr).toBe(0);
      expect(analysed.stdout).toContain('shop:order_placed');
    } finally {
      recorder.kill('SIGKILL');
      removeTree(runDir);
    }
  });

  test('the page’s channels are what the command takes', () => {
    const [, ...words] = lineOf('npx spoor record -o traces/run --channel').split(/\s+/);
    const args = words.map((word) => word.replaceAll("'", ''));
    const at = args.indexOf('--');
    rmSync(join(service, 'traces'), { recursive: true, force: true });
    const done = spawnSync(spoorCommand, [...args.slice(1, at), '--', 'node', '-e', ''], {
      cwd: service,
      encoding: 'utf8',
    });
    expect(done.status, done.stderr).toBe(0);
  });
});
