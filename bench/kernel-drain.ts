// What does it cost to empty the kernel's rings into files, against a C program that does what trace-cmd's recorder does:
// one process a processor, blocking splice(2)? Both record the same load with rings and sub-buffers of one size, into a
// tmpfs; CPU time is that of the recorder alone, from the first event to the last one in the files; of the whole command
// it is shown beside. `spoor, live CTF` makes LTTng's events of the pages meanwhile, which no program of the kernel's own does.
// Needs root and tracefs.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { findTracefs, TracefsInstance } from '@spoor/kernel/node';
import { lostOf, type RingStatistics } from '@spoor/kernel';
import { tracefs } from '../tests/support/machine.ts';
import { compare, ratioAtMost, spend, type Sample } from './harness.ts';
import { compiledProgram } from './support/compiled-program.ts';

const turns = Number(process.env['SPOOR_BENCH_TURNS'] ?? 400_000);
const subBufferBytes = Number(process.env['SPOOR_BENCH_SUB_BUFFER'] ?? 262_144);
const ringBytes = 8 << 20;

const need = tracefs();
if (!need.met) throw new Error(`this benchmark needs the kernel: ${need.lack}`);

const reader = compiledProgram('splice-reader');
const load = compiledProgram('kernel-load');
interface Recorded {
  /** From the first event to the last, in the files. */
  readonly cpuS: number;
  /** Of the whole command: formats, symbols and start, too. */
  readonly wholeCpuS: number;
  readonly read: number;
  readonly lost: number;
}

function sampleOf({ cpuS, wholeCpuS, read, lost }: Recorded): Sample {
  return { cpuNsPerEvent: (cpuS * 1e9) / read, wholeCpuS, events: read, lostEvents: lost };
}

function countsOf(statistics: readonly RingStatistics[]): Pick<Recorded, 'read' | 'lost'> {
  return {
    read: statistics.reduce((sum, ring) => sum + ring.read, 0),
    lost: statistics.reduce((sum, ring) => sum + lostOf(ring), 0),
  };
}

/** Records by one of our programs. */
async function recordedBy(program: string, folder: string, ready: string, stop: string): Promise<Recorded> {
  const path = join(import.meta.dirname, 'support', `${program}.js`);
  const sizes = [String(subBufferBytes), String(ringBytes)];
  const words = [process.execPath, path, join(folder, 'trace'), ...sizes, ready, stop];
  const { cpuS, stdout } = await spend(words, { stdout: 'text' });
  return { ...(JSON.parse(stdout) as Recorded), wholeCpuS: cpuS };
}

/** Runs a recorder, the load when that is ready, and stops it. */
async function during(
  record: (folder: string, ready: string, stop: string) => Promise<Recorded>,
  begin: () => void = () => {},
  end: () => void = () => {},
): Promise<Sample> {
  const folder = mkdtempSync(join(tmpdir(), 'spoor-bench-kernel-'));
  if (spawnSync('mount', ['-t', 'tmpfs', 'none', folder]).status !== 0)
    throw new Error('cannot mount a tmpfs');
  try {
    const ready = join(folder, 'ready');
    const stop = join(folder, 'stop');
    const running = record(folder, ready, stop);
    while (!existsSync(ready)) await sleep(10);
    begin();
    if (spawnSync(load, ['2', String(turns)]).status !== 0) throw new Error('the load failed');
    end();
    writeFileSync(stop, '');
    return sampleOf(await running);
  } finally {
    spawnSync('umount', ['--lazy', folder]);
    rmSync(folder, { recursive: true, force: true });
  }
}

await compare({
  name: 'kernel-drain',
  question: 'What does emptying the rings of the kernel cost, an event?',
  facts: { subBufferBytes, ringBytes, turns },
  contenders: [
    {
      name: 'spoor',
      run: () => during((...places) => recordedBy('kernel-recorder', ...places)),
    },
    {
      name: 'spoor, live CTF',
      run: () => during((...places) => recordedBy('kernel-ctf-recorder', ...places)),
    },
    {
      name: 'C, splice',
      run: async () => {
        using instance = TracefsInstance.create(findTracefs(), 'bench', 'spoorbench');
        instance.configure({ clock: 'mono', subBufferBytes, ringBytes, overwrite: false });
        instance.enable(['sched:sched_switch', 'sched:sched_waking', 'raw_syscalls:*']);
        return await during(
          async (folder, ready, stop) => {
            const arguments_ = [
              instance.path,
              folder,
              String(subBufferBytes),
              String(cpus().length),
              ready,
              stop,
            ];
            const { cpuS } = await spend([reader, ...arguments_]);
            return { cpuS, wholeCpuS: cpuS, ...countsOf(instance.statistics()) };
          },
          () => instance.start(),
          () => instance.stop(),
        );
      },
    },
  ],
  judge: [
    ratioAtMost('spoor', 'C, splice', 'cpuNsPerEvent', 1),
    ratioAtMost('spoor, live CTF', 'C, splice', 'cpuNsPerEvent', 1.5),
  ],
});
