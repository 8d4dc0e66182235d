// How fast is a trace of five million events printed with all its details, against babeltrace2? The trace is recorded
// on the spot by LTTng-UST: two CPU streams with contexts vpid, vtid and procname, seven kinds of events.
import { existsSync, renameSync } from 'node:fs';
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
  // Recorded aside and renamed: a recording that was interrupted is not taken for a whole one.
  const made = `${dir}.${process.pid}`;
  await recordUst({
    dir: made,
    events,
    contexts: ['vpid', 'vtid', 'procname'],
    subBufferSizeBytes: 4 * 1024 * 1024,
    subBufferCount: 8,
  });
  renameSync(made, dir);
}

await compare({
  name: 'details',
  question: 'How fast is a trace printed with all its details?',
  facts: { events },
  contenders: [
    command('spoor details', [process.execPath, spoorProgram, '-o', 'details', dir]),
    command('babeltrace2 details', ['babeltrace2', '-c', 'sink.text.details', dir]),
  ],
  judge: [
    faster('spoor details', 'babeltrace2 details', 'cpuS', 8),
    atMost('spoor details', 'peakRssBytes', 90e6),
  ],
});
