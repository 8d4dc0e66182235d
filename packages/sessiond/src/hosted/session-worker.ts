/** What a consumer does for a session, whatever it keeps of its events. */
import type { SessionDescription } from '@spoor/ringbuffer';
import type { ChunkChange, HostMethods, WorkerTotals, WorkerUsage } from './host-protocol.ts';

export interface SessionWorker {
  /** Looks at the rings; answers after how many milliseconds to call again, 0 for at once. */
  poll(nowMs: number): number;
  /**
   * Takes over what the session asks for now.
   * @returns how many rings hold events from before that only their threads can hand over.
   */
  configure(description: SessionDescription): number;
  /**
   * Writes out all that was committed before, or sees to it that it can be told from what comes later.
   * @returns how many rings hold events from before that only their threads can hand over.
   */
  cut(): number;
  /** Writes the metadata of the current chunk anew. */
  regenerateMetadata(): void;
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
