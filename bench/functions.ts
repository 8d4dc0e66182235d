// What do entry and exit of a function cost, against gcc -finstrument-functions with liblttng-ust-cyg-profile-fast? Both
// overwrite a ring of 16 sub-buffers of 256 KiB that nobody reads. And what does a function cost that was rewritten and
// is not recorded? Two bare readings of the clock stand beside: a pair has two times, so that is its floor.
import { join } from 'node:path';
import { cygProfileLibraries, cygProfileNeeds } from '../tests/support/cyg-profile.ts';
import { buildUstProgram } from '../tests/support/lttng.ts';
import { repoRoot } from '../tests/support/machine.ts';
import { registerPath } from '../tests/support/session.ts';
import { atMost, compare, ratioAtMost, spend, type Sample } from './harness.ts';
import { requirePeer, ringGeometry, runUnreadUst, withUnreadRing } from './support/unread-ring.ts';

const count = 2_000_000;
const batches = 7;
const loop = join(import.meta.dirname, 'support', 'function-loop.js');
const clockLoop = join(import.meta.dirname, 'support', 'clock-loop.js');
const library = cygProfileLibraries[1];

requirePeer(cygProfileNeeds());
const program = buildUstProgram(join(repoRoot, 'bench/support/ust-functions/functions.c'), [
  '-finstrument-functions',
]);

/** @param rule names the events that are recorded. */
async function runRewritten(rule: string, iterations = count): Promise<Sample> {
  const argv = [process.execPath, '--require', registerPath, loop, String(iterations), String(batches)];
  return await withUnreadRing({ rules: [{ name: rule, exclude: [] }] }, async (env) => {
    const { stdout } = await spend(argv, { stdout: 'text', env: { ...env, SPOOR_FUNCTIONS: loop } });
    return JSON.parse(stdout) as Sample;
  });
}

async function runSpoor(): Promise<Sample> {
  const recorded = await runRewritten('js:*');
  const off = await runRewritten('none:*', count * 10);
  const argv = [process.execPath, loop, String(count * 10), String(batches)];
  const plain = JSON.parse((await spend(argv, { stdout: 'text' })).stdout) as Sample;
  return { ...recorded, disabledNs: off['pairNs']! - plain['pairNs']! };
}

/** Two times, and no events. */
async function runClock(): Promise<Sample> {
  const argv = [process.execPath, clockLoop, String(count), String(batches)];
  return JSON.parse((await spend(argv, { stdout: 'text' })).stdout) as Sample;
}

async function runUst(): Promise<Sample> {
  const command = ['env', `LD_PRELOAD=${library}`, program, String(count), String(batches)];
  return await runUnreadUst({ mode: 'snapshot', enable: ['lttng_ust_cyg_profile_fast:*'] }, command);
}

await compare({
  name: 'functions',
  question: 'What do entry and exit of a function cost, against lttng-ust-cyg-profile-fast in C?',
  contenders: [
    { name: 'spoor', run: runSpoor },
    { name: 'two readings', run: runClock },
    { name: 'lttng-ust', run: runUst },
  ],
  judge: [
    ratioAtMost('spoor', 'lttng-ust', 'pairNs', 0.4),
    ratioAtMost('two readings', 'lttng-ust', 'pairNs'),
    atMost('spoor', 'disabledNs', 1),
    atMost('spoor', 'collectionsPer1M', 1),
  ],
  facts: { callsPerBatch: count, batches, ...ringGeometry },
});
