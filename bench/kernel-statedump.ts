// What does the state dump cost, a thread, against a C program that reads the same files of /proc and throws them away?
// Threads of a process that this benchmark starts are there beside those of the machine. `firstUsPerThread` is the first dump
// of a process, compilation included, the other figure that of later ones. Needs root, to read all of /proc.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { atMost, compare, ratioAtMost, spend, type Sample } from './harness.ts';
import { compiledProgram } from './support/compiled-program.ts';

const rounds = 6;
const reader = compiledProgram('proc-reader');
const dumper = join(import.meta.dirname, 'support', 'state-dumper.js');

interface Read {
  readonly threads: number;
  readonly descriptors: number;
  /** Where the program tells it; else that of the whole command counts. */
  readonly cpuS?: number;
  readonly firstUsPerThread?: number;
}

async function sampleOf(words: readonly string[]): Promise<Sample> {
  const { cpuS, stdout } = await spend([...words], { stdout: 'text' });
  const read = JSON.parse(stdout) as Read;
  return {
    cpuUsPerThread: ((read.cpuS ?? cpuS) * 1e6) / read.threads,
    ...(read.firstUsPerThread === undefined ? {} : { firstUsPerThread: read.firstUsPerThread }),
    threads: read.threads / rounds,
    descriptors: read.descriptors / rounds,
  };
}

const crowd = spawn(
  process.execPath,
  [
    '-e',
    `const { Worker } = require('node:worker_threads'); for (let i = 0; i < 60; i++) new Worker('setInterval(() => {}, 1e6)', { eval: true })`,
  ],
  { stdio: 'ignore' },
);
try {
  await sleep(3000);
  await compare({
    name: 'kernel-statedump',
    question: 'What does the state dump cost, a thread?',
    facts: { rounds },
    contenders: [
      { name: 'spoor', run: () => sampleOf([process.execPath, dumper, String(rounds)]) },
      { name: 'C, reads alone', run: () => sampleOf([reader, String(rounds)]) },
    ],
    judge: [atMost('spoor', 'cpuUsPerThread', 120), ratioAtMost('spoor', 'C, reads alone', 'cpuUsPerThread')],
  });
} finally {
  crowd.kill('SIGKILL');
}
