// How soon is a snapshot of a kernel flight recorder on disk? All scheduling and system calls of the machine while processes
// play ping-pong fill rings of 8 MiB a processor; the snapshot is a trace with its state dump, and recording goes on. `firstMs`
// is the first of a process, compilation included. Needs root and tracefs.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tracefs } from '../tests/support/machine.ts';
import { atMost, compare, spend, type Sample } from './harness.ts';
import { compiledProgram } from './support/compiled-program.ts';

const need = tracefs();
if (!need.met) throw new Error(`this benchmark needs the kernel: ${need.lack}`);
const load = compiledProgram('kernel-load');
const recorder = join(import.meta.dirname, 'support', 'kernel-flight-recorder.js');
const ringBytes = 8 << 20;
const goalMs = 500;

await compare({
  name: 'kernel-snapshot',
  question: 'How soon is a snapshot of a kernel flight recorder on disk?',
  facts: { ringBytes },
  contenders: [
    {
      name: 'spoor',
      run: async (): Promise<Sample> => {
        const folder = mkdtempSync(join(tmpdir(), 'spoor-bench-snapshot-'));
        try {
          const words = [process.execPath, recorder, folder, String(ringBytes), load];
          const { stdout } = await spend(words, { stdout: 'text' });
          return JSON.parse(stdout) as Sample;
        } finally {
          rmSync(folder, { recursive: true });
        }
      },
    },
  ],
  judge: [atMost('spoor', 'tookMs', goalMs), atMost('spoor', 'firstMs', goalMs)],
});
