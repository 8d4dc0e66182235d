import type { Domain, RecordingRule } from './event-rule.ts';

/** What becomes of events that find no room: new ones are lost, or the oldest sub-buffer is. */
export type LossMode = 'discard' | 'overwrite';

/** What can be said of a channel when it is made. */
export interface ChannelAttributes {
  readonly lossMode: LossMode;
  /** Multiple of 4 KiB. */
  readonly subBufferSizeBytes: number;
  /** Per ring buffer; a program has one ring a thread, the kernel one a CPU. */
  readonly subBufferCount: number;
  /** How long an event that finds no room waits: 0 not at all, -1 without limit. Only in discard mode. */
  readonly blockingTimeoutUs: number;
  /** How often open sub-buffers are finished for the reader's sake; 0 never. */
  readonly switchTimerUs: number;
  /** How often the consumer looks at least; 0 leaves that to it. */
  readonly readTimerUs: number;
  /** How often usage and losses are sampled for triggers; 0 never. */
  readonly monitorTimerUs: number;
  /** Largest trace file, after which the next begins; 0 without limit. */
  readonly traceFileSizeBytes: number;
  /** How many trace files a stream has before the oldest is overwritten; 0 without limit. */
  readonly traceFileCount: number;
  /** Of the kernel alone: whether the records of its log (/dev/kmsg) are recorded as well. */
  readonly kernelLog?: boolean;
  /** Of the kernel alone: counters that are looked at meanwhile, by the names of `spoor record --counters`. */
  readonly counters?: readonly string[];
  /** Between two looks at them; 100 ms by default. */
  readonly countersIntervalMs?: number;
  /** Of the kernel alone: whether texts that system calls are given are recorded, such as paths of files. */
  readonly syscallStrings?: boolean;
  /**
   * Of the kernel alone: whether pages of its rings are kept as they are while it is recorded, and become events when a trace chunk
   * ends or recording stops.
   */
  readonly rawPages?: boolean;
}

/** A channel of a session. */
export interface Channel extends ChannelAttributes {
  readonly name: string;
  readonly domain: Domain;
  readonly isEnabled: boolean;
  /** Names of context fields that each of its events has, as lttng-add-context(1) writes them. */
  readonly contexts: readonly string[];
  readonly rules: readonly RecordingRule[];
}

/** LTTng's name of the channel that `enable-event` makes where there is none. */
export const DEFAULT_CHANNEL_NAME = 'channel0';

/** LTTng's defaults; those of the user domain are of its per-user buffers. */
export const CHANNEL_DEFAULTS: Readonly<Record<Domain, ChannelAttributes>> = {
  user: {
    lossMode: 'discard',
    subBufferSizeBytes: 512 * 1024,
    subBufferCount: 4,
    blockingTimeoutUs: 0,
    switchTimerUs: 0,
    readTimerUs: 0,
    monitorTimerUs: 1_000_000,
    traceFileSizeBytes: 0,
    traceFileCount: 0,
  },
  kernel: {
    lossMode: 'discard',
    subBufferSizeBytes: 1024 * 1024,
    subBufferCount: 4,
    blockingTimeoutUs: 0,
    switchTimerUs: 0,
    readTimerUs: 200_000,
    monitorTimerUs: 1_000_000,
    traceFileSizeBytes: 0,
    traceFileCount: 0,
  },
};

/** What LTTng rounds sizes and counts of sub-buffers up to. */
export function nextPowerOfTwo(value: number): number {
  let power = 1;
  while (power < value) power *= 2;
  return power;
}
