// What do sessions cost their users, beside LTTng with programs in C? How soon a verb is answered, 100 programs are recorded,
// an event of all of them is enabled; how fast full rings are written out, a flight recorder, a trigger's snapshot; and what daemon
// and programs take while nothing happens. Programs run before what is measured begins: 100 of Node.js take seconds of
// processor time to start, traced or not.
import { lttngNeeds } from '../tests/support/lttng.ts';
import { atMost, compare, ratioAtMost, type Contender, type Sample } from './harness.ts';
import { idleSeconds, loads } from './support/control-loads.ts';
import * as lttng from './support/control-lttng.ts';
import * as spoor from './support/control-spoor.ts';
import { requirePeer } from './support/unread-ring.ts';

requirePeer(lttngNeeds());

const parts = ['answers', 'drain', 'snapshot', 'programs'] as const;
const asked = (process.env['SPOOR_BENCH_PARTS'] ?? parts.join(',')).split(',');

function contender(
  name: string,
  side: Readonly<Record<(typeof parts)[number], () => Promise<Sample>>>,
): Contender {
  return {
    name,
    run: async () => {
      let sample: Sample = {};
      for (const part of parts) if (asked.includes(part)) sample = { ...sample, ...(await side[part]()) };
      return sample;
    },
  };
}

/** The floors: of the issue of sessions, less what is asked of a rate, which has a ratio. */
const limits = {
  answers: { besideStartMs: 60, commandMs: 250 },
  drain: {},
  snapshot: { snapshotMs: 300, triggerMs: 200 },
  programs: { registerMs: 2000, enableMs: 300, idleDaemonBytes: 70e6, idleDaemonCpuPercent: 0.5 },
} as const;

await compare({
  name: 'control',
  question: 'How quick are sessions, and what do they take while nothing happens?',
  contenders: [contender('spoor', spoor), contender('lttng', lttng)],
  judge: parts
    .filter((part) => asked.includes(part))
    .flatMap((part) => [
      ...Object.entries(limits[part]).map(([metric, goal]) => atMost('spoor', metric, goal)),
      ...(part === 'drain' ? [ratioAtMost('lttng', 'spoor', 'drainMbPerSecond')] : []),
    ]),
  rounds: Number(process.env['SPOOR_BENCH_ROUNDS'] ?? 3),
  warmups: 0,
  facts: { programs: loads.many.programs, threads: loads.many.threads, idleSeconds },
});
