/**
 * What a channel records beside what its rings hold: the kernel's log, and counters. They write streams of their own, of a stream
 * class of their own, and begin anew in each trace chunk.
 */
import type { StreamClass, StreamWriter } from '@spoor/ctf';
import { type SpoorError, describeError } from '@spoor/base';
import { readCounterChoice, type CounterChoice } from '../counters/counter-choice.node.ts';
import { eventsOfCounters } from '../counters/counter-events.node.ts';
import { checkCounters, CounterSampler } from '../counters/counter-sampler.node.ts';
import { eventsOfLogs, LogSources } from '../sources/log-sources.node.ts';
import type { PlainEvent } from '../transcode/kernel-trace-class.ts';
import type { KernelChannelDescription } from './session-description.ts';

/** Usual time between two looks at counters. */
const usualIntervalMs = 100;

type Described = Pick<KernelChannelDescription, 'kernelLog' | 'counters' | 'countersIntervalMs'>;

/**
 * The counters that a channel asks for, if any.
 * @throws SpoorError `kernel/counter` for one that there is not.
 */
export function countersOf({ counters = [], countersIntervalMs }: Described): CounterChoice | undefined {
  if (counters.length === 0) return undefined;
  const choice = readCounterChoice(counters, countersIntervalMs ?? usualIntervalMs);
  checkCounters(choice);
  return choice;
}

/** What a channel's sources need. */
export interface SourceSurroundings {
  readonly root: string;
  readonly prefix: string | undefined;
  readonly cpus: readonly number[];
  /** Declares the events in the trace chunk. */
  readonly declare: (events: readonly PlainEvent[]) => StreamClass;
  /** Opens a stream of that class. @param number that no other of it has. */
  readonly open: (stream: StreamClass, name: string, number: number, cpu: number) => StreamWriter;
  /** Number of the record of the log that was written last; undefined to begin with what comes. */
  readonly logPosition: number | undefined;
  readonly onLogPosition: (position: number) => void;
  readonly onFailure: (error: SpoorError) => void;
}

/** Sources at work. */
export class ChannelSources {
  /** What they were asked for with: another one needs others. */
  readonly key: string;
  private readonly logs: LogSources | undefined;
  private readonly sampler: CounterSampler | undefined;

  private constructor(key: string, logs: LogSources | undefined, sampler: CounterSampler | undefined) {
    this.key = key;
    this.logs = logs;
    this.sampler = sampler;
  }

  /** What of a description is about sources; empty where it asks for none. */
  static keyOf({ kernelLog = false, counters = [], countersIntervalMs }: Described): string {
    return kernelLog || counters.length > 0 ? JSON.stringify([kernelLog, counters, countersIntervalMs]) : '';
  }

  /** Begins. @throws SpoorError `kernel/…`, `output/failed`: then nothing goes on. */
  static async begin(description: Described, around: SourceSurroundings): Promise<ChannelSources> {
    const { kernelLog } = description;
    const choice = countersOf(description);
    const stream = around.declare([
      ...eventsOfLogs({ kernelLog }),
      ...(choice === undefined ? [] : eventsOfCounters(choice)),
    ]);
    const { root, prefix, logPosition, onLogPosition, onFailure } = around;
    const logs =
      kernelLog === true
        ? await LogSources.open({ kernelLog }, root, prefix, onFailure, {
            position: logPosition,
            onPosition: onLogPosition,
          })
        : undefined;
    try {
      // Those of counters have the numbers of processors.
      logs?.begin((name) => around.open(stream, name, Math.max(...around.cpus) + 1, 0));
      const sampler =
        choice === undefined
          ? undefined
          : new CounterSampler(
              choice,
              around.cpus,
              undefined,
              (cpu) => around.open(stream, `counters_${cpu}`, Number(cpu), Number(cpu)),
              onFailure,
            );
      return new ChannelSources(ChannelSources.keyOf(description), logs, sampler);
    } catch (error) {
      await logs?.stop();
      throw error;
    }
  }

  get eventCount(): number {
    return (this.logs?.eventCount ?? 0) + (this.sampler?.eventCount ?? 0);
  }

  get lostCount(): number {
    return this.logs?.losses.kernelLog ?? 0;
  }

  /** Ends: what there is to write has been written. @returns what went wrong, if anything did. */
  async end(): Promise<string | undefined> {
    try {
      this.sampler?.stop();
      await this.logs?.stop();
      return undefined;
    } catch (error) {
      return describeError(error);
    }
  }
}
