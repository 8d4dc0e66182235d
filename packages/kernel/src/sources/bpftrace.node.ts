/** A program of bpftrace that runs beside a recording; what it prints becomes events, at the time at which it comes. */
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { basename } from 'node:path';
import { createInterface } from 'node:readline';
import { SpoorError } from '@spoor/base';
import { readProc } from '../statedump/scan-tasks.node.ts';
import { parseBpftraceLine, type BpftraceOutput } from './bpftrace-output.ts';

/** What it prints, and when that came. */
export interface BpftraceReport {
  readonly timeNs: bigint;
  /** Name of the file, or `-e`. */
  readonly program: string;
  readonly output: Extract<BpftraceOutput, { readonly kind: 'text' | 'map' | 'lost' }>;
}

/** Compiling programs with many probes takes this long at most. */
const longestStartMs = 60_000;
/** How long its maps may take that it prints at its end. */
const longestEndMs = 10_000;
const keptErrorBytes = 4096;

/** It is looked at so often whether it waits for events. */
const lookIntervalMs = 5;
/** Where the kernel does not say what a process waits for, that much must do. */
const blindWaitMs = 1000;

/**
 * Waits until bpftrace waits for events: it tells how many probes it attaches before it attaches them, and that may take
 * seconds.
 */
async function whenItWaits(pid: number, hasEnded: () => boolean): Promise<void> {
  const beganMs = performance.now();
  for (;;) {
    const place = readProc(`/proc/${pid}/wchan`);
    if (place?.includes('poll') === true || hasEnded()) return;
    const waitedMs = performance.now() - beganMs;
    if (waitedMs > longestStartMs || (place === undefined && waitedMs > blindWaitMs)) return;
    await new Promise((resolve) => setTimeout(resolve, lookIntervalMs));
  }
}

/** A running bpftrace. */
export class BpftraceRun {
  private readonly child: ChildProcess;
  private readonly ended: Promise<void>;

  private constructor(child: ChildProcess, ended: Promise<void>) {
    this.child = child;
    this.ended = ended;
  }

  /** Its process. */
  get pid(): number | undefined {
    return this.child.pid;
  }

  /**
   * Runs a program, and waits until its probes are attached.
   * @param program path of a file if there is one of that name, else its text.
   * @param command the bpftrace to run.
   * @throws SpoorError `kernel/no-bpftrace`, `kernel/bpftrace` with what it says of the program.
   */
  static async start(
    program: string,
    onReport: (report: BpftraceReport) => void,
    command = 'bpftrace',
  ): Promise<BpftraceRun> {
    const isFile = existsSync(program);
    const name = isFile ? basename(program) : '-e';
    const child = spawn(command, ['-B', 'line', '-f', 'json', ...(isFile ? [program] : ['-e', program])], {
      stdio: ['ignore', 'pipe', 'pipe'],
      // Of its own process group: an interrupt from the terminal is for the command, and it must end after that.
      detached: true,
    });
    let errors = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      errors = (errors + text).slice(-keptErrorBytes);
    });
    let attached: () => void = () => undefined;
    const isAttached = new Promise<void>((resolve) => {
      attached = resolve;
    });
    createInterface({ input: child.stdout, crlfDelay: Infinity }).on('line', (line) => {
      const output = parseBpftraceLine(line);
      if (output.kind === 'attached') attached();
      else if (output.kind !== 'nothing')
        onReport({ timeNs: process.hrtime.bigint(), program: name, output });
    });
    const ended = new Promise<void>((resolve, reject) => {
      child.once('error', reject);
      // All that it printed has been read then.
      child.once('close', () => resolve());
    });
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<'late'>((resolve) => {
      timer = setTimeout(() => resolve('late'), longestStartMs);
    });
    try {
      const first = await Promise.race([
        isAttached.then(() => 'attached' as const),
        ended.then(() => 'ended' as const),
        late,
      ]);
      if (first === 'attached') {
        await whenItWaits(child.pid!, () => child.exitCode !== null || child.signalCode !== null);
        return new BpftraceRun(child, ended);
      }
      child.kill('SIGKILL');
      throw new SpoorError(
        'kernel/bpftrace',
        first === 'late'
          ? 'bpftrace attached nothing within a minute'
          : `bpftrace: ${bpftraceReason(errors)}`,
        { where: isFile ? program : undefined },
      );
    } catch (error) {
      if (error instanceof SpoorError) throw error;
      throw new SpoorError('kernel/no-bpftrace', `cannot run ${command}`, {
        hint: 'install bpftrace (Debian: apt install bpftrace)',
        cause: error,
      });
    } finally {
      clearTimeout(timer);
    }
  }

  /** Ends it; resolves when all that it had to say has been reported. */
  async stop(): Promise<void> {
    this.child.kill('SIGINT');
    const timer = setTimeout(() => this.child.kill('SIGKILL'), longestEndMs);
    await this.ended;
    clearTimeout(timer);
  }
}

/** The line of what bpftrace writes to standard error that says what is wrong. */
export function bpftraceReason(errors: string): string {
  const lines = errors.split('\n').filter((line) => line.trim() !== '');
  return lines.find((line) => /\berror:/i.test(line)) ?? lines.at(-1) ?? 'it ended at once';
}
