// How fast is a trace of five million events counted and printed, against babeltrace2? The trace is recorded on the
// spot by LTTng-UST: two CPU streams with contexts vpid, vtid and procname, seven kinds of events.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { lttngNeeds, recordUst } from '../tests/support/lttng.ts';
import { repoRoot } from '../tests/support/machine.ts';
import { spoorProgram } from '../tests/support/spoor.ts';
import { atMost, command, compare, faster } from './harness.ts';

const lacks = lttngNeeds().filter((need) => !need.met);
if (lacks.length > 0) {
  throw new Error(`this benchmark needs its peer: ${lacks.map(({ lack }) => lack).join('; ')}`);
}

const events = Number(process.env['SPOOR_BENCH_EVENTS'] ?? 5_000_000);
const dir = join(repoRoot, '.cache', 'bench', `ust-${events}`);
if (!existsSync(dir)) {
  await recordUst({
    dir,
    events,
    contexts: ['vpid', 'vtid', 'procname'],
    subBufferSizeBytes: 4 * 1024 * 1024,
    subBufferCount: 8,
  });
}

const spoor = [process.execPath, spoorProgram];
const utc = { env: { TZ: 'UTC' } };
await compare({
  name: 'read',
  question: 'How fast is a trace counted and printed?',
  facts: { events },
  contenders: [
    command('spoor count', [...spoor, '-o', 'dummy', dir]),
    command('babeltrace2 count', ['babeltrace2', '-o', 'dummy', dir]),
    command('spoor text', [...spoor, dir], utc),
    command('babeltrace2 text', ['babeltrace2', dir], utc),
  ],
  judge: [
    faster('spoor count', 'babeltrace2 count', 'cpuS', 6),
    faster('spoor text', 'babeltrace2 text', 'cpuS', 3),
    atMost('spoor count', 'peakRssBytes', 90e6),
    atMost('spoor text', 'peakRssBytes', 90e6),
  ],
});
