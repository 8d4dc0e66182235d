// How much later does a program start when it is traced? Both run in turns within each sample, since a start takes as
// long as the machine is busy. SPOOR_BENCH_NODE is what runs the programs.
import { SESSION_FILE, SESSION_VARIABLE, measureClockOffsetNs } from '@spoor/ringbuffer';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { repoRoot } from '../tests/support/machine.ts';
import { describeSession, registerPath } from '../tests/support/session.ts';
import { atMost, compare, spend, type Contender, type Sample } from './harness.ts';
import { median } from './support/statistics.ts';

const turns = 9;
/** Another release of Node.js than the benchmark's, perhaps. */
const node = process.env['SPOOR_BENCH_NODE'] ?? process.execPath;

/** Programs that print when they have come to where they are measured. */
const programs = {
  module: 'first-line.mjs',
  commonJs: 'first-line.cjs',
  worker: 'first-line-worker.mjs',
  event: 'first-event.mjs',
} as const;
type Program = keyof typeof programs;

async function start(
  program: Program,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<Sample> {
  const path = join(repoRoot, 'bench/support', programs[program]);
  const { stdout, cpuS } = await spend(['sh', '-c', 'exec "$@" 2>/dev/null', 'sh', node, ...args, path], {
    stdout: 'text',
    env,
  });
  return { startMs: Number(stdout), cpuMs: cpuS * 1000 };
}

/** Medians of what a program takes more with `args` and `env` than without. */
async function added(
  program: Program,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<Sample> {
  const figures: Sample[] = [];
  for (let turn = 0; turn < turns; turn += 1) {
    const plain = await start(program, [], {});
    const own = await start(program, args, env);
    figures.push({
      addedStartMs: own['startMs']! - plain['startMs']!,
      addedCpuMs: own['cpuMs']! - plain['cpuMs']!,
    });
  }
  return {
    addedStartMs: median(figures.map(({ addedStartMs }) => addedStartMs!)),
    addedCpuMs: median(figures.map(({ addedCpuMs }) => addedCpuMs!)),
  };
}

/** As `spoor record` does it: the first program keeps the compiled form of the tracer for those after. */
function traced(name: string, auto: boolean, program: Program, keepsCompiled = true): Contender {
  return {
    name,
    run: async () => {
      const run = mkdtempSync('/dev/shm/spoor-bench-');
      try {
        const geometry = { subBufferSizeBytes: 256 * 1024, subBufferCount: 16 };
        const clockOffsetNs = String(measureClockOffsetNs());
        const session = describeSession('/nowhere', { auto, clockOffsetNs, ...geometry });
        const path = join(run, 'session');
        mkdirSync(path);
        writeFileSync(join(path, SESSION_FILE), JSON.stringify(session));
        const args = ['--require', registerPath];
        const env = { [SESSION_VARIABLE]: path };
        if (keepsCompiled) await start(program, args, env);
        // Others may write there, so nothing is kept.
        else chmodSync(run, 0o777);
        return await added(program, args, env);
      } finally {
        rmSync(run, { recursive: true });
      }
    },
  };
}

await compare({
  name: 'start',
  question: 'How much later does a program begin when the tracer is loaded before it?',
  contenders: [
    { name: 'not traced', run: () => added('module', ['--require', registerPath], {}) },
    traced('own events', false, 'module'),
    traced('automatic events', true, 'module'),
    traced('automatic, CommonJS', true, 'commonJs'),
    traced('automatic, worker', true, 'worker'),
    traced('automatic, first event', true, 'event'),
    traced('automatic, first program', true, 'module', false),
  ],
  judge: [
    atMost('not traced', 'addedStartMs', 5),
    atMost('own events', 'addedStartMs', 15),
    atMost('automatic events', 'addedStartMs', 15),
    atMost('automatic, CommonJS', 'addedStartMs', 15),
    atMost('automatic, worker', 'addedStartMs', 15),
    atMost('automatic, first event', 'addedStartMs', 15),
  ],
  facts: {
    turnsPerRound: turns,
    programsNode: spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout.trim(),
  },
});
