// How long the event loop slept is read where libuv counts it, on every release of Node.js, and never from a wrong place.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { describeNeeding, repoRoot } from '../support/needs.ts';
import { nodeReleases, otherNodes } from '../support/node-versions.ts';

const program = join(repoRoot, 'tests/tiers/loop-idle.mjs');
const sysUrl = pathToFileURL(join(repoRoot, 'packages/sys/dist/index.js')).href;

function run(path: string, environment: Readonly<Record<string, string>>): unknown {
  const env = { ...process.env, ...environment };
  const { status, stdout, stderr } = spawnSync(path, [program, sysUrl], {
    encoding: 'utf8',
    timeout: 60_000,
    env,
  });
  expect(status, stderr).toBe(0);
  return JSON.parse(stdout);
}

describeNeeding([otherNodes()], 'the time that the loop slept', () => {
  test.each(nodeReleases)(
    'is not asked for once its place has proved right, on Node.js $major',
    ({ path }) => {
      // The loop of a worker is another one.
      expect(run(path, {})).toEqual({ main: { same: 20, asked: 3 }, worker: { same: 20, asked: 20 } });
    },
  );

  test.each(nodeReleases)('is asked for where memory cannot be looked at, on Node.js $major', ({ path }) => {
    const asked = { same: 20, asked: 20 };
    expect(run(path, { SPOOR_NO_KOFFI: '1' })).toEqual({ main: asked, worker: asked });
  });
});
