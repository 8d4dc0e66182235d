/** What a consumer does for a session, whatever it keeps of its events. */
import type { ChunkChange, HostMethods, WorkerTotals, WorkerUsage } from './host-protocol.ts';

export interface SessionWorker {
  /** Looks at the rings; answers after how many milliseconds to call again, 0 for at once. */
  poll(nowMs: number): number;
  /** Writes out what programs have handed over. */
  drain(): void;
  /** Ends the current chunk and begins the next. */
  changeChunk(change: ChunkChange): void;
  /** Writes a trace of what is in memory. */
  snapshot(path: string, maxSizeBytes: number | null): Promise<HostMethods['snapshot']['result']>;
  totals(): WorkerTotals;
  usage(): readonly WorkerUsage[];
  /** Bytes in the current chunk. */
  readonly chunkBytes: number;
  readonly writtenBytes: number;
  /** Ends the session; answers whether all could be written. */
  finish(): boolean;
  /** Leaves everything as it is for another consumer. */
  close(): void;
}
