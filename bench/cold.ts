// How long does a process take for a short trace with much metadata? `many-threads` is a kernel's: 240,644 events of
// 8.1 MB, 1181 event classes in 311 kB of metadata, of which 61 occur. Here start-up and compilation are most of it.
import { spawnSync } from 'node:child_process';
import { corpusNeeds, corpusTrace } from '../tests/support/corpus.ts';
import { command as commandNeed } from '../tests/support/machine.ts';
import { spoorProgram } from '../tests/support/spoor.ts';
import { command, compare, faster } from './harness.ts';

const lacking = [...corpusNeeds('tracecompass'), commandNeed('babeltrace2')].filter(({ met }) => !met);
if (lacking.length > 0) {
  console.log(`bench: cold: left out, ${lacking.map(({ lack }) => lack).join('; ')}`);
  process.exit(0);
}

const dir = corpusTrace({ family: 'tracecompass', trace: 'many-threads' });
const spoor = [process.execPath, spoorProgram];
// The first run of a build leaves V8's compiled form of it for the others.
spawnSync(process.execPath, [spoorProgram, dir], { stdio: 'ignore' });
const uncached = { env: { NODE_DISABLE_COMPILE_CACHE: '1' } };

await compare({
  name: 'cold',
  question: 'How long does a process take for a short trace with much metadata?',
  contenders: [
    command('spoor count', [...spoor, '-o', 'dummy', dir]),
    command('babeltrace2 count', ['babeltrace2', '-o', 'dummy', dir]),
    command('spoor text', [...spoor, dir]),
    command('babeltrace2 text', ['babeltrace2', dir]),
    command('spoor text, first run', [...spoor, dir], uncached),
    command('node alone', [process.execPath, '-e', '0']),
  ],
  judge: [
    faster('spoor count', 'babeltrace2 count', 'wallS', 1),
    faster('spoor text', 'babeltrace2 text', 'wallS', 1),
    faster('spoor text, first run', 'babeltrace2 text', 'wallS'),
  ],
});
