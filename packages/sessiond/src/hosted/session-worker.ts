/** What a consumer does for a session, whatever it keeps of its events. */
import type { ChannelUsage } from '@spoor/control';
import type { SessionDescription } from '@spoor/ringbuffer';
import type { ChunkChange, HostMethods, WorkerTotals } from './host-protocol.ts';

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
  /**
   * Writes a trace of what is in memory.
   * @param more writes what belongs to it, too, below the directory that it is given.
   */
  snapshot(
    path: string,
    maxSizeBytes: number | null,
    more: (directory: string) => Promise<HostMethods['snapshot']['result']>,
  ): Promise<HostMethods['snapshot']['result']>;
  /** Where the current chunk lies; undefined where there is none. */
  readonly outputDir: string | undefined;
  totals(): WorkerTotals;
  usage(): readonly ChannelUsage[];
  /** Events that threads lost which are over, by channel. */
  lostOfEnded(): Readonly<Record<string, number>>;
  /** Bytes in the current chunk. */
  readonly chunkBytes: number;
  readonly writtenBytes: number;
  /** Ends the session; answers whether all could be written. */
  finish(): boolean;
  /** Ends a session whose directory somebody has removed: programs leave it, and what is not written yet is lost. */
  abandon(): void;
  /** Leaves everything as it is for another consumer. */
  close(): void;
}
