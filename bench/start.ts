// How much later does a program start when it is traced? Both run in turns within each sample, since a start takes as
// long as the machine is busy.
import { SESSION_FILE, SESSION_VARIABLE } from '@spoor/ringbuffer';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { repoRoot } from '../tests/support/machine.ts';
import { describeSession, registerUrl } from '../tests/support/session.ts';
import { atMost, compare, spend, type Contender, type Sample } from './harness.ts';
import { median } from './support/statistics.ts';

const turns = 9;
const program = join(repoRoot, 'bench/support/first-line.mjs');

async function start(args: readonly string[], env: Readonly<Record<string, string>>): Promise<Sample> {
  const { stdout, cpuS } = await spend([process.execPath, ...args, program], { stdout: 'text', env });
  return { startMs: Number(stdout), cpuMs: cpuS * 1000 };
}

/** Medians of what a program takes more with `args` and `env` than without. */
async function added(args: readonly string[], env: Readonly<Record<string, string>>): Promise<Sample> {
  const figures: Sample[] = [];
  for (let turn = 0; turn < turns; turn += 1) {
    const plain = await start([], {});
    const own = await start(args, env);
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

function traced(name: string, auto: boolean): Contender {
  return {
    name,
    run: async () => {
      const run = mkdtempSync('/dev/shm/spoor-bench-');
      try {
        const geometry = { subBufferSizeBytes: 256 * 1024, subBufferCount: 16 };
        const session = describeSession('/nowhere', { auto, ...geometry });
        writeFileSync(join(run, SESSION_FILE), JSON.stringify(session));
        return await added(['--import', registerUrl], { [SESSION_VARIABLE]: run });
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
    { name: 'not traced', run: () => added(['--import', registerUrl], {}) },
    traced('own events', false),
    traced('automatic events', true),
  ],
  judge: [
    atMost('not traced', 'addedStartMs', 5),
    atMost('own events', 'addedStartMs', 15),
    atMost('automatic events', 'addedStartMs', 15),
  ],
  facts: { turnsPerRound: turns },
});
