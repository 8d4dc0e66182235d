/** The kernel's part of a recording: begins before the command, follows it, and ends after it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { SpoorError } from '@spoor/base';
import type { ProbeRequest } from '@spoor/kernel';
import {
  KernelRecording,
  threadsOf,
  type KernelRecordingOptions,
  type LogChoice,
  type LogLosses,
  type UnfollowedTasks,
} from '@spoor/kernel/node';
import { MARKER_VARIABLE } from './marker-variable.ts';
import type { RecordingNote } from './consumer-supervisor.ts';
import type { SessionDirectory } from './run-directory.ts';

/** What to record of the kernel. */
export interface KernelPlan {
  /** Names with stars, LTTng's or `SYSTEM:NAME`; the default set where it is left out. */
  readonly events?: readonly string[] | undefined;
  readonly probes: readonly ProbeRequest[];
  /** Only events of which this is true. */
  readonly filter?: string | undefined;
  /** Name or id of a container: it is recorded in place of the command. */
  readonly container?: string | undefined;
  readonly contexts: readonly string[];
  /** Counters that are looked at meanwhile. */
  readonly counters?: KernelRecordingOptions['counters'];
  /** What is recorded beside what the rings hold. */
  readonly logs?: LogChoice;
  /** Names of events whose stacks in the kernel are recorded. */
  readonly stackEvents?: readonly string[] | undefined;
  /** Whether the texts that system calls are given are recorded. */
  readonly syscallStrings?: boolean | undefined;
  /** Whether all processes of the machine are recorded, or only the command and all that comes of it. */
  readonly allProcesses: boolean;
  /** Of the ring of each processor. */
  readonly ringBytes?: number | undefined;
  readonly stateDump: boolean | 'maps';
  /** Whether the pages of the rings are written as they are, and become events when the trace is read. */
  readonly raw?: boolean | undefined;
}

/** What came of it. */
export interface KernelTotals {
  readonly eventCount: number;
  /** Records in raw pages; 0 where events are written. */
  readonly rawCount: number;
  /** Events that found no room in the rings. */
  readonly lostCount: number;
  /** What the kernel's log and bpftrace lost before it was read. */
  readonly logLosses: LogLosses;
  /** Tasks of the command that the kernel did not record to their ends. */
  readonly unfollowed: UnfollowedTasks;
  /** Events that could not be written. */
  readonly unwrittenCount: number;
  readonly sizeBytes: number;
  /** Texts of system calls that nobody could read; 0 where none are wanted. */
  readonly missingTextCount: number;
  /** Why the trace lacks something, if it does. */
  readonly error: SpoorError | undefined;
}

/**
 * Waits until it is told to go on, and becomes the command: so its number is known, and the kernel records it, before its
 * first instruction runs.
 */
const launcher = 'read -r _ <&3 && exec 3<&- && exec "$@"';
const launcherPath = '/bin/sh';

/** Folder of the kernel's trace in that of the recording, as LTTng has it. */
const folder = 'kernel';

/** Whether the command and what comes of it are recorded, and nothing else. */
function followsCommand({ allProcesses, container }: KernelPlan): boolean {
  return !allProcesses && container === undefined;
}

/** The recording of the kernel beside that of a command. */
export class KernelPart {
  readonly #plan: KernelPlan;
  readonly #recording: KernelRecording;
  #ended = false;

  private constructor(plan: KernelPlan, recording: KernelRecording) {
    this.#plan = plan;
    this.#recording = recording;
  }

  /** @throws SpoorError `kernel/…` where the kernel cannot be traced. */
  static async prepare(
    plan: KernelPlan,
    outputDir: string,
    session: SessionDirectory,
    onNote: (note: RecordingNote) => void,
  ): Promise<KernelPart> {
    const { clockOffsetNs } = session.readDescription();
    const recording = await KernelRecording.prepare({
      directory: join(outputDir, folder),
      events: plan.events,
      contexts: plan.contexts,
      probes: plan.probes,
      filter: plan.filter,
      syscallStrings: plan.syscallStrings === true,
      stackEvents: plan.stackEvents,
      container: plan.container,
      followsThreads: followsCommand(plan),
      stateDump: plan.stateDump,
      raw: plan.raw === true,
      // That of the programs' traces: all are on one clock.
      clockOffsetNs: BigInt(clockOffsetNs ?? 0),
      ...(plan.counters === undefined ? {} : { counters: plan.counters }),
      ...(plan.logs === undefined ? {} : { logs: plan.logs }),
      ...(plan.ringBytes === undefined ? {} : { ringBytes: plan.ringBytes }),
      onFailure: (error) => onNote({ severity: 'error', text: error.message }),
      onCompleted: ({ directory, eventCount }) => {
        const text = `a recording that was broken off is completed: ${eventCount} events of the kernel in ${directory}`;
        onNote({ severity: 'info', text });
      },
    });
    return new KernelPart(plan, recording);
  }

  /** Environment of the command: where it may write lines that become events, see {@link MARKER_VARIABLE}. */
  get environment(): Readonly<Record<string, string>> {
    return { [MARKER_VARIABLE]: this.#recording.markerPath };
  }

  get #followsCommand(): boolean {
    return followsCommand(this.#plan);
  }

  /** Keeps a process of the recorder out of the trace. */
  hide(pid: number): void {
    if (!this.#followsCommand) this.#recording.hide(threadsOf(pid));
  }

  /**
   * Begins to record, and runs the command.
   * @param start runs it at once, where no process has to be followed.
   * @param watch is given the process as soon as there is one.
   */
  async launch(
    words: readonly string[],
    environment: Readonly<Record<string, string | undefined>>,
    start: () => ChildProcess,
    watch: (child: ChildProcess) => void,
  ): Promise<void> {
    if (!this.#followsCommand) {
      await this.#recording.begin();
      const command = start();
      watch(command);
      if (command.pid !== undefined) this.#recording.learn(command.pid);
      return;
    }
    const child = spawn(launcherPath, ['-c', launcher, launcherPath, ...words], {
      stdio: ['inherit', 'inherit', 'inherit', 'pipe'],
      env: environment,
    });
    watch(child);
    if (child.pid === undefined) return;
    try {
      await this.#recording.begin([child.pid]);
    } catch (error) {
      // It waits to be told to go on, which nobody will.
      child.kill('SIGKILL');
      throw error;
    }
    const gate = child.stdio[3] as NodeJS.WritableStream;
    // It may have been killed meanwhile.
    gate.on('error', () => undefined);
    gate.end('\n');
  }

  /** Ends the recording. */
  async stop(): Promise<KernelTotals> {
    this.#ended = true;
    try {
      const {
        eventCount,
        rawCount,
        lostCount,
        logLosses,
        unfollowed,
        unwrittenCount,
        missingTextCount,
        writtenBytes,
        failures,
      } = await this.#recording.stop();
      const [failure] = failures;
      return {
        eventCount,
        rawCount,
        lostCount,
        logLosses,
        unfollowed,
        unwrittenCount,
        missingTextCount,
        sizeBytes: writtenBytes,
        error:
          failure === undefined
            ? undefined
            : new SpoorError('record/kernel', `the kernel's trace is not complete: ${failure}`),
      };
    } catch (error) {
      if (!(error instanceof SpoorError)) throw error;
      return {
        eventCount: 0,
        rawCount: 0,
        lostCount: 0,
        logLosses: { kernelLog: 0, bpftrace: 0 },
        unfollowed: { resumedCount: 0, lostCount: 0 },
        unwrittenCount: 0,
        missingTextCount: 0,
        sizeBytes: 0,
        error,
      };
    }
  }

  /** Takes away what was begun of the trace. */
  removeTrace(): void {
    rmSync(this.#recording.directory, { recursive: true, force: true });
  }

  /** Ends it where the recording as a whole has failed: nothing stays behind in the kernel. */
  async abandon(): Promise<void> {
    if (!this.#ended) await this.stop();
  }
}
