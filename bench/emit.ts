// What does it cost a program to emit an event, against LTTng-UST in C? Both overwrite a ring of 16 sub-buffers of
// 256 KiB that nobody reads: the producer's cost alone.
import { SESSION_FILE, SESSION_VARIABLE, type RingMode } from '@spoor/ringbuffer';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildUstProgram, lttngNeeds, runUnderLttng } from '../tests/support/lttng.ts';
import { repoRoot } from '../tests/support/machine.ts';
import { describeSession } from '../tests/support/session.ts';
import { atMost, compare, ratioAtMost, spend, type Sample } from './harness.ts';

const count = 1_000_000;
const batches = 7;
const subBufferSizeBytes = 256 * 1024;
const subBufferCount = 16;
const loop = join(import.meta.dirname, 'support', 'emit-loop.js');

const lacks = lttngNeeds().filter((need) => !need.met);
if (lacks.length > 0)
  throw new Error(`this benchmark needs its peer: ${lacks.map(({ lack }) => lack).join('; ')}`);
const program = buildUstProgram(join(repoRoot, 'bench/support/ust-emit/emit.c'));

async function runLoop(env: Readonly<Record<string, string>>): Promise<Sample> {
  const argv = [process.execPath, loop, String(count), String(batches)];
  const { stdout } = await spend(argv, { stdout: 'text', env });
  return JSON.parse(stdout) as Sample;
}

async function runRecorded(mode: RingMode): Promise<Sample> {
  const run = mkdtempSync('/dev/shm/spoor-bench-');
  try {
    const session = describeSession('/nowhere', { mode, subBufferSizeBytes, subBufferCount });
    writeFileSync(join(run, SESSION_FILE), JSON.stringify(session));
    return await runLoop({ [SESSION_VARIABLE]: run });
  } finally {
    rmSync(run, { recursive: true });
  }
}

async function runSpoor(): Promise<Sample> {
  const recorded = await runRecorded('overwrite');
  const disabled = await runLoop({});
  // Nobody empties the ring: after the warm-up of the first loop every event is one that finds it full.
  const full = await runRecorded('discard');
  return { ...recorded, ...disabled, droppedNs: full['fourNs'] ?? Number.NaN };
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
        enable: ['emit:empty', 'emit:one', 'emit:four'],
      },
      [[program, String(count), String(batches)]],
    );
    return JSON.parse(stdout) as Sample;
  } finally {
    rmSync(dir, { recursive: true });
  }
}

await compare({
  name: 'emit',
  question: 'What does emitting an event cost, against LTTng-UST in C?',
  contenders: [
    { name: 'spoor', run: runSpoor },
    { name: 'lttng-ust', run: runUst },
  ],
  judge: [
    ratioAtMost('spoor', 'lttng-ust', 'emptyNs', 0.6),
    ratioAtMost('spoor', 'lttng-ust', 'oneNs', 0.6),
    ratioAtMost('spoor', 'lttng-ust', 'fourNs', 0.9),
    atMost('spoor', 'disabledNs', 1),
    atMost('spoor', 'collectionsPer10M', 10),
  ],
  facts: { eventsPerBatch: count, batches, subBufferSizeBytes, subBufferCount },
});
