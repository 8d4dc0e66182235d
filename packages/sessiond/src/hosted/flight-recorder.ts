/** A session whose events stay in the rings: for snapshots, until newer ones replace them. */
import { join } from 'node:path';
import { SpoorError } from '@spoor/base';
import type { ChannelUsage } from '@spoor/control';
import {
  EVENTS_FOLDER,
  type ReaderProgress,
  type RingReader,
  type SessionDescription,
} from '@spoor/ringbuffer';
import { type FileUser, asUser } from '@spoor/sys';
import { withClockOffset } from '../clock-offset.ts';
import { declaresInternedStrings } from '../metadata-writer.ts';
import { finishRemovals } from '../removal.ts';
import type { SessionDirectory } from '../run-directory.ts';
import type { HostMethods, WorkerTotals } from './host-protocol.ts';
import { type KeptProcess, type KeptRing, KeptRings } from './kept-rings.ts';
import type { SessionWorker } from './session-worker.ts';
import { SnapshotPlace } from './snapshot-place.ts';
import { type SnapshotShare, divideLimit, sumShares, writeProcessSnapshot } from './snapshot-writer.ts';
import { UsageTable } from './usage-table.ts';

/** How often it is looked whose threads are over: where that takes long, for there are many, more seldom. */
const lookEvery = { leastMs: 250, mostMs: 2000, perCost: 100 };

/** Keeps what is in the rings of a session, and writes it when it is asked. */
export class FlightRecorder implements SessionWorker {
  readonly #session: SessionDirectory;
  /** With whose rights snapshots are written. */
  readonly #writer: FileUser | undefined;
  readonly #onNote: (severity: 'info' | 'error', text: string) => void;
  readonly #rings: KeptRings;
  #clockOffsetNs: string | undefined;
  readonly #snapshots: SnapshotPlace;
  /** The snapshot that is under way; the next one begins after it. */
  #lastSnapshot: Promise<unknown> = Promise.resolve();
  #isSnapshotRunning = false;

  constructor(session: SessionDirectory, onNote: (severity: 'info' | 'error', text: string) => void) {
    finishRemovals(session.path);
    this.#session = session;
    this.#onNote = onNote;
    this.#rings = new KeptRings(session, (text) => onNote('error', text));
    this.#writer = session.readDescription().writer;
    this.#snapshots = new SnapshotPlace(session.path, this.#writer);
  }

  readonly chunkBytes = 0;
  readonly outputDir = undefined;
  #writtenBytes = 0;

  get writtenBytes(): number {
    return this.#writtenBytes;
  }

  poll(): number {
    const beganMs = performance.now();
    // Rings that a snapshot reads stay as they are.
    if (!this.#isSnapshotRunning) this.#rings.look();
    const { leastMs, mostMs, perCost } = lookEvery;
    return Math.min(Math.max(perCost * (performance.now() - beganMs), leastMs), mostMs);
  }

  /** Rules are the programs' matter: all that is in the rings is kept. */
  configure({ clockOffsetNs }: SessionDescription): number {
    this.#clockOffsetNs = clockOffsetNs;
    this.#rings.look();
    return this.#rings.count((_process, { reader }) => reader.header.tier === 'copied');
  }

  /** Snapshots have metadata of their own. */
  regenerateMetadata(): void {
    // Nothing is written yet.
  }

  /** Snapshots and changes of the chunk read open sub-buffers themselves. */
  cut(): number {
    this.#rings.look();
    return this.#rings.count((process, ring) => !canBeCut(process, ring));
  }

  drain(): void {
    this.#rings.look();
  }

  /** What was recorded up to now is left out of later snapshots. */
  changeChunk(): void {
    this.#rings.look();
    this.#rings.dropEnded();
    for (const process of this.#rings.processes) {
      for (const ring of process.rings.values()) {
        ring.reader.noteProgress(progressNow(ring.reader, canBeCut(process, ring)));
      }
    }
  }

  snapshot(
    path: string,
    maxSizeBytes: number | null,
    more: (directory: string) => Promise<HostMethods['snapshot']['result']>,
  ): Promise<HostMethods['snapshot']['result']> {
    const made = this.#lastSnapshot.then(() =>
      this.#snapshots.make(path, async (draft) => {
        const [own, other] = [await this.#write(draft, maxSizeBytes), await more(draft)];
        this.#checkLimit(own, own.eventCount + other.eventCount, maxSizeBytes);
        return {
          eventCount: own.eventCount + other.eventCount,
          sizeBytes: own.sizeBytes + other.sizeBytes,
        };
      }),
    );
    this.#lastSnapshot = made.catch(() => undefined);
    return made;
  }

  /**
   * Tells of rings that a limit leaves out.
   * @throws SpoorError `control/snapshot-size` where nothing is left.
   */
  #checkLimit(
    { tooLargeCount, smallestBytes }: SnapshotShare,
    eventCount: number,
    maxSizeBytes: number | null,
  ): void {
    if (tooLargeCount === 0) return;
    const hint = `a larger maximum, or smaller sub-buffers: spoor enable-channel --subbuf-size`;
    if (eventCount === 0) {
      throw new SpoorError(
        'control/snapshot-size',
        `no packet fits into a snapshot of ${maxSizeBytes} bytes: the smallest has ${smallestBytes}`,
        { hint },
      );
    }
    const rings = tooLargeCount === 1 ? 'one ring' : `${tooLargeCount} rings`;
    this.#onNote('error', `a snapshot of ${maxSizeBytes} bytes has nothing of ${rings}: it needs ${hint}`);
  }

  async #write(path: string, maxSizeBytes: number | null): Promise<SnapshotShare> {
    this.#rings.look();
    const sources = this.#rings.processes.filter(
      ({ description, rings }) => description !== undefined && rings.size > 0,
    );
    const limits = maxSizeBytes === null ? undefined : limitsOf(sources, maxSizeBytes);
    const shares: SnapshotShare[] = [];
    this.#isSnapshotRunning = true;
    try {
      for (const process of sources) {
        const description = process.description!;
        shares.push(
          await writeProcessSnapshot(
            { path: process.path, user: process.user, writer: this.#writer },
            { ...description, header: withClockOffset(description.header, this.#clockOffsetNs) },
            [...process.rings].map(([number, { reader }]) => ({
              number,
              reader,
              limitBytes: limits?.get(reader),
            })),
            path,
            (text) => this.#onNote('error', text),
          ),
        );
      }
    } finally {
      this.#isSnapshotRunning = false;
    }
    const written = sumShares(shares);
    this.#writtenBytes += written.sizeBytes;
    return written;
  }

  totals(): WorkerTotals {
    return this.#rings.totals();
  }

  usage(): readonly ChannelUsage[] {
    this.#rings.look();
    const table = new UsageTable();
    for (const { rings, description } of this.#rings.processes) {
      for (const { reader } of rings.values()) table.add(description?.procname ?? '', reader, reader.poll());
    }
    return table.rows();
  }

  lostOfEnded(): Readonly<Record<string, number>> {
    return this.#rings.lostOfEnded();
  }

  finish(): boolean {
    this.#session.end();
    this.#rings.look();
    this.#rings.finish();
    return true;
  }

  abandon(): void {
    this.#rings.finish();
  }

  close(): void {
    this.#rings.close();
  }
}

/** What each ring may have of a snapshot that has a limit. */
function limitsOf(processes: readonly KeptProcess[], mostBytes: number): ReadonlyMap<RingReader, number> {
  const readers = processes.flatMap(({ rings }) => [...rings.values()].map(({ reader }) => reader));
  const heldBytes = readers.map((reader) => {
    const { subBufferCount, subBufferSizeBytes } = reader.header;
    const capacityBytes = subBufferCount * subBufferSizeBytes;
    // Its thread goes on until it is its turn.
    return Math.min(reader.producedBytes(reader.poll()) * 1.25 + 4096, capacityBytes);
  });
  const limits = divideLimit(mostBytes, heldBytes);
  return new Map(readers.map((reader, index) => [reader, limits[index]!]));
}

/** Whether a packet of the ring may become two: strings are told once a packet, a copied ring lags behind. */
function canBeCut(process: KeptProcess, { reader }: KeptRing): boolean {
  const events = join(process.path, EVENTS_FOLDER);
  return reader.header.tier === 'mapped' && !asUser(process.user, () => declaresInternedStrings(events));
}

/** How often an open packet is tried to be cut while its thread goes on emitting. */
const CUT_ATTEMPTS = 10;

/** The progress of a reader that is done with all that is in the ring at this moment. */
function progressNow(reader: RingReader, isCut: boolean): ReaderProgress {
  let done = reader.progress;
  for (let attempt = 0; attempt < CUT_ATTEMPTS; attempt += 1) {
    const { finished, open } = reader.poll();
    const last = finished.at(-1);
    if (last !== undefined && last >= done.recordedPackets) {
      done = { ...done, recordedPackets: last + 1, cutBytes: 0 };
    }
    if (open === undefined || !isCut) break;
    const cut = reader.readCut(open);
    if (cut === 'unsettled') continue;
    if (cut !== 'nothing') {
      const { bytes, timeNs, committedEvents } = cut;
      const at = { cutBytes: bytes.length, cutTimeNs: timeNs, cutEvents: committedEvents };
      return { ...done, recordedPackets: open, ...at };
    }
    // Either it has no events, or it is one of the finished by now.
    if (reader.poll().open === open) break;
  }
  return done;
}
