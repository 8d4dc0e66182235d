// What do entry and exit of a function cost, against gcc -finstrument-functions with liblttng-ust-cyg-profile-fast? Both
// overwrite a ring of 16 sub-buffers of 256 KiB that nobody reads. And what does a function cost that was rewritten and
// is not recorded? Two bare readings of the clock stand beside: a pair has two times, so that is its floor.
import { SESSION_FILE, SESSION_VARIABLE } from '@spoor/ringbuffer';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cygProfileLibraries, cygProfileNeeds } from '../tests/support/cyg-profile.ts';
import { buildUstProgram, runUnderLttng } from '../tests/support/lttng.ts';
import { repoRoot } from '../tests/support/machine.ts';
import { describeSession, registerPath } from '../tests/support/session.ts';
import { atMost, compare, ratioAtMost, spend, type Sample } from './harness.ts';

const count = 2_000_000;
const batches = 7;
const subBufferSizeBytes = 256 * 1024;
const subBufferCount = 16;
const loop = join(import.meta.dirname, 'support', 'function-loop.js');
const clockLoop = join(import.meta.dirname, 'support', 'clock-loop.js');
const library = cygProfileLibraries[1];

const lacks = cygProfileNeeds().filter((need) => !need.met);
if (lacks.length > 0)
  throw new Error(`this benchmark needs its peer: ${lacks.map(({ lack }) => lack).join('; ')}`);
const program = buildUstProgram(join(repoRoot, 'bench/support/ust-functions/functions.c'), [
  '-finstrument-functions',
]);

/** @param rule names the events that are recorded. */
async function runRewritten(rule: string, iterations = count): Promise<Sample> {
  const run = mkdtempSync('/dev/shm/spoor-bench-');
  try {
    const session = describeSession('/nowhere', {
      mode: 'overwrite',
      subBufferSizeBytes,
      subBufferCount,
      rules: [{ name: rule, exclude: [] }],
    });
    writeFileSync(join(run, SESSION_FILE), JSON.stringify(session));
    const argv = [process.execPath, '--require', registerPath, loop, String(iterations), String(batches)];
    const env = { [SESSION_VARIABLE]: run, SPOOR_FUNCTIONS: loop };
    const { stdout } = await spend(argv, { stdout: 'text', env });
    return JSON.parse(stdout) as Sample;
  } finally {
    rmSync(run, { recursive: true });
  }
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
  const dir = mkdtempSync(join(tmpdir(), 'spoor-bench-ust-'));
  mkdirSync(join(dir, 'trace'));
  try {
    const { stdout } = await runUnderLttng(
      {
        dir: join(dir, 'trace'),
        mode: 'snapshot',
        subBufferSizeBytes,
        subBufferCount,
        enable: ['lttng_ust_cyg_profile_fast:*'],
      },
      [['env', `LD_PRELOAD=${library}`, program, String(count), String(batches)]],
    );
    return JSON.parse(stdout) as Sample;
  } finally {
    rmSync(dir, { recursive: true });
  }
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
  facts: { callsPerBatch: count, batches, subBufferSizeBytes, subBufferCount },
});
