/** What a session records of the kernel. All of it is JSON, so that it outlives whoever records. */
import type { TaskSelection } from '../transcode/record-filter.ts';
import type { KernelRule } from './session-rules.ts';

/** Changes with what another version would misunderstand. */
export const kernelSessionVersion = 1;

/** A place that is to be probed. */
export interface ProbeRequest {
  /** Name of its events, as the trace has it. */
  readonly name: string;
  readonly kind: 'kprobe' | 'function' | 'uprobe';
  /** `SYMBOL`, `SYMBOL+OFFSET`, an address; of `uprobe` what `parseProgramPlace` takes. */
  readonly location: string;
  readonly filter?: string;
}

/** One channel: its rings, and what goes into them. */
export interface KernelChannelDescription {
  readonly name: string;
  readonly isEnabled: boolean;
  /** Whether new events push out old ones in a full ring. */
  readonly overwrite: boolean;
  /** Of the ring of each processor, all sub-buffers together. */
  readonly ringBytes: number;
  /** Of a sub-buffer; the kernel's are smaller where it cannot have such large ones. */
  readonly subBufferBytes: number;
  /** Longest time between two looks at its rings; 0 leaves that to the reader. */
  readonly readIntervalMs: number;
  /** How large files of the trace may become, and how many of them a processor has; none or 0 is without limit. */
  readonly traceFileSizeBytes?: number;
  readonly traceFileCount?: number;
  /** Whether the records of the kernel's log are recorded as well. */
  readonly kernelLog?: boolean;
  /** Counters that are looked at meanwhile: words such as `default`, `instructions`, `interrupts`. */
  readonly counters?: readonly string[];
  readonly countersIntervalMs?: number;
  /** Whether the texts that system calls are given are recorded, such as paths of files. */
  readonly syscallStrings?: boolean;
  /** Whether pages are kept as they are until a trace chunk ends or recording stops, and become events then. */
  readonly rawPages?: boolean;
  /** Names of contexts. */
  readonly contexts: readonly string[];
  readonly rules: readonly Exclude<KernelRule, { readonly kind: 'probe' }>[];
  readonly probes: readonly ProbeRequest[];
}

/** A session. */
export interface KernelSessionDescription {
  readonly version: number;
  readonly uuid: string;
  readonly isActive: boolean;
  /** Whether pages stay in the rings, for snapshots. */
  readonly isInMemory: boolean;
  /** From the Unix epoch to the origin of the monotonic clock, in decimal. */
  readonly clockOffsetNs: string;
  /** Put into the environment of the trace. */
  readonly environment: Readonly<Record<string, string>>;
  /** How often the state was asked for anew. */
  readonly stateDumps: number;
  readonly channels: readonly KernelChannelDescription[];
  /** Tasks that are recorded: all of these must take one. */
  readonly tasks: readonly TaskSelection[];
}
