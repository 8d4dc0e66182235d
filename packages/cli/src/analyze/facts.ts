/** What the report tells of a trace beside what its events say. */
export interface TraceFacts {
  /** The directories that were read. */
  readonly paths: readonly string[];
  /** Size of all streams on disk. */
  readonly sizeBytes: number;
  /** Nanoseconds from the Unix epoch to the trace set's base. */
  readonly baseNs: bigint;
  readonly processes: readonly ProcessFacts[];
  /** By the number that events call a thread by. */
  readonly threads: readonly ThreadFacts[];
  readonly losses: readonly Loss[];
  readonly warnings: readonly string[];
}

/** One traced process. */
export interface ProcessFacts {
  readonly name: string;
  readonly pid: number;
}

/** One thread; a stream of its own where the tracer writes one a thread. */
export interface ThreadFacts {
  /** Index into `processes`. */
  readonly process: number;
  /** Number of the thread to the operating system; 0 if unknown. */
  readonly tid: number;
}

/** What a stream lost. */
export interface Loss {
  /** The stream's file. */
  readonly stream: string;
  readonly discardedEvents: number;
  readonly discardedPackets: number;
}
