/** `spoor record` as a function: a private session, its consumer, the command, and what came of them. */
import { type ChildProcess, spawn } from 'node:child_process';
import { constants } from 'node:os';
import { resolve } from 'node:path';
import { SpoorError } from '@spoor/base';
import { type ChannelDescription, SESSION_VARIABLE, runDirectoryRoot } from '@spoor/ringbuffer';
import { nodeOptionsWithTracer, notExecutable, resolveCommand } from './command.ts';
import { EarlySignals, RecordingInterrupted } from './early-signals.ts';
import { ConsumerSupervisor, type DrainResult, type RecordingNote } from './consumer-supervisor.ts';
import {
  type PreparedDirectory,
  defaultOutputDirectory,
  prepareOutputDirectory,
  recordingName,
} from './output-directory.ts';
import { SessionDirectory, abandonedSessions, ensureRunDirectory, noMemory } from './run-directory.ts';
import { salvageSession } from './salvage.ts';
import type { KernelPart, KernelPlan, KernelTotals } from './kernel-part.ts';
import type { RecordingTotals } from './ledger.ts';

/** What to record, and how. */
export interface RecordingOptions {
  /** The program and its arguments. */
  readonly command: readonly [string, ...string[]];
  /** Where the trace goes; made if absent, must be empty. Default: as LTTng names it. */
  readonly outputDir?: string | undefined;
  /** Whether programs also record the automatic events. */
  readonly auto: boolean;
  /** What is recorded, and into what. */
  readonly channels: readonly ChannelDescription[];
  /** Most bytes that the rings of one process take together. */
  readonly maxMemoryBytes?: number | undefined;
  /** The CommonJS file that programs load first. */
  readonly tracerPath: string;
  /** The file that the consumer runs, with the session's path: it is to call `runConsumer`. Default: the modules of this package. */
  readonly consumerPath?: string | undefined;
  /** What is recorded of the kernel, if anything. */
  readonly kernel?: KernelPlan | undefined;
  /** Environment of the command and of `SPOOR_RUN_DIR`, `LTTNG_HOME`, `PATH`. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Called at once for what the user should know while the command runs. */
  readonly onNote: (note: RecordingNote) => void;
}

/** What came of a recording. */
export interface RecordingResult {
  /** Exit status for `spoor record`: the command's, 128 + signal number, or 1 if only the recording failed. */
  readonly status: number;
  readonly outputDir: string;
  /** Time between the start of the command and its end. */
  readonly durationMs: number;
  /** Undefined when the consumer could not be kept alive. */
  readonly totals: RecordingTotals | undefined;
  /** What was recorded of the kernel; undefined where it was not, or could not be ended. */
  readonly kernel: KernelTotals | undefined;
  /** Why the trace lacks something, if it does. */
  readonly error: SpoorError | undefined;
  readonly notes: readonly RecordingNote[];
}

/**
 * Records one command from its start to its end.
 * @throws SpoorError when it could not begin: see the `record/…` codes, `record/interrupted` where a signal came before
 * the command ran; nothing is left behind then.
 */
export async function recordCommand(options: RecordingOptions): Promise<RecordingResult> {
  const { environment } = options;
  const [program, ...args] = options.command;
  const programPath = resolveCommand(program, environment['PATH'] ?? '/usr/local/bin:/usr/bin:/bin');
  const name = recordingName(program);
  const notes: RecordingNote[] = [];
  const onNote = (note: RecordingNote) => {
    notes.push(note);
    options.onNote(note);
  };
  const runDirectory = runDirectoryRoot(environment);
  ensureRunDirectory(runDirectory);
  const output = prepareAfterSalvage(
    runDirectory,
    options.outputDir ?? defaultOutputDirectory(name, new Date(), environment),
    onNote,
  );
  let session: SessionDirectory | undefined;
  let supervisor: ConsumerSupervisor | undefined;
  let kernel: KernelPart | undefined;
  const signals = new EarlySignals();
  try {
    session = SessionDirectory.create(runDirectory, {
      name,
      channels: options.channels,
      ...(options.maxMemoryBytes === undefined ? {} : { maxMemoryBytes: options.maxMemoryBytes }),
      auto: options.auto,
      outputDir: output.path,
    });
    supervisor = new ConsumerSupervisor(session.path, options.consumerPath, onNote);
    await supervisor.start();
    const commandEnvironment = {
      ...environment,
      [SESSION_VARIABLE]: besideOthers(session.path, environment[SESSION_VARIABLE]),
      NODE_OPTIONS: nodeOptionsWithTracer(options.tracerPath, environment['NODE_OPTIONS']),
    };
    if (options.kernel !== undefined) {
      const { KernelPart } = await import('@spoor/sessiond/kernel-part');
      kernel = await KernelPart.prepare(options.kernel, output.path, session, onNote);
      if (supervisor.pid !== undefined) kernel.hide(supervisor.pid);
    }
    await signals.end();
    const allEnvironment = { ...commandEnvironment, ...kernel?.environment };
    const ran = await runCommand(programPath, program, args, allEnvironment, supervisor, kernel);
    let drained: DrainResult | undefined;
    let error: SpoorError | undefined;
    try {
      drained = await ran.stopped;
      if (!drained.complete) {
        error = new SpoorError('record/incomplete', 'the trace is not complete', {
          where: output.path,
          hint: 'it holds what could be written',
        });
      } else if (drained.totals.threadCount === 0 && session.isMemoryShort()) {
        // Programs say themselves why they are not recorded, unless there is no room for that either.
        error = noMemory(runDirectory);
      }
    } catch (failure) {
      if (!(failure instanceof SpoorError)) throw failure;
      error = failure;
    }
    if (supervisor.replacedCount > 0) {
      const times = supervisor.replacedCount === 1 ? '' : ` ${supervisor.replacedCount} times`;
      onNote({
        severity: 'info',
        text: `the consumer died (${supervisor.lastDeath}) and was replaced${times}`,
      });
    }
    const kernelTotals = await ran.kernel;
    error ??= kernelTotals?.error;
    // Nothing was traced: no empty directory is left.
    if (drained?.totals.processCount === 0) output.removeIfEmpty();
    return {
      status: ran.status === 0 && error !== undefined ? 1 : ran.status,
      outputDir: output.path,
      durationMs: ran.durationMs,
      totals: drained?.totals,
      kernel: kernelTotals,
      error,
      notes,
    };
  } catch (error) {
    supervisor?.kill();
    await kernel?.abandon();
    // Nothing has run that it could be of.
    if (error instanceof RecordingInterrupted) kernel?.removeTrace();
    output.removeIfEmpty();
    throw error;
  } finally {
    signals[Symbol.dispose]();
    session?.remove();
  }
}

/**
 * Completes recordings that were broken off, and then prepares the output of this one. That order counts where they
 * were given the same directory: what is left of the old one goes into its own trace, or nowhere.
 * @throws SpoorError `record/output-…`.
 */
function prepareAfterSalvage(
  runDirectory: string,
  outputDir: string,
  onNote: (note: RecordingNote) => void,
): PreparedDirectory {
  const salvaged = abandonedSessions(runDirectory).flatMap((session) => salvageSession(session) ?? []);
  for (const { eventCount, lostCount, outputDir: place } of salvaged) {
    const lost = lostCount === 0 ? '' : `, ${lostCount} lost`;
    const text = `a recording that was broken off is completed: ${eventCount} events${lost} in ${place}`;
    onNote({ severity: 'info', text });
  }
  try {
    return prepareOutputDirectory(outputDir);
  } catch (error) {
    const isOwn = salvaged.some(({ outputDir: place }) => place === resolve(outputDir));
    if (!(error instanceof SpoorError) || error.code !== 'record/output-not-empty' || !isOwn) throw error;
    throw new SpoorError(
      error.code,
      'the output directory has the trace of a recording that was broken off',
      {
        where: resolve(outputDir),
        hint: 'that trace is complete now: keep it or remove it, and name a new directory with -o',
      },
    );
  }
}

/** A recording in which this one is begun goes on recording the command as well. */
function besideOthers(own: string, outer: string | undefined): string {
  return outer === undefined || outer === '' ? own : `${outer}:${own}`;
}

interface CommandRun {
  readonly status: number;
  readonly durationMs: number;
  /** Settles when the consumer has written everything. */
  readonly stopped: Promise<DrainResult>;
  /** Settles when the kernel's trace is complete. */
  readonly kernel: Promise<KernelTotals> | undefined;
}

/** Runs the command to its end and has the consumer stop; passes signals on meanwhile. */
async function runCommand(
  path: string,
  name: string,
  args: readonly string[],
  environment: Record<string, string | undefined>,
  supervisor: ConsumerSupervisor,
  kernel: KernelPart | undefined,
): Promise<CommandRun> {
  let child: ChildProcess | undefined;
  let interrupts = 0;
  // A terminal sends Ctrl-C to the command as well, so the first one only means: the end is near. The second one
  // ends a command that does not listen, the third one leaves the rings as they are.
  const interrupt = () => {
    interrupts += 1;
    if (interrupts === 2) child?.kill('SIGKILL');
    if (interrupts >= 3) supervisor.kill();
  };
  const forward = (signal: NodeJS.Signals) => {
    child?.kill(signal);
  };
  const forwarded = ['SIGTERM', 'SIGHUP', 'SIGUSR2'] as const;
  process.on('SIGINT', interrupt).on('SIGQUIT', interrupt);
  for (const signal of forwarded) process.on(signal, forward);
  try {
    let began = performance.now();
    const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((settle, refuse) => {
      const start = (): ChildProcess =>
        spawn(path, args, { stdio: 'inherit', env: environment, argv0: name });
      const watch = (started: ChildProcess): void => {
        child = started;
        child.on('error', (error) => refuse(notExecutable(path, error)));
        child.on('exit', (code, signal) => settle([code, signal]));
      };
      if (kernel === undefined) {
        watch(start());
        return;
      }
      kernel
        .launch([name, ...args], environment, start, watch)
        .then(() => {
          began = performance.now();
        })
        .catch(refuse);
    });
    const durationMs = performance.now() - began;
    // First the kernel: what the recorder does from now on is not the command's.
    const kernelStopped = kernel?.stop();
    const stopped = supervisor.stop();
    await stopped.catch(() => undefined);
    await kernelStopped;
    return {
      status: signal === null ? (code ?? 1) : 128 + constants.signals[signal],
      durationMs,
      stopped,
      kernel: kernelStopped,
    };
  } finally {
    process.off('SIGINT', interrupt).off('SIGQUIT', interrupt);
    for (const signal of forwarded) process.off(signal, forward);
  }
}
