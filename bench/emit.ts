// What does it cost a program to emit an event, against LTTng-UST in C? Both overwrite a ring of 16 sub-buffers of
// 256 KiB that nobody reads: the producer's cost alone.
import type { RingMode } from '@spoor/ringbuffer';
import { join } from 'node:path';
import { buildUstProgram, lttngNeeds } from '../tests/support/lttng.ts';
import { repoRoot } from '../tests/support/machine.ts';
import { atMost, compare, ratioAtMost, spend, type Sample } from './harness.ts';
import { requirePeer, ringGeometry, runUnreadUst, withUnreadRing } from './support/unread-ring.ts';

const count = 1_000_000;
const batches = 7;
/** No event of the loops is one of which this is true. */
const refusing = 'a < 0';
const loop = join(import.meta.dirname, 'support', 'emit-loop.js');
const bytesLoop = join(import.meta.dirname, 'support', 'event-bytes.js');

requirePeer(lttngNeeds());
const program = buildUstProgram(join(repoRoot, 'bench/support/ust-emit/emit.c'));

async function runLoop(env: Readonly<Record<string, string>>, ...more: string[]): Promise<Sample> {
  const argv = [process.execPath, loop, String(count), String(batches), ...more];
  const { stdout } = await spend(argv, { stdout: 'text', env });
  return JSON.parse(stdout) as Sample;
}

async function runRecorded(mode: RingMode, filter?: string): Promise<Sample> {
  const rules = [{ name: '*', exclude: [], ...(filter === undefined ? {} : { filter }) }];
  return await withUnreadRing({ mode, rules }, (env) =>
    runLoop(env, ...(filter === undefined ? [] : ['reject'])),
  );
}

async function runSpoor(): Promise<Sample> {
  const recorded = await runRecorded('overwrite');
  const disabled = await runLoop({});
  // Nobody empties the ring: after the warm-up of the first loop every event is one that finds it full.
  const full = await runRecorded('discard');
  const rejected = await runRecorded('overwrite', refusing);
  return {
    ...recorded,
    ...disabled,
    ...rejected,
    ...(await measureBytes()),
    droppedNs: full['fourNs'] ?? Number.NaN,
  };
}

/** How large events are in the trace, with what their packets hold besides them and their headers. */
async function measureBytes(): Promise<Sample> {
  const rules = [{ name: '*', exclude: [] }];
  return await withUnreadRing({ mode: 'overwrite', rules }, async (env) => {
    const { stdout } = await spend([process.execPath, bytesLoop], { stdout: 'text', env });
    return JSON.parse(stdout) as Sample;
  });
}

async function runUst(): Promise<Sample> {
  const recorded = await runUstSession('snapshot');
  const rejected = await runUstSession('snapshot', refusing);
  const full = await runUstSession('discard');
  const { fourNs = Number.NaN } = recorded;
  // It has no strings that are kept: its event with one is the peer of all of ours.
  const strings = { cachedNs: fourNs, internedNs: fourNs };
  return {
    ...recorded,
    ...strings,
    ...full,
    rejectNs: rejected['oneNs'] ?? Number.NaN,
  };
}

/** In `discard` mode the consumer is stopped, and events that find the ring full are measured. */
async function runUstSession(mode: 'snapshot' | 'discard', filter?: string): Promise<Sample> {
  return await runUnreadUst(
    {
      mode,
      enable: filter === undefined ? ['emit:empty', 'emit:one', 'emit:four', 'emit:many*'] : ['emit:one'],
      ...(filter === undefined ? {} : { filter }),
    },
    [program, String(count), String(batches), ...(mode === 'discard' ? ['full'] : [])],
  );
}

await compare({
  name: 'emit',
  question: 'What does emitting an event cost, against LTTng-UST in C?',
  contenders: [
    { name: 'spoor', run: runSpoor },
    { name: 'lttng-ust', run: runUst },
  ],
  judge: [
    ratioAtMost('spoor', 'lttng-ust', 'emptyNs', 0.5),
    ratioAtMost('spoor', 'lttng-ust', 'oneNs', 0.5),
    ratioAtMost('spoor', 'lttng-ust', 'fourNs', 0.8),
    ratioAtMost('spoor', 'lttng-ust', 'cachedNs', 0.55),
    ratioAtMost('spoor', 'lttng-ust', 'internedNs', 0.55),
    ratioAtMost('spoor', 'lttng-ust', 'manyNs', 1.2),
    ratioAtMost('spoor', 'lttng-ust', 'inWorkNs', 1.2),
    ratioAtMost('spoor', 'lttng-ust', 'rejectNs', 0.2),
    ratioAtMost('spoor', 'lttng-ust', 'droppedNs', 0.3),
    atMost('spoor', 'disabledNs', 1),
    atMost('spoor', 'collectionsPer10M', 10),
    // The hundredth is an extended header now and then, and the texts that interned strings stand for.
    atMost('spoor', 'emptyBytesPerEvent', 4 * 1.01),
    atMost('spoor', 'oneBytesPerEvent', 8 * 1.01),
    atMost('spoor', 'fourBytesPerEvent', 37 * 1.01),
    atMost('spoor', 'internedBytesPerEvent', 24 * 1.01),
  ],
  facts: { eventsPerBatch: count, batches, ...ringGeometry },
});
