// How fast does a trace of five million events become tables? Nothing else makes tables of CTF: babeltrace2's text is the
// reference for how long a reading that shows every field takes, and its Python bindings, where they are installed, for
// what a person would write to fill a data frame.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { repoRoot } from '../tests/support/machine.ts';
import { spoorProgram } from '../tests/support/spoor.ts';
import { atMost, command, compare, faster, type Contender } from './harness.ts';
import { ustTrace } from './support/ust-trace.ts';

const { dir, events } = await ustTrace();
// The bindings take minutes for millions of events.
const few = await ustTrace(Math.ceil(events / 25));
const scratch = mkdtempSync(join(repoRoot, '.cache', 'bench', 'columns-'));
const spoor = [process.execPath, spoorProgram];

/** Runs a command whose output directory is made anew each time; tells the time of an event, too. */
function contender(name: string, argv: (out: string) => readonly string[], count = events): Contender {
  const out = join(scratch, name.replaceAll(' ', '-'));
  const inner = command(name, argv(out));
  return {
    name,
    run: async () => {
      rmSync(out, { recursive: true, force: true });
      const sample = await inner.run();
      return { ...sample, eventCpuNs: (sample['cpuS']! * 1e9) / count };
    },
  };
}

// The distribution's Python has its modules; another that comes first in PATH has not.
const withPython = spawnSync('/usr/bin/python3', ['-c', 'import bt2']).status === 0;

try {
  await compare({
    name: 'columns',
    question: 'How fast does a trace become tables?',
    facts: { events },
    contenders: [
      contender('parquet', (out) => [...spoor, '-o', 'parquet', '-w', out, dir]),
      contender('arrow', (out) => [...spoor, '-o', 'arrow', '-w', out, dir]),
      contender('arrow stream', () => [...spoor, '-o', 'arrow', dir]),
      contender('babeltrace2 text', () => ['babeltrace2', dir]),
      ...(withPython
        ? [
            contender(
              'python3-bt2',
              () => ['/usr/bin/python3', join(repoRoot, 'bench/support/read-all-fields.py'), few.dir],
              few.events,
            ),
          ]
        : []),
    ],
    judge: [
      faster('parquet', 'babeltrace2 text', 'cpuS', 1),
      faster('arrow', 'babeltrace2 text', 'cpuS', 2),
      ...(withPython ? [faster('parquet', 'python3-bt2', 'eventCpuNs', 15)] : []),
      atMost('parquet', 'peakRssBytes', 200e6),
      atMost('arrow', 'peakRssBytes', 200e6),
    ],
  });
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
