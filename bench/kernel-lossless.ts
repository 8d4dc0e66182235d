// Up to which rate does nothing get lost? Processes play ping-pong over pipes at a chosen pace for a minute; all switches,
// wake-ups and system calls of the machine are recorded, with rings of 8 MiB a processor, as pages, as live CTF, and as pages
// by a C program that does what trace-cmd's recorder does: a rate at which that loses events, or at which they do not come,
// is more than the machine can do. Files go to a tmpfs; SPOOR_BENCH_SECONDS and SPOOR_BENCH_RATE (events a second, some rates between commas) choose. Needs
// root and tracefs.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { lostOf } from '@spoor/kernel';
import { findTracefs, TracefsInstance } from '@spoor/kernel/node';
import { tracefs } from '../tests/support/machine.ts';
import { atMost, compare, spend, type Contender, type Sample } from './harness.ts';
import { compiledProgram } from './support/compiled-program.ts';

const seconds = Number(process.env['SPOOR_BENCH_SECONDS'] ?? 60);
const rates = (process.env['SPOOR_BENCH_RATE'] ?? '1500000').split(',').map(Number);
const ringBytes = 8 << 20;
/** Switches, wake-ups, and entries and exits of system calls. */
const recorded = ['sched:sched_switch', 'sched:sched_waking', 'raw_syscalls:*'];
/** What a turn of the game makes if each player sleeps each time; some find the ball there already. */
const mostEventsPerTurn = 12;
const pairs = 2;

const need = tracefs();
if (!need.met) throw new Error(`this benchmark needs the kernel: ${need.lack}`);
const load = compiledProgram('kernel-load');

/** Memory that a machine keeps for others. */
const spareBytes = 4 * 2 ** 30;

function availableBytes(): number {
  const [, kib = '0'] = /^MemAvailable: +(\d+) kB$/m.exec(readFileSync('/proc/meminfo', 'utf8')) ?? [];
  return Number(kib) * 1024;
}

/**
 * Gives back the memory of what was written, once there is little left: who writes into a file waits for whoever makes a hole
 * in it, and that one for its turn on a busy processor, while rings fill.
 */
function forgetWritten(folder: string): void {
  if (!existsSync(folder) || availableBytes() > spareBytes) return;
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
    const path = join(entry.parentPath, entry.name);
    if (!/^(?:cpu|channel0_)\d+$/.test(entry.name) || !entry.isFile()) continue;
    // A hole takes none; the file is as long as it was.
    const { size, blocks } = statSync(path);
    if (blocks * 512 < 64 << 20) continue;
    spawnSync('fallocate', ['--punch-hole', '--offset', '0', '--length', String(size - (size % 4096)), path]);
  }
}

/** What a recorder tells at its end. */
interface Recorded {
  readonly read: number;
  readonly lost: number;
  readonly cpuS: number;
}

/** A recorder of a rate's load: it makes the file `ready`, and ends when the file `stop` is there. */
interface Recorder {
  readonly run: (trace: string, ready: string, stop: string) => Promise<Recorded>;
  /** When it is ready, and when the load is over. */
  readonly begin?: () => void;
  readonly end?: () => void;
}

function ownProgram(program: string, subBufferBytes: number): Recorder {
  const path = join(import.meta.dirname, 'support', `${program}.js`);
  const sizes = [String(subBufferBytes), String(ringBytes)];
  return {
    run: async (trace, ready, stop) => {
      const words = [process.execPath, path, trace, ...sizes, ready, stop];
      const { stdout } = await spend(words, { stdout: 'text' });
      return JSON.parse(stdout) as Recorded;
    },
  };
}

/** Events that a turn makes on this machine, at about the pace of a rate. */
function eventsPerTurn(rate: number): number {
  using instance = TracefsInstance.create(findTracefs(), 'pace', 'spoorbench');
  instance.configure({ clock: 'mono', overwrite: true });
  instance.enable(recorded);
  const pace = rate / mostEventsPerTurn / pairs;
  const turns = Math.round(pace / 2);
  instance.start();
  spawnSync(load, [String(pairs), String(turns), String(pace)]);
  instance.stop();
  const events = instance.statistics().reduce((sum, { entries, overrun }) => sum + entries + overrun, 0);
  return Math.min(mostEventsPerTurn, events / turns / pairs);
}

async function recordByC(rate: number): Promise<Sample> {
  const subBufferBytes = 262_144;
  using instance = TracefsInstance.create(findTracefs(), 'bench', 'spoorbench');
  instance.configure({ clock: 'mono', subBufferBytes, ringBytes, overwrite: false });
  instance.enable(recorded);
  const recorder: Recorder = {
    run: async (trace, ready, stop) => {
      mkdirSync(trace);
      const words = [instance.path, trace, String(subBufferBytes), String(cpus().length), ready, stop];
      const { cpuS } = await spend([compiledProgram('splice-reader'), ...words]);
      const statistics = instance.statistics();
      return {
        cpuS,
        read: statistics.reduce((sum, ring) => sum + ring.read, 0),
        lost: statistics.reduce((sum, ring) => sum + lostOf(ring), 0),
      };
    },
    begin: () => instance.start(),
    end: () => instance.stop(),
  };
  return await record(recorder, rate);
}

async function record(recorder: Recorder, rate: number): Promise<Sample> {
  const folder = mkdtempSync(join(tmpdir(), 'spoor-bench-lossless-'));
  if (spawnSync('mount', ['-t', 'tmpfs', 'none', folder]).status !== 0)
    throw new Error('cannot mount a tmpfs');
  try {
    const ready = join(folder, 'ready');
    const stop = join(folder, 'stop');
    const trace = join(folder, 'trace');
    const running = recorder.run(trace, ready, stop);
    while (!existsSync(ready)) await sleep(10);
    recorder.begin?.();
    const pace = rate / turnEvents.get(rate)! / pairs;
    const began = performance.now();
    const game = spawn(load, [String(pairs), String(Math.round(pace * seconds)), String(pace)]);
    const ended = once(game, 'exit');
    while (game.exitCode === null && game.signalCode === null) {
      await Promise.race([ended, sleep(500)]);
      forgetWritten(trace);
    }
    const tookS = (performance.now() - began) / 1000;
    recorder.end?.();
    writeFileSync(stop, '');
    const { read, lost, cpuS } = await running;
    return {
      lostEvents: lost,
      eventsPerSecond: (read + lost) / tookS,
      events: read,
      cpuNsPerEvent: (cpuS * 1e9) / read,
    };
  } finally {
    spawnSync('umount', ['--lazy', folder]);
    rmSync(folder, { recursive: true, force: true });
  }
}

const turnEvents = new Map(rates.map((rate) => [rate, eventsPerTurn(rate)]));
const nameOf = (kind: string, rate: number): string => `${kind}, ${rate / 1e6} M/s`;
const own: readonly Contender[] = rates.flatMap((rate) => [
  { name: nameOf('pages', rate), run: () => record(ownProgram('kernel-recorder', 262_144), rate) },
  { name: nameOf('live CTF', rate), run: () => record(ownProgram('kernel-ctf-recorder', 65_536), rate) },
]);

await compare({
  name: 'kernel-lossless',
  question: `How many events of the kernel are lost in ${seconds} seconds?`,
  facts: {
    seconds,
    ringBytes,
    eventsPerTurn: [...turnEvents.values()].map((count) => count.toFixed(1)).join(', '),
  },
  contenders: [
    ...own,
    ...rates.map((rate) => ({ name: nameOf('C, splice', rate), run: () => recordByC(rate) })),
  ],
  rounds: Number(process.env['SPOOR_BENCH_ROUNDS'] ?? 1),
  warmups: 0,
  judge: own.map(({ name }) => atMost(name, 'lostEvents', 0)),
});
