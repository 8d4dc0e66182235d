// How quickly do recordings of the kernel's rings become text, against `trace-cmd report` on equal data? One load is
// recorded once, with pages of 4 KiB as trace-cmd has them: `trace-cmd restore` makes a trace.dat of the pages, and a raw
// recording of ours holds a load of the same kind. `spoor report` writes the kernel's own text, as trace-cmd does; the
// component prints that of babeltrace2, which is twice as long. All write into a file on a tmpfs; their times are those of
// the whole command, its start included. What a user waits for is the wall time, of two threads on a machine that has
// them; `one thread` shows what that saves. SPOOR_BENCH_TURNS chooses how many events there are. Needs root and tracefs.
import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readdirSync, readSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findTracefs, RawRecording, TracefsInstance } from '@spoor/kernel/node';
import { repoRoot, tracefs } from '../tests/support/machine.ts';
import { compare, faster, spend, type Contender } from './harness.ts';
import { compiledProgram } from './support/compiled-program.ts';

const turns = Number(process.env['SPOOR_BENCH_TURNS'] ?? 200_000);

const need = tracefs();
if (!need.met) throw new Error(`this benchmark needs the kernel: ${need.lack}`);

const folder = mkdtempSync(join(tmpdir(), 'spoor-bench-kernel-text-'));
if (spawnSync('mount', ['-t', 'tmpfs', 'none', folder]).status !== 0) throw new Error('cannot mount a tmpfs');

/** Records the load; pages are of 4 KiB, and rings hold all of it. @returns how many events there are. */
async function record(directory: string): Promise<number> {
  using instance = TracefsInstance.create(findTracefs(), 'text', 'spoorbench');
  instance.configure({ clock: 'mono', subBufferBytes: 4096, ringBytes: 64 << 20, overwrite: false });
  const events = instance.enable(['sched:sched_switch', 'sched:sched_waking', 'raw_syscalls:*']);
  const recording = await RawRecording.start(instance, directory, { events, pageForm: 'whole' });
  instance.start();
  if (spawnSync(compiledProgram('kernel-load'), ['2', String(turns)]).status !== 0)
    throw new Error('the load failed');
  const { statistics } = await recording.stop();
  return statistics.reduce((sum, { read }) => sum + read, 0);
}

/** Makes a trace.dat of the recorded pages. */
function restore(directory: string, file: string): void {
  const rings = readdirSync(directory).filter((name) => /^cpu\d+$/.test(name));
  const paths = rings
    .sort((left, right) => Number(left.slice(3)) - Number(right.slice(3)))
    .map((name) => join(directory, name));
  const made = spawnSync('trace-cmd', ['restore', '-o', file, ...paths], { encoding: 'utf8' });
  if (made.status !== 0) throw new Error(`trace-cmd restore: ${made.stderr}`);
}

function lineCount(path: string): number {
  const bytes = Buffer.allocUnsafe(1 << 20);
  const descriptor = openSync(path, 'r');
  let lines = 0;
  try {
    for (let read = readSync(descriptor, bytes); read > 0; read = readSync(descriptor, bytes)) {
      for (let at = bytes.indexOf(10); at >= 0 && at < read; at = bytes.indexOf(10, at + 1)) lines += 1;
    }
  } finally {
    closeSync(descriptor);
  }
  return lines;
}

/** What is wrong with a file that trace-cmd made, by its own report of it: a file that it damages itself is no measure. */
function damageOf(file: string, events: number): string | undefined {
  const output = join(folder, 'text');
  const descriptor = openSync(output, 'w');
  const { status, stderr } = spawnSync('trace-cmd', ['report', '-i', file], {
    stdio: ['ignore', descriptor, 'pipe'],
    encoding: 'utf8',
  });
  closeSync(descriptor);
  if (status !== 0) return `trace-cmd report ends with ${status}: ${stderr.trim()}`;
  // Before the events is a line that tells of the processors.
  const lines = lineCount(output) - 1;
  return lines < events ? `trace-cmd report has ${lines} of ${events} events` : undefined;
}

/** Records until trace-cmd reads what it has made of it. */
async function prepare(directory: string, file: string): Promise<number> {
  for (let attempt = 1; ; attempt++) {
    const events = await record(directory);
    restore(directory, file);
    const damage = damageOf(file, events);
    if (damage === undefined) return events;
    if (attempt === 5) throw new Error(`trace-cmd damaged five files, the last one: ${damage}`);
    process.stderr.write(`bench: recording again: ${damage}\n`);
    rmSync(directory, { recursive: true });
    rmSync(file);
  }
}

function printing(name: string, words: readonly string[], events: number): Contender {
  return {
    name,
    run: async () => {
      const output = join(folder, 'text');
      const { cpuS, wallS, peakRssBytes } = await spend([...words], { stdout: { path: output } });
      const sizeBytes = statSync(output).size;
      if (sizeBytes < events * 20) throw new Error(`${name} printed ${sizeBytes} bytes of ${events} events`);
      return { wallS, cpuS, nsPerEvent: (wallS * 1e9) / events, peakRssBytes, textBytes: sizeBytes };
    },
  };
}

try {
  const directory = join(folder, 'raw');
  const file = join(folder, 'trace.dat');
  const events = await prepare(directory, file);
  const spoor = join(repoRoot, 'packages/cli/bin/spoor.cjs');
  const own = (component: string, path: string): string[] => [
    process.execPath,
    spoor,
    '-c',
    `source.ftrace.${component}`,
    '-p',
    `inputs=[${JSON.stringify(path)}]`,
  ];
  const report = (path: string): string[] => [process.execPath, spoor, 'report', path];
  await compare({
    name: 'kernel-text',
    question: "How quickly do recordings of the kernel's rings become text?",
    facts: { events, fileBytes: statSync(file).size },
    contenders: [
      printing('spoor report, trace.dat', report(file), events),
      printing('spoor report, one thread', [...report(file), '--workers', '1'], events),
      printing('spoor report, raw', report(directory), events),
      printing('spoor convert, trace.dat', own('trace-dat', file), events),
      printing('trace-cmd report', ['trace-cmd', 'report', '-i', file], events),
    ],
    judge: [
      faster('spoor report, trace.dat', 'trace-cmd report', 'wallS', 10),
      faster('spoor report, raw', 'trace-cmd report', 'wallS', 10),
      faster('spoor report, trace.dat', 'trace-cmd report', 'cpuS'),
      faster('spoor report, one thread', 'trace-cmd report', 'cpuS'),
      faster('spoor convert, trace.dat', 'trace-cmd report', 'wallS'),
    ],
  });
} finally {
  spawnSync('umount', ['--lazy', folder]);
  rmSync(folder, { recursive: true, force: true });
}
