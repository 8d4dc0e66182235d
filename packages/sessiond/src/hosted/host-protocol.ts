/** What the session daemon and its consumer say to each other: JSON lines over a Unix socket, as to clients. */
import type { ChannelUsage, LossCauses, WireError } from '@spoor/control';

/** Changes with what the other would misunderstand: a daemon replaces a consumer of another version. */
export const HOST_VERSION = 3;

/** Whether a session's events go to files all along, or stay in memory for snapshots. */
export type Keeping = 'stream' | 'memory';

/** Counts of a session. */
export interface WorkerTotals {
  readonly eventCount: number;
  readonly discardedCount: number;
  readonly causes?: LossCauses;
  readonly overwrittenCount: number;
  readonly processCount: number;
  /** What the programs counted, by name. */
  readonly counters: Readonly<Record<string, number>>;
}

/** Names the directory of a session in the hub. */
interface OfSession {
  readonly session: string;
}

/** How many rings hold events from before a cut that only their threads can hand over. */
interface Uncut {
  readonly uncutCount: number;
}

/** A step from one trace chunk to the next; all paths are absolute. */
export interface ChunkChange {
  readonly from: string;
  readonly archive: string | null;
  readonly next: string;
}

/** What each method takes and answers. */
export interface HostMethods {
  readonly hello: {
    readonly params: { readonly version: number };
    readonly result: { readonly pid: number; readonly startTicks: string };
  };
  /**
   * Takes the rings of a session over, or what its description has changed to, and the kernel's as `kernel.json` says;
   * answers what is wrong with that, if anything is.
   */
  readonly attach: {
    readonly params: OfSession & { readonly keeping: Keeping };
    readonly result: Uncut & { readonly kernelFailure?: WireError };
  };
  /** Writes out all that was committed before, without the programs. */
  readonly cut: { readonly params: OfSession; readonly result: Uncut };
  /** Writes the metadata of the current chunk anew, as the description says now. */
  readonly 'regenerate-metadata': {
    readonly params: OfSession;
    readonly result: Readonly<Record<string, never>>;
  };
  /** Writes out what programs have handed over. */
  readonly drain: { readonly params: OfSession; readonly result: WorkerTotals };
  /**
   * Ends the current chunk, which lies in `from`: moves it to `archive`, or removes it without one. What comes
   * afterwards goes to `next`. Nothing to do when that was done already.
   */
  readonly 'change-chunk': {
    readonly params: OfSession & ChunkChange;
    readonly result: Readonly<Record<string, never>>;
  };
  readonly snapshot: {
    readonly params: OfSession & { readonly path: string; readonly maxSizeBytes: number | null };
    readonly result: { readonly eventCount: number; readonly sizeBytes: number };
  };
  readonly usage: {
    readonly params: OfSession;
    readonly result: {
      readonly totals: WorkerTotals;
      readonly channels: readonly ChannelUsage[];
      /** By channel of user space; absent of an older consumer. */
      readonly endedDiscarded?: Readonly<Record<string, number>>;
      readonly chunkBytes: number;
      readonly writtenBytes: number;
    };
  };
  /** Ends the session: programs leave it, and all that they recorded is written. */
  readonly finish: {
    readonly params: OfSession;
    readonly result: WorkerTotals & { readonly isComplete: boolean };
  };
}

export type HostMethod = keyof HostMethods;

/** Something worth telling, one line. */
export interface HostNote {
  readonly session: string;
  readonly severity: 'info' | 'error';
  readonly text: string;
}

export interface HostRequest<Name extends HostMethod = HostMethod> {
  readonly id: number;
  readonly method: Name;
  readonly params: HostMethods[Name]['params'];
}
