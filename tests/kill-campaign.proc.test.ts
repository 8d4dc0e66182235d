// Some rounds of the campaign that kills programs, consumers and recorders at random moments; `npm run kill-campaign` has
// as many as one likes.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { repoRoot } from './support/machine.ts';

test('whoever is killed, and when: every committed event is in the trace once and whole', () => {
  const script = join(repoRoot, 'scripts/kill-campaign.mjs');
  // The seed of which each kind of victim and of ring is among the first five rounds.
  const args = [script, '--rounds', '5', '--seed', '110'];
  const done = spawnSync(process.execPath, args, {
    encoding: 'utf8',
    timeout: 540_000,
    killSignal: 'SIGKILL',
  });
  expect(done.status, done.stdout + done.stderr).toBe(0);
  expect(done.stdout).toMatch(/5 rounds, [1-9]\d* events, all of them once and whole/);
}, 600_000);
