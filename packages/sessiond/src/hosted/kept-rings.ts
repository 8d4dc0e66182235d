/** The rings of a session that nobody empties: of threads that record, and of those that are over while there is room. */
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
import { describeError } from '@spoor/base';
import {
  PROCESS_FILE,
  type ProcessDescription,
  RINGS_FOLDER,
  RingReader,
  type RingState,
  PacketScratch,
  fileStore,
  parseProcess,
} from '@spoor/ringbuffer';
import { type FileUser, asUser } from '@spoor/sys';
import { withCauses } from '../loss-causes.ts';
import { isThreadAlive } from '../process-identity.ts';
import { ProcessLife } from '../process-life.ts';
import { RingAllowance, checkProcessUser, userOf } from '../other-users.ts';
import { type ProcessCounts, readProcessCounts, sumCounts } from '../process-counts.ts';
import { MOST_BYTES, readProgramFile } from '../program-file.ts';
import { removeDirectory } from '../removal.ts';
import { type SessionDirectory, parseProcessDirectory } from '../run-directory.ts';
import type { WorkerTotals } from './host-protocol.ts';

/** Rings of threads that are over are kept for snapshots up to this many bytes, the youngest. */
const MOST_RETAINED_BYTES = 64 * 1024 * 1024;

const scratch = new PacketScratch();
const ringName = /^(\d+)\.ring$/;

/** A ring that is open here. */
export interface KeptRing {
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

/** A process that records, or whose rings are there still. */
export interface KeptProcess {
  readonly path: string;
  readonly life: ProcessLife;
  /** Whose files are touched with that user's rights; undefined for this process's own user. */
  readonly user: FileUser | undefined;
  readonly rings: Map<number, KeptRing>;
  description: ProcessDescription | undefined;
}

/** Finds the rings of a session, lets go of them, and counts what is and was in them. */
export class KeptRings {
  readonly #session: SessionDirectory;
  readonly #onError: (text: string) => void;
  readonly #processes = new Map<string, KeptProcess>();
  /** Rings of threads that are over, in the order of their ends. */
  readonly #retained: { readonly process: KeptProcess; readonly number: number }[] = [];
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
  #processCount = 0;

  constructor(session: SessionDirectory, onError: (text: string) => void) {
    this.#session = session;
    this.#onError = onError;
  }

  /** As of the last {@link look}. */
  get processes(): readonly KeptProcess[] {
    return [...this.#processes.values()];
  }

  /** How many rings are so. */
  count(isCounted: (process: KeptProcess, ring: KeptRing) => boolean): number {
    let count = 0;
    for (const process of this.#processes.values()) {
      for (const ring of process.rings.values()) if (isCounted(process, ring)) count += 1;
    }
    return count;
  }

  /** Finds processes and rings that appeared, and those that are over. */
  look(): void {
    for (const name of this.#session.processDirectories()) {
      if (this.#leftOut.has(name)) continue;
      let process = this.#processes.get(name);
      if (process === undefined) {
        const path = join(this.#session.path, name);
        const user = userOf(this.#session.path, name);
        process = {
          path,
          user,
          life: new ProcessLife(parseProcessDirectory(name)),
          rings: new Map(),
          description: undefined,
        };
        this.#processes.set(name, process);
        this.#processCount += 1;
      }
      const isAlive = process.life.isAlive();
      try {
        const found = process;
        asUser(process.user, () => this.#findRings(found));
      } catch (error) {
        // What a program wrote there itself: the others are recorded all the same.
        this.#leftOut.add(name);
        this.#onError(`process ${name} is not recorded: ${describeError(error)}`);
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

  /** Lets go of the rings of all threads that are over. */
  dropEnded(): void {
    for (const { process, number } of this.#retained.splice(0)) this.#drop(process, number);
  }

  /** What is and was in the rings. */
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

  /** Events that threads lost which are over, by channel. */
  lostOfEnded(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#pastDiscarded);
  }

  /** Has all threads end their recording, and lets go of their rings. */
  finish(): void {
    this.#observe();
    for (const { rings } of this.#processes.values()) {
      for (const ring of rings.values()) {
        ring.reader.stop();
        this.#countPast(ring);
      }
    }
    this.close();
  }

  /** Lets go of all rings, which stay as they are. */
  close(): void {
    for (const { rings } of this.#processes.values()) for (const { fd } of rings.values()) closeSync(fd);
    this.#processes.clear();
  }

  #removeProcess({ path, user }: KeptProcess): void {
    try {
      asUser(user, () => removeDirectory(path));
    } catch (error) {
      if (user === undefined) throw error;
      // What its user put there goes with the session, or stays as theirs.
      this.#leftOut.add(path.slice(this.#session.path.length + 1));
    }
  }

  #findRings(process: KeptProcess): void {
    if (process.description === undefined) {
      const path = join(process.path, PROCESS_FILE);
      if (!existsSync(path)) return;
      if (process.user !== undefined) checkProcessUser(process.life.identity, process.user);
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
  #retire(process: KeptProcess, isAlive: boolean): void {
    for (const [number, ring] of process.rings) {
      if (ring.isRetained) continue;
      const { pid, tid, threadStartTicks } = ring.reader.header;
      // A process of another PID namespace knows itself under another number: its threads cannot be looked up.
      if (isAlive && (process.life.isForeign || isThreadAlive(pid, tid, threadStartTicks))) continue;
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

  #drop(process: KeptProcess, number: number): void {
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
      // Cut, the memory is free at once: a process keeps its mapping of a thread that is over. Nobody maps that of a process
      // which is over, and one that only seems so would be killed by it.
      if (process.life.isAlive()) ftruncateSync(ring.fd, 0);
      else asUser(process.user, () => unlinkSync(ring.path));
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

  #countOf(name: string, { user, path }: KeptProcess): void {
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
  #countPast({ committedEvents, lostEvents, lostTooLarge }: KeptRing): void {
    this.#past.eventCount += committedEvents;
    this.#past.discardedCount += lostEvents;
    this.#past.tooLargeCount += lostTooLarge;
  }

  #count(ring: KeptRing, state: RingState): void {
    ring.committedEvents += (state.committedEvents - ring.committedEvents) >>> 0;
    ring.lostEvents = state.lostEvents;
    ring.lostTooLarge = state.lostTooLarge;
  }
}
