// The commands that a checkout is used by: the bootstrap before `npm start` and `npm test`, what becomes of
// suites that lack something, and the list of benchmarks.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type Need, command, describeNeeding, repoRoot, root, suiteFate } from './support/needs.ts';

const bootstrap = join(repoRoot, 'scripts/bootstrap.mjs');

function runBootstrap(words: readonly [string, ...string[]]): {
  status: number | null;
  stdout: string;
  stderr: string;
} {
  const [program, ...args] = words;
  return spawnSync(program, [...args, bootstrap], { cwd: repoRoot, encoding: 'utf8' });
}

/** Lets Node.js claim another version. */
function pretending(version: string): [string, ...string[]] {
  const code = `Object.defineProperty(process,"versions",{value:{...process.versions,node:"${version}"}})`;
  return [process.execPath, '--import', `data:text/javascript,${encodeURIComponent(code)}`];
}

test.each(['18.20.4', '20.18.3'])('the bootstrap refuses Node.js %s in one clear line', (version) => {
  const done = runBootstrap(pretending(version));
  expect(done.status).toBe(1);
  expect(done.stdout + done.stderr).toBe(`spoor: Node.js 20.19 or newer is needed, this is ${version}.\n`);
});

test.each(['20.19.0', '22.0.0'])('the bootstrap takes Node.js %s', (version) => {
  expect(runBootstrap(pretending(version)).status).toBe(0);
});

test('the bootstrap does nothing long when nothing changed', () => {
  expect(runBootstrap([process.execPath]).status).toBe(0);
  const again = runBootstrap([process.execPath]);
  expect(again.status).toBe(0);
  expect(again.stderr).not.toMatch(/installing|building/);
});

describeNeeding([root(), command('unshare')], 'without a network', () => {
  test('the bootstrap of an installed checkout works', () => {
    const done = runBootstrap(['unshare', '--net', process.execPath]);
    expect(done.status, done.stderr).toBe(0);
  });
});

test('a suite that lacks something is skipped by name, or fails where SPOOR_REQUIRE lists its group', () => {
  const met: Need = { group: 'interop', lack: 'no peer', met: true };
  const peer: Need = { group: 'interop', lack: 'no peer', met: false };
  const browser: Need = { group: 'e2e', lack: 'no browser', met: false };
  expect(suiteFate([met], 'all')).toEqual({ kind: 'run' });
  expect(suiteFate([met, peer], '')).toEqual({ kind: 'skip', lack: 'no peer' });
  expect(suiteFate([peer, browser], 'root,corpus')).toEqual({ kind: 'skip', lack: 'no peer; no browser' });
  expect(suiteFate([peer, browser], 'root,e2e')).toEqual({ kind: 'fail', lack: 'no peer; no browser' });
  expect(suiteFate([peer], 'all')).toEqual({ kind: 'fail', lack: 'no peer' });
});

test('an unknown benchmark is named, with those that there are', () => {
  const done = spawnSync(process.execPath, ['scripts/bench.mjs', 'no-such'], {
    cwd: repoRoot,
    encoding: 'utf8',
  });
  expect(done.status).toBe(2);
  expect(done.stderr).toMatch(/^bench: no benchmark named no-such; there are: /);
});
