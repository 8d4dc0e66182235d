// Some rounds of the campaigns that kill programs, consumers, recorders and daemons at random moments; `npm run
// kill-campaign` has as many as one likes.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { repoRoot } from './support/machine.ts';

/** Runs so many rounds; answers what was said of them. */
function campaign(rounds: number, seed: number, ...flags: readonly string[]): string {
  const script = join(repoRoot, 'scripts/kill-campaign.mjs');
  const args = [script, '--rounds', String(rounds), '--seed', String(seed), ...flags];
  const done = spawnSync(process.execPath, args, {
    encoding: 'utf8',
    timeout: 540_000,
    killSignal: 'SIGKILL',
  });
  expect(done.status, done.stdout + done.stderr).toBe(0);
  return done.stdout;
}

test('whoever is killed, and when: every committed event is in the trace once and whole', () => {
  // The seed of which each kind of victim and of ring is among the first five rounds.
  expect(campaign(5, 110)).toMatch(/5 rounds, [1-9]\d* events, all of them once and whole/);
}, 600_000);

test('a session outlives whoever is killed, and what it is told meanwhile', () => {
  // The seed of which each victim, each kind of session and of ring and each verb is among the first four rounds.
  expect(campaign(4, 106, '--sessions')).toMatch(/4 rounds, [1-9]\d* events, all of them once and whole/);
}, 600_000);
