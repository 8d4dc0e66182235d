/** A session whose events stay in the rings: for snapshots, until newer ones replace them. */
import {
  closeSync,
  constants,
  existsSync,
  ftruncateSync,
  lstatSync,
  openSync,
  readdirSync,
  unlinkSync,
} from 'node:fs';
import { join } from 'node:path';
import { SpoorError, describeError } from '@spoor/base';
import {
  EVENTS_FOLDER,
  PROCESS_FILE,
  type ProcessDescription,
  type ReaderProgress,
  RINGS_FOLDER,
  RingReader,
  type RingState,
  type SessionDescription,
  PacketScratch,
  fileStore,
  parseProcess,
} from '@spoor/ringbuffer';
import { type FileUser, asUser } from '@spoor/sys';
import { withClockOffset } from '../clock-offset.ts';
import { withCauses } from '../loss-causes.ts';
import { declaresInternedStrings } from '../metadata-writer.ts';
import { type ProcessIdentity, isProcessAlive, isThreadAlive } from '../process-identity.ts';
import { RingAllowance, checkProcessUser, userOf } from '../other-users.ts';
import { type ProcessCounts, readProcessCounts, sumCounts } from '../process-counts.ts';
import { MOST_BYTES, readProgramFile } from '../program-file.ts';
import { finishRemovals, removeDirectory } from '../removal.ts';
import { type SessionDirectory, parseProcessDirectory } from '../run-directory.ts';
import type { HostMethods, WorkerTotals, WorkerUsage } from './host-protocol.ts';
import type { SessionWorker } from './session-worker.ts';
import { SnapshotPlace } from './snapshot-place.ts';
import { type SnapshotShare, divideLimit, sumShares, writeProcessSnapshot } from './snapshot-writer.ts';
import { UsageTable } from './usage-table.ts';

/** Rings of threads that are over are kept for snapshots up to this many bytes, the youngest. */
const MOST_RETAINED_BYTES = 64 * 1024 * 1024;
/** How often it is looked whose threads are over: where that takes long, for there are many, more seldom. */
const lookEvery = { leastMs: 250, mostMs: 2000, perCost: 100 };

const scratch = new PacketScratch();
const ringName = /^(\d+)\.ring$/;

/** A ring that is open here. */
interface OpenRing {
  readonly path: string;
  readonly fd: number;
  readonly reader: RingReader;
  /** Whether its thread is over. */
  isRetained: boolean;
  /** Counted on where the producer's 32 bits wrap. */
  committedEvents: number;
  lostEvents: number;
  lostTooLarge: number;
}

interface RecordedProcess {
  readonly path: string;
  readonly identity: ProcessIdentity;
  /** Whose files are touched with that user's rights; undefined for this process's own user. */
  readonly user: FileUser | undefined;
  readonly rings: Map<number, OpenRing>;
  description: ProcessDescription | undefined;
}

/** Keeps the rings of a session. */
export class FlightRecorder implements SessionWorker {
  readonly #session: SessionDirectory;
  /** With whose rights snapshots are written. */
  readonly #writer: FileUser | undefined;
  readonly #onNote: (severity: 'info' | 'error', text: string) => void;
  readonly #processes = new Map<string, RecordedProcess>();
  /** Rings of threads that are over, in the order of their ends. */
  readonly #retained: { readonly process: RecordedProcess; readonly number: number }[] = [];
  /** Of rings that are gone. */
  readonly #past = { eventCount: 0, discardedCount: 0, tooLargeCount: 0 };
  /** By channel. */
  readonly #pastDiscarded = new Map<string, number>();
  /** By process: what its threads had counted at the last look, at the end at the latest. */
  readonly #counts = new Map<string, ProcessCounts>();
  /** Processes whose directory cannot be used. */
  readonly #leftOut = new Set<string>();
  /** Of the rings of other users' programs. */
  readonly #allowance = new RingAllowance();
  #clockOffsetNs: string | undefined;
  #processCount = 0;
  readonly #snapshots: SnapshotPlace;
  /** The snapshot that is under way; the next one begins after it. */
  #lastSnapshot: Promise<unknown> = Promise.resolve();
  #isSnapshotRunning = false;

  constructor(session: SessionDirectory, onNote: (severity: 'info' | 'error', text: string) => void) {
    finishRemovals(session.path);
    this.#session = session;
    this.#onNote = onNote;
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
    if (!this.#isSnapshotRunning) this.#look();
    const { leastMs, mostMs, perCost } = lookEvery;
    return Math.min(Math.max(perCost * (performance.now() - beganMs), leastMs), mostMs);
  }

  /** Rules are the programs' matter: all that is in the rings is kept. */
  configure({ clockOffsetNs }: SessionDescription): number {
    this.#clockOffsetNs = clockOffsetNs;
    this.#look();
    return this.#countRings((_process, { reader }) => reader.header.tier === 'copied');
  }

  /** Snapshots have metadata of their own. */
  regenerateMetadata(): void {
    // Nothing is written yet.
  }

  /** Snapshots and changes of the chunk read open sub-buffers themselves. */
  cut(): number {
    this.#look();
    return this.#countRings((process, ring) => !canBeCut(process, ring));
  }

  #countRings(isCounted: (process: RecordedProcess, ring: OpenRing) => boolean): number {
    let count = 0;
    for (const process of this.#processes.values()) {
      for (const ring of process.rings.values()) if (isCounted(process, ring)) count += 1;
    }
    return count;
  }

  drain(): void {
    this.#look();
  }

  /** What was recorded up to now is left out of later snapshots. */
  changeChunk(): void {
    this.#look();
    for (const { process, number } of this.#retained.splice(0)) this.#drop(process, number);
    for (const process of this.#processes.values()) {
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
    this.#look();
    const sources = [...this.#processes.values()].filter(
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
    this.#observe();
    const { counters, lostCount } = sumCounts(this.#counts.values());
    let { eventCount, discardedCount, tooLargeCount } = this.#past;
    discardedCount += lostCount;
    for (const { rings } of this.#processes.values()) {
      for (const ring of rings.values()) {
        eventCount += ring.committedEvents;
        discardedCount += ring.lostEvents;
        tooLargeCount += ring.lostTooLarge;
      }
    }
    return {
      eventCount,
      discardedCount,
      ...withCauses([{ tooLargeCount, ringlessCount: lostCount }]),
      overwrittenCount: 0,
      processCount: this.#processCount,
      counters: Object.fromEntries(counters),
    };
  }

  usage(): readonly WorkerUsage[] {
    this.#look();
    const table = new UsageTable();
    for (const { rings, description } of this.#processes.values()) {
      for (const { reader } of rings.values()) table.add(description?.procname ?? '', reader, reader.poll());
    }
    return table.rows();
  }

  lostOfEnded(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#pastDiscarded);
  }

  finish(): boolean {
    this.#session.end();
    this.#look();
    this.#observe();
    for (const { rings } of this.#processes.values()) {
      for (const ring of rings.values()) {
        ring.reader.stop();
        this.#countPast(ring);
      }
    }
    this.close();
    return true;
  }

  close(): void {
    for (const { rings } of this.#processes.values()) for (const { fd } of rings.values()) closeSync(fd);
    this.#processes.clear();
  }

  /** Finds processes and rings that appeared, and those that are over. */
  #look(): void {
    for (const name of this.#session.processDirectories()) {
      if (this.#leftOut.has(name)) continue;
      let process = this.#processes.get(name);
      if (process === undefined) {
        const path = join(this.#session.path, name);
        const user = userOf(this.#session.path, name);
        process = {
          path,
          user,
          identity: parseProcessDirectory(name),
          rings: new Map(),
          description: undefined,
        };
        this.#processes.set(name, process);
        this.#processCount += 1;
      }
      const isAlive = isProcessAlive(process.identity);
      try {
        const found = process;
        asUser(process.user, () => this.#findRings(found));
      } catch (error) {
        // What a program wrote there itself: the others are recorded all the same.
        this.#leftOut.add(name);
        this.#onNote('error', `process ${name} is not recorded: ${describeError(error)}`);
        continue;
      }
      this.#retire(process, isAlive);
      if (!isAlive && process.rings.size === 0) {
        this.#countOf(name, process);
        this.#removeProcess(process);
        this.#processes.delete(name);
      }
    }
    this.#dropOldest();
  }

  #removeProcess({ path, user }: RecordedProcess): void {
    try {
      asUser(user, () => removeDirectory(path));
    } catch (error) {
      if (user === undefined) throw error;
      // What its user put there goes with the session, or stays as theirs.
      this.#leftOut.add(path.slice(this.#session.path.length + 1));
    }
  }

  #findRings(process: RecordedProcess): void {
    if (process.description === undefined) {
      const path = join(process.path, PROCESS_FILE);
      if (!existsSync(path)) return;
      if (process.user !== undefined) checkProcessUser(process.identity, process.user);
      process.description = parseProcess(readProgramFile(path, MOST_BYTES.process).toString('utf8'), path);
    }
    const folder = join(process.path, RINGS_FOLDER);
    let names: string[];
    try {
      names = readdirSync(folder);
    } catch {
      return;
    }
    for (const name of names) {
      const number = Number(ringName.exec(name)?.[1] ?? Number.NaN);
      if (Number.isNaN(number) || process.rings.has(number)) continue;
      const path = join(folder, name);
      if (lstatSync(path, { throwIfNoEntry: false })?.size === 0) continue;
      if (process.user !== undefined && !this.#allowance.take(process.user)) continue;
      const fd = openSync(path, constants.O_RDWR | constants.O_NOFOLLOW | constants.O_NONBLOCK);
      try {
        const reader = new RingReader(fileStore(fd), path, scratch);
        const state = reader.poll();
        process.rings.set(number, {
          path,
          fd,
          reader,
          isRetained: false,
          committedEvents: state.committedEvents,
          lostEvents: state.lostEvents,
          lostTooLarge: state.lostTooLarge,
        });
      } catch {
        // It is being laid out, or its program died over that.
        closeSync(fd);
        if (process.user !== undefined) this.#allowance.giveBack(process.user);
      }
    }
  }

  /** Notes which rings belong to nobody any more. */
  #retire(process: RecordedProcess, isAlive: boolean): void {
    for (const [number, ring] of process.rings) {
      if (ring.isRetained) continue;
      const { pid, tid, threadStartTicks } = ring.reader.header;
      // A process of another PID namespace knows itself under another number: its threads cannot be looked up.
      const isForeign = pid !== process.identity.pid;
      if (isAlive && (isForeign || isThreadAlive(pid, tid, threadStartTicks))) continue;
      ring.isRetained = true;
      this.#retained.push({ process, number });
    }
  }

  #dropOldest(): void {
    let sizeBytes = 0;
    let first = this.#retained.length;
    while (first > 0) {
      const { process, number } = this.#retained[first - 1]!;
      sizeBytes += process.rings.get(number)?.reader.sizeBytes ?? 0;
      if (sizeBytes > MOST_RETAINED_BYTES) break;
      first -= 1;
    }
    for (const { process, number } of this.#retained.splice(0, first)) this.#drop(process, number);
  }

  #drop(process: RecordedProcess, number: number): void {
    const ring = process.rings.get(number);
    if (ring === undefined) return;
    this.#count(ring, ring.reader.poll());
    this.#countPast(ring);
    const { channelName } = ring.reader.header;
    const discardedBefore = this.#pastDiscarded.get(channelName) ?? 0;
    this.#pastDiscarded.set(channelName, discardedBefore + ring.lostEvents);
    process.rings.delete(number);
    if (process.user !== undefined) this.#allowance.giveBack(process.user);
    try {
      // Frees the memory at once: a process keeps its mapping of a thread that is over.
      ftruncateSync(ring.fd, 0);
      if (!isProcessAlive(process.identity)) asUser(process.user, () => unlinkSync(ring.path));
    } catch {
      // It goes with the directory.
    }
    closeSync(ring.fd);
  }

  #observe(): void {
    for (const [name, process] of this.#processes) {
      this.#countOf(name, process);
      for (const ring of process.rings.values()) this.#count(ring, ring.reader.poll());
    }
  }

  #countOf(name: string, { user, path }: RecordedProcess): void {
    try {
      this.#counts.set(
        name,
        asUser(user, () => readProcessCounts(path)),
      );
    } catch {
      // They stay what they were: its directory is on its way out.
    }
  }

  /** What came of a ring that is not looked at any more. */
  #countPast({ committedEvents, lostEvents, lostTooLarge }: OpenRing): void {
    this.#past.eventCount += committedEvents;
    this.#past.discardedCount += lostEvents;
    this.#past.tooLargeCount += lostTooLarge;
  }

  #count(ring: OpenRing, state: RingState): void {
    ring.committedEvents += (state.committedEvents - ring.committedEvents) >>> 0;
    ring.lostEvents = state.lostEvents;
    ring.lostTooLarge = state.lostTooLarge;
  }
}

/** What each ring may have of a snapshot that has a limit. */
function limitsOf(processes: readonly RecordedProcess[], mostBytes: number): ReadonlyMap<RingReader, number> {
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
function canBeCut(process: RecordedProcess, { reader }: OpenRing): boolean {
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
