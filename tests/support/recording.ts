// `spoor record` as a user runs it, on the programs of tests/record, and the real babeltrace2 on what came of it.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { babeltrace2 } from './lttng.ts';
import { repoRoot } from './machine.ts';
import { type CommandRun, spoorProgram } from './spoor.ts';
import { removeTree } from './removal.ts';

/** What the counter of babeltrace2 and its warnings say of a trace. */
export interface PeerReading {
  readonly eventCount: number;
  /** Standard error: warnings, also those of discarded events. */
  readonly stderr: string;
}

/** Has the real babeltrace2 decode all of a trace. */
export function readByPeer(traceDir: string): PeerReading {
  const args = ['convert', traceDir, '--component=sink.utils.counter', '--params=step=+0'];
  const done = babeltrace2(args, { timeoutMs: 120_000 });
  if (done.status !== 0) throw new Error(`babeltrace2 failed on ${traceDir}:\n${done.stderr}`);
  const found = /(\d+) Event messages/.exec(done.stdout.replaceAll(',', ''));
  return { eventCount: Number(found?.[1] ?? Number.NaN), stderr: done.stderr };
}

/** The text that the real babeltrace2 makes of a trace. */
export function textOfPeer(traceDir: string): string {
  const done = babeltrace2([traceDir], { timeoutMs: 120_000 });
  if (done.status !== 0) throw new Error(`babeltrace2 failed on ${traceDir}:\n${done.stderr}`);
  return done.stdout;
}

/** Sum of the losses that the real babeltrace2 warns of: only its text sink tells their number. */
export function lossesToldByPeer(traceDir: string): number {
  // The text of a busy recording is longer than a string can be.
  const done = babeltrace2(['-w', '/dev/null', traceDir], { timeoutMs: 120_000 });
  let sum = 0;
  for (const found of done.stderr.matchAll(/discarded (\d+) events? /g)) sum += Number(found[1]);
  return sum;
}

/** Lines of standard error: each begins with `spoor: `, anything else there is a fault of ours. */
export function linesOf(stderr: string): readonly string[] {
  const lines = stderr.split('\n').filter((line) => line !== '');
  const strange = lines.filter((line) => !line.startsWith('spoor: '));
  if (strange.length > 0) throw new Error(`this is not of spoor:\n${strange.join('\n')}`);
  return lines;
}

/** The first line of the summary, as numbers. */
export interface Summary {
  readonly eventCount: number;
  readonly lostCount: number;
  readonly processCount: number;
  readonly threadCount: number;
}

/** Reads the summary that `spoor record` prints. */
export function summaryOf(stderr: string): Summary {
  const text = stderr.replaceAll(/(\d),(?=\d)/g, '$1');
  const found =
    /recorded (\d+) events? \([^)]*\) in [^,]*, (?:(\d+) events? lost|none lost)[^;]*; (\d+) process(?:es)?, (\d+) threads?/.exec(
      text,
    );
  if (found === null) throw new Error(`no summary in:\n${stderr}`);
  const [, events, lost, processes, threads] = found;
  return {
    eventCount: Number(events),
    lostCount: Number(lost ?? 0),
    processCount: Number(processes),
    threadCount: Number(threads),
  };
}

/** A program of tests/record. */
export function program(name: string): string {
  return join(repoRoot, 'tests/record', name);
}

/** A place for recordings of one test, away from those of others. */
export class RecordingPlace implements Disposable {
  readonly root: string = mkdtempSync(join(tmpdir(), 'spoor-record-'));
  /** Replaces /dev/shm/spoor-UID. */
  readonly runDir: string = mkdtempSync('/dev/shm/spoor-test-');
  readonly traceDir: string = join(this.root, 'trace');

  get environment(): NodeJS.ProcessEnv {
    return { ...process.env, TZ: 'UTC', SPOOR_RUN_DIR: this.runDir };
  }

  /** Runs `spoor record -o TRACE …` to its end. */
  record(args: readonly string[], environment: Readonly<Record<string, string>> = {}): CommandRun {
    return this.recordWithoutOutput(['-o', this.traceDir, ...args], environment);
  }

  /** Runs `spoor record …` to its end. */
  recordWithoutOutput(
    args: readonly string[],
    environment: Readonly<Record<string, string>> = {},
  ): CommandRun {
    const done = spawnSync(process.execPath, [spoorProgram, 'record', ...args], {
      encoding: 'utf8',
      timeout: 100_000,
      killSignal: 'SIGKILL',
      env: { ...this.environment, ...environment },
      maxBuffer: 1 << 28,
    });
    return { status: done.status, signal: done.signal, stdout: done.stdout, stderr: done.stderr };
  }

  /** Starts `spoor record -o TRACE …` as the leader of a process group. */
  start(args: readonly string[], environment: Readonly<Record<string, string>> = {}): RunningRecording {
    const child = spawn(process.execPath, [spoorProgram, 'record', '-o', this.traceDir, ...args], {
      detached: true,
      env: { ...this.environment, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    return new RunningRecording(child);
  }

  /** Directories of recordings in shared memory. (The tracer's compiled form, a file, stays there.) */
  sessions(): string[] {
    return readdirSync(this.runDir, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => join(this.runDir, name));
  }

  /** Path of a folder for a test's own files. */
  folder(name: string): string {
    const path = join(this.root, name);
    mkdirSync(path, { recursive: true });
    return path;
  }

  [Symbol.dispose](): void {
    removeTree(this.root);
    removeTree(this.runDir);
  }
}

/** A `spoor record` that still runs. */
export class RunningRecording {
  readonly pid: number;
  /** Settles with status, signal and all output once it ended. */
  readonly ended: Promise<CommandRun>;
  #stdout = '';
  #stderr = '';
  readonly #child: ChildProcess;

  constructor(child: ChildProcess) {
    this.#child = child;
    this.pid = child.pid ?? 0;
    child.stdout?.setEncoding('utf8').on('data', (text: string) => (this.#stdout += text));
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.#stderr += text));
    this.ended = new Promise((settle) => {
      child.on('close', (status, signal) => {
        settle({ status, signal, stdout: this.#stdout, stderr: this.#stderr });
      });
    });
  }

  /**
   * Kills recorder and consumer as one: a recorder that is left would replace its consumer, and a consumer that learns of
   * its recorder's death ends the recording.
   */
  async killWithConsumer(sessions: readonly string[]): Promise<void> {
    process.kill(this.pid, 'SIGSTOP');
    const consumer = this.consumerPid(sessions);
    if (consumer === undefined) throw new Error('there is no consumer');
    for (const pid of [consumer, this.pid]) process.kill(pid, 'SIGKILL');
    await until(() => ![consumer, this.pid].some(exists));
  }

  get isOver(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  /** Waits until the program wrote `text`. */
  async said(text: string): Promise<void> {
    await this.#hasWritten(text, () => this.#stdout);
  }

  /** Waits until the program or the recorder wrote `text` to standard error. */
  async warned(text: string): Promise<void> {
    await this.#hasWritten(text, () => this.#stderr);
  }

  async #hasWritten(text: string, written: () => string): Promise<void> {
    const limit = Date.now() + 60_000;
    while (!written().includes(text)) {
      if (Date.now() > limit || this.#child.exitCode !== null) {
        throw new Error(`nobody wrote ${text}:\n${this.#stdout}\n${this.#stderr}`);
      }
      await new Promise((next) => setTimeout(next, 10));
    }
  }

  /** What a terminal does on Ctrl-C: the whole foreground group gets the signal. */
  signalGroup(signal: NodeJS.Signals): void {
    process.kill(-this.pid, signal);
  }

  /** Process number of the consumer that works now; undefined between two. */
  consumerPid(sessions: readonly string[]): number | undefined {
    try {
      const text = readFileSync(join(sessions[0] ?? '', 'consumer.json'), 'utf8');
      return (JSON.parse(text) as { pid: number }).pid;
    } catch {
      return undefined;
    }
  }
}

/** Whether a process of this number exists. */
export function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Whether a signal was sent to the process that it has not taken yet. */
export function isWaiting(pid: number, signal: number): boolean {
  const masks = readFileSync(`/proc/${pid}/status`, 'latin1').matchAll(
    /^(?:ShdPnd|SigPnd):\s*([0-9a-f]+)$/gm,
  );
  return [...masks].some(([, mask]) => ((BigInt(`0x${mask}`) >> BigInt(signal - 1)) & 1n) === 1n);
}

/** Waits until the condition holds, a minute at most. */
export async function until(condition: () => boolean): Promise<void> {
  const limit = Date.now() + 60_000;
  while (!condition()) {
    if (Date.now() > limit) throw new Error(`waited in vain for ${String(condition)}`);
    await new Promise((next) => setTimeout(next, 10));
  }
}
