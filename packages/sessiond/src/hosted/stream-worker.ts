import type { FSWatcher } from 'node:fs';
import { SpoorError } from '@spoor/base';
import type { ChannelUsage } from '@spoor/control';
import type { SessionDescription } from '@spoor/ringbuffer';
import { Consumer } from '../consumer.ts';
import { withCauses } from '../loss-causes.ts';
import type { SessionDirectory } from '../run-directory.ts';
import { watchWakes } from '../program-wakes.ts';
import type { ChunkChange, HostMethods, WorkerTotals } from './host-protocol.ts';
import type { SessionWorker } from './session-worker.ts';
import { TraceChunk } from './trace-chunk.ts';
import { UsageTable } from './usage-table.ts';

/** Writes the events of a session to its output directory all along. */
export class StreamWorker implements SessionWorker {
  readonly #consumer: Consumer;
  readonly #chunk: TraceChunk;
  #chunkBytes: number;
  #writtenBytes = 0;

  readonly #watcher: FSWatcher | undefined;

  /**
   * @param onDue called when the next look should come at once.
   * @throws SpoorError `session/…` when the session cannot be read.
   */
  constructor(
    session: SessionDirectory,
    onNote: (severity: 'info' | 'error', text: string) => void,
    onDue: () => void,
  ) {
    const { outputDir: firstDir, writer } = session.readDescription();
    this.#chunk = new TraceChunk(session.path, firstDir, writer);
    const { outputDir } = this.#chunk;
    this.#watcher = watchWakes(session.path, () => {
      this.#consumer.wake();
      onDue();
    });
    const isWoken = this.#watcher !== undefined;
    this.#consumer = new Consumer(session, onNote, {
      outputDir,
      writer,
      drainsOverwrite: true,
      isWoken,
    });
    this.#chunkBytes = this.#chunk.sizeBytes();
  }

  get outputDir(): string {
    return this.#chunk.outputDir;
  }

  get chunkBytes(): number {
    this.#count();
    return this.#chunkBytes;
  }

  get writtenBytes(): number {
    this.#count();
    return this.#writtenBytes;
  }

  poll(nowMs: number): number {
    return this.#consumer.poll(nowMs);
  }

  configure(description: SessionDescription): number {
    return this.#consumer.configure(description);
  }

  regenerateMetadata(): void {
    this.#consumer.regenerateMetadata();
  }

  cut(): number {
    return this.#consumer.cut();
  }

  drain(): void {
    this.#consumer.drain();
  }

  changeChunk(change: ChunkChange): void {
    if (this.#chunk.isDone(change)) return;
    this.#consumer.changeChunk(() => {
      this.#chunk.change(change);
      return change.next;
    });
    this.#count();
    this.#chunkBytes = 0;
  }

  snapshot(): Promise<HostMethods['snapshot']['result']> {
    return Promise.reject(
      new SpoorError('control/not-a-snapshot-session', 'the session writes its events all along', {
        hint: 'create it with --snapshot to take snapshots',
      }),
    );
  }

  totals(): WorkerTotals {
    const { eventCount, lostCount, overwrittenCount, processCount, counters, ...causes } =
      this.#consumer.totals();
    return {
      eventCount,
      discardedCount: lostCount,
      ...withCauses([causes]),
      overwrittenCount,
      processCount,
      counters,
    };
  }

  usage(): readonly ChannelUsage[] {
    const table = new UsageTable();
    for (const process of this.#consumer.processes()) {
      for (const ring of process.rings()) {
        ring.observe();
        table.add(process.procname, ring.reader, ring.state);
      }
    }
    return table.rows();
  }

  lostOfEnded(): Readonly<Record<string, number>> {
    return this.#consumer.lostOfEnded();
  }

  finish(): boolean {
    this.#watcher?.close();
    return this.#consumer.finish(true).complete;
  }

  abandon(): void {
    this.#watcher?.close();
    this.#consumer.abandon();
  }

  close(): void {
    this.#watcher?.close();
    this.#consumer.close();
  }

  #count(): void {
    const bytes = this.#consumer.takeWrittenBytes();
    this.#writtenBytes += bytes;
    this.#chunkBytes += bytes;
  }
}
