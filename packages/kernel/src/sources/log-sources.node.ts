/** Logs that become part of a recording: the kernel's, and what programs of bpftrace print. */
import { describeError, SpoorError } from '@spoor/base';
import type { StreamWriter } from '@spoor/ctf';
import type { PlainEvent } from '../transcode/kernel-trace-class.ts';
import { BpftraceRun, type BpftraceReport } from './bpftrace.node.ts';
import { LogClock } from './log-clock.node.ts';
import { LogReader } from './log-reader.node.ts';
import { SideStream } from './side-stream.ts';
import { bpftraceEvents, logRecordEvent } from './source-events.ts';

/** What is recorded beside what the rings hold. */
export interface LogChoice {
  /** Whether the records of /dev/kmsg are. */
  readonly kernelLog?: boolean | undefined;
  /** Programs of bpftrace: paths of files, or texts. */
  readonly bpftrace?: readonly string[] | undefined;
}

/** Records of the log that the kernel overwrote, and lines that bpftrace had no room for. */
export interface LogLosses {
  readonly kernelLog: number;
  readonly bpftrace: number;
}

/** The log is looked at so often; its records have times of their own. */
const lookIntervalMs = 100;

/** Events that a choice has. */
export function eventsOfLogs({ kernelLog, bpftrace = [] }: LogChoice): readonly PlainEvent[] {
  return [...(kernelLog === true ? [logRecordEvent] : []), ...(bpftrace.length > 0 ? bpftraceEvents : [])];
}

/** Streams of logs, by which their files are named. */
export type LogStream = 'kmsg' | 'bpftrace';

/** Where another reader of the kernel's log was, and where this one is. */
export interface LogFollowing {
  /** Number of the record that was written last; undefined to begin with what comes. */
  readonly position: number | undefined;
  /** Hears what has been written. */
  readonly onPosition: (position: number) => void;
}

/** Logs that are being read. What comes before there are streams waits. */
export class LogSources {
  private readonly reader: LogReader | undefined;
  private readonly clock: LogClock | undefined;
  private readonly programs: BpftraceRun[] = [];
  private readonly waiting: BpftraceReport[] = [];
  private readonly onFailure: (error: SpoorError) => void;
  private readonly onPosition: LogFollowing['onPosition'] | undefined;
  private kernelLog: SideStream | undefined;
  private printed: SideStream | undefined;
  private timer: NodeJS.Timeout | undefined;

  private constructor(
    reader: LogReader | undefined,
    clock: LogClock | undefined,
    onFailure: (error: SpoorError) => void,
    onPosition: LogFollowing['onPosition'] | undefined,
  ) {
    this.onPosition = onPosition;
    this.reader = reader;
    this.clock = clock;
    this.onFailure = onFailure;
  }

  /**
   * Begins to listen.
   * @throws SpoorError `kernel/…`: then nothing goes on.
   */
  static async open(
    choice: LogChoice,
    root: string,
    prefix: string | undefined,
    onFailure: (error: SpoorError) => void,
    following?: LogFollowing,
  ): Promise<LogSources> {
    const clock = choice.kernelLog === true ? new LogClock(root, prefix) : undefined;
    let sources: LogSources | undefined;
    try {
      const reader = clock === undefined ? undefined : new LogReader(following?.position);
      sources = new LogSources(reader, clock, onFailure, following?.onPosition);
      for (const program of choice.bpftrace ?? []) {
        sources.programs.push(await BpftraceRun.start(program, (report) => sources?.report(report)));
      }
      return sources;
    } catch (error) {
      if (sources === undefined) clock?.[Symbol.dispose]();
      else await sources.stop();
      throw error;
    }
  }

  /** Processes that read: none of the machine's own. */
  get pids(): readonly number[] {
    return this.programs.flatMap(({ pid }) => pid ?? []);
  }

  /** Begins to write, each log into a stream of its own, for their times are not those of each other. */
  begin(open: (name: LogStream) => StreamWriter): void {
    if (this.reader !== undefined) this.kernelLog = new SideStream(open('kmsg'));
    if (this.programs.length > 0) this.printed = new SideStream(open('bpftrace'));
    for (const report of this.waiting.splice(0)) this.report(report);
    if (this.kernelLog === undefined && this.printed === undefined) return;
    this.timer = setInterval(() => this.look(), lookIntervalMs);
    this.timer.unref();
  }

  get eventCount(): number {
    return (this.kernelLog?.eventCount ?? 0) + (this.printed?.eventCount ?? 0);
  }

  /** What was lost before it was read. */
  get losses(): LogLosses {
    return { kernelLog: this.kernelLog?.lostCount ?? 0, bpftrace: this.printed?.lostCount ?? 0 };
  }

  private report(report: BpftraceReport): void {
    const stream = this.printed;
    if (stream === undefined) {
      this.waiting.push(report);
      return;
    }
    const { timeNs, program, output } = report;
    switch (output.kind) {
      case 'text':
        stream.append('bpftrace_line', timeNs, { program, text: output.text.replaceAll('\0', '␀') });
        break;
      case 'map':
        stream.append('bpftrace_map', timeNs, { program, map: output.map, value: output.value });
        break;
      case 'lost':
        stream.discard(output.count);
        break;
      default:
        output satisfies never;
    }
  }

  /** Writes what came into the kernel's log since the last time, and has all be written out. */
  private look(): void {
    const { reader, clock } = this;
    const stream = this.kernelLog;
    try {
      if (reader !== undefined && clock !== undefined && stream !== undefined) {
        const { records, lostCount } = reader.look();
        if (lostCount > 0) stream.discard(lostCount);
        for (const { level, facility, sequence, timeUs, caller, text, dictionary } of records) {
          stream.append('kmsg', clock.monotonicNs(timeUs), {
            level,
            facility,
            sequence,
            caller,
            text,
            _dictionary_length: dictionary.length,
            dictionary: dictionary.map(([key, value]) => ({ key, value })),
          });
        }
      }
      stream?.endPacket();
      if (reader !== undefined && stream !== undefined) this.onPosition?.(reader.position);
      this.printed?.endPacket();
    } catch (error) {
      clearInterval(this.timer);
      this.onFailure(
        error instanceof SpoorError
          ? error
          : new SpoorError('kernel/log', `the log of the kernel is read no more: ${describeError(error)}`),
      );
    }
  }

  /** Ends it: what there is to write has been written. */
  async stop(): Promise<void> {
    clearInterval(this.timer);
    await Promise.all(this.programs.map((program) => program.stop()));
    this.look();
    this.kernelLog?.close();
    this.printed?.close();
    this.reader?.[Symbol.dispose]();
    this.clock?.[Symbol.dispose]();
  }
}
