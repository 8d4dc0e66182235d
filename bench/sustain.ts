// How many events a second does a recording take without losing one, and what does its consumer cost, against LTTng-UST
// and lttng-consumerd? Each program emits the same events for SPOOR_BENCH_SECONDS (60), paced and as fast as it can, the
// consumer writes them to a tmpfs. One round, or SPOOR_BENCH_ROUNDS.
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeIndexEntry, indexEntryBytes, indexHeaderBytes } from '@spoor/sessiond';
import { buildUstProgram, lttngNeeds, runUnderLttng } from '../tests/support/lttng.ts';
import { repoRoot } from '../tests/support/machine.ts';
import { spoorProgram } from '../tests/support/spoor.ts';
import { atMost, compare, ratioAtMost, type Contender, type Sample } from './harness.ts';
import { requirePeer } from './support/unread-ring.ts';

const seconds = Number(process.env['SPOOR_BENCH_SECONDS'] ?? 60);
const rates = { paced: 4_000_000, daring: 10_000_000 };
const subBufferSizeBytes = 512 * 1024;
const subBufferCount = 64;
/** What a stream file keeps while it is written: 60 s would not fit into the memory of most machines. */
const keptBytes = 1024 ** 3;
const ticksPerSecond = Number(spawnSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }).stdout);

requirePeer(lttngNeeds());
const ustProgram = buildUstProgram(join(repoRoot, 'bench/support/ust-emit/sustain.c'));
const loop = join(import.meta.dirname, 'support', 'sustain-loop.js');

/** What a run said, and the CPU time of its consumer. */
interface Run {
  readonly stdout: string;
  readonly consumerS: number;
}

/** Runs with a folder on a tmpfs, whose stream files lose their old pages while they are written. */
async function onTmpfs(work: (folder: string) => Promise<Run>): Promise<Sample> {
  const folder = mkdtempSync(join(tmpdir(), 'spoor-bench-sustain-'));
  if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=90%', 'none', folder]).status !== 0) {
    throw new Error(`cannot mount a tmpfs at ${folder}`);
  }
  const freed = new Map<string, number>();
  const timer = setInterval(() => freeOldPages(folder, freed), 200);
  try {
    const { stdout, consumerS } = await work(folder);
    const said = /\{"events":(\d+),"seconds":([\d.]+)\}/.exec(stdout);
    if (said === null) throw new Error(`the program said nothing: ${stdout}`);
    const [events, tookS] = [Number(said[1]), Number(said[2])];
    const { lost, bytes } = outcome(folder);
    return {
      lostEvents: lost,
      keptEventsPerSecond: (events - lost) / tookS,
      consumerMsPerMb: (consumerS * 1000) / (bytes / 1e6),
      writtenMbPerSecond: bytes / 1e6 / tookS,
    };
  } finally {
    clearInterval(timer);
    spawnSync('umount', ['--lazy', folder]);
    rmSync(folder, { recursive: true, force: true });
  }
}

function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name));
}

/** Punches holes into what was written long ago. */
function freeOldPages(folder: string, freed: Map<string, number>): void {
  for (const path of filesIn(folder)) {
    const stat = statSync(path, { throwIfNoEntry: false });
    if (stat === undefined || !stat.isFile()) continue;
    const from = freed.get(path) ?? 0;
    const to = stat.size - keptBytes;
    if (to <= from) continue;
    freed.set(path, to);
    spawn('fallocate', ['-p', '-o', String(from), '-l', String(to - from), path], { stdio: 'ignore' });
  }
}

/** Losses by the index files, and the size of the streams. */
function outcome(folder: string): { lost: number; bytes: number } {
  let lost = 0;
  let bytes = 0;
  for (const path of filesIn(folder)) {
    if (!path.endsWith('.idx')) continue;
    const index = readFileSync(path);
    if (index.length < indexHeaderBytes + indexEntryBytes) continue;
    const { eventsDiscarded, offsetBytes, packetSizeBits } = decodeIndexEntry(
      index.subarray(index.length - indexEntryBytes),
    );
    lost += Number(eventsDiscarded);
    bytes += Number(offsetBytes) + Number(packetSizeBits) / 8;
  }
  return { lost, bytes };
}

/** User and system time out of the text of /proc/PID/stat. */
function cpuSecondsOf(stat: string): number {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}

function runSpoor(rate: number): Promise<Sample> {
  return onTmpfs(async (folder) => {
    const runDir = mkdtempSync('/dev/shm/spoor-bench-');
    const sizes = ['--subbuf-size', String(subBufferSizeBytes), '--num-subbuf', String(subBufferCount)];
    const mode = rate === 0 ? ['--blocking-timeout', 'inf'] : [];
    const program = [process.execPath, loop, String(seconds), String(rate)];
    const args = ['record', '--no-auto', '-o', join(folder, 'trace'), ...sizes, ...mode, '--', ...program];
    const child = spawn(process.execPath, [spoorProgram, ...args], {
      env: { ...process.env, SPOOR_RUN_DIR: runDir },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let stdout = '';
    let consumerS = 0;
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    // The last look before the consumer ends counts; what it does after that is the end of the open sub-buffer.
    const timer = setInterval(() => (consumerS = consumerSecondsIn(runDir) ?? consumerS), 20);
    try {
      const status = await new Promise((ended) => child.once('close', ended));
      if (status !== 0) throw new Error(`spoor record ended with status ${String(status)}`);
      return { stdout, consumerS };
    } finally {
      clearInterval(timer);
      rmSync(runDir, { recursive: true, force: true });
    }
  });
}

function consumerSecondsIn(runDir: string): number | undefined {
  try {
    const [session = ''] = readdirSync(runDir);
    const { pid } = JSON.parse(readFileSync(join(runDir, session, 'consumer.json'), 'utf8')) as {
      pid: number;
    };
    return cpuSecondsOf(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return undefined;
  }
}

function runUst(rate: number): Promise<Sample> {
  return onTmpfs(async (folder) => {
    const dir = join(folder, 'trace');
    mkdirSync(dir);
    // A stop waits for the consumer; what it spent is asked of the kernel before it is gone.
    const ask =
      'lttng stop >/dev/null; for pid in $(pidof lttng-consumerd); do cat /proc/$pid/stat; done; lttng start >/dev/null';
    const { stdout } = await runUnderLttng(
      {
        dir,
        subBufferSizeBytes,
        subBufferCount,
        enable: ['emit:four'],
        ...(rate === 0 ? { blockingTimeout: 'inf' } : {}),
      },
      [
        ['env', 'LTTNG_UST_ALLOW_BLOCKING=1', ustProgram, String(seconds), String(rate)],
        ['sh', '-c', ask],
      ],
      (seconds * 3 + 120) * 1000,
    );
    const stats = stdout.split('\n').filter((line) => /^\d+ \(/.test(line));
    return { stdout, consumerS: stats.reduce((sum, stat) => sum + cpuSecondsOf(stat), 0) };
  });
}

const contender = (name: string, run: () => Promise<Sample>): Contender => ({ name, run });

await compare({
  name: 'sustain',
  question: 'How many events a second are recorded without loss, and what does the consumer cost?',
  rounds: Number(process.env['SPOOR_BENCH_ROUNDS'] ?? 1),
  warmups: 0,
  contenders: [
    contender('spoor, 4 M/s', () => runSpoor(rates.paced)),
    contender('lttng-ust, 4 M/s', () => runUst(rates.paced)),
    contender('spoor, 10 M/s', () => runSpoor(rates.daring)),
    contender('lttng-ust, 10 M/s', () => runUst(rates.daring)),
    contender('spoor, blocking', () => runSpoor(0)),
    contender('lttng-ust, blocking', () => runUst(0)),
  ],
  judge: [
    atMost('spoor, 4 M/s', 'lostEvents', 0),
    atMost('spoor, 10 M/s', 'lostEvents', 0),
    ratioAtMost('spoor, 4 M/s', 'lttng-ust, 4 M/s', 'consumerMsPerMb', 2),
    ratioAtMost('spoor, blocking', 'lttng-ust, blocking', 'consumerMsPerMb', 2),
    ratioAtMost('lttng-ust, blocking', 'spoor, blocking', 'keptEventsPerSecond', 1),
  ],
  facts: { seconds, subBufferSizeBytes, subBufferCount },
});
