// One process in the watch session: its rings, its classes, its counts.
import { readdirSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import {
  COUNTS_FOLDER,
  type PacketScratch,
  RINGS_FOLDER,
  mergeEndedCounters,
  readCounters,
  readProcess,
} from '@spoor/ringbuffer';
import { isThreadAlive } from '../process-identity.ts';
import { ProcessLife } from '../process-life.ts';
import { parseProcessDirectory } from '../run-directory.ts';
import { NoticeDecoder, type DecodedEvent } from './notice-decoder.ts';
import { NoticeRing, threadOf } from './notice-ring.ts';

/** An event of a ring of the watch session. */
export interface RingNotice extends DecodedEvent {
  /** Name of the channel, which says whom the event is for. */
  readonly channel: string;
  readonly pid: number;
  readonly tid: number;
  readonly procname: string;
  /** Name of the process's directory: it tells processes apart for good. */
  readonly process: string;
}

const ringName = /^(\d+)\.ring$/;

/** Reads what one process noticed. */
export class WatchedProcess {
  readonly name: string;
  readonly #path: string;
  readonly #pid: number;
  readonly #life: ProcessLife;
  readonly #decoder: NoticeDecoder;
  readonly #scratch: PacketScratch;
  readonly #rings = new Map<number, NoticeRing>();
  /** Rings that cannot be read. */
  readonly #leftOut = new Set<number>();
  #procname: string | undefined;

  constructor(sessionPath: string, name: string, scratch: PacketScratch) {
    const identity = parseProcessDirectory(name);
    this.name = name;
    this.#path = join(sessionPath, name);
    this.#pid = identity.pid;
    this.#life = new ProcessLife(identity);
    this.#decoder = new NoticeDecoder(this.#path);
    this.#scratch = scratch;
  }

  get pid(): number {
    return this.#pid;
  }

  get procname(): string {
    try {
      this.#procname ??= readProcess(this.#path).procname;
    } catch {
      // It is about to be written.
    }
    return this.#procname ?? '';
  }

  get rings(): ReadonlyMap<number, NoticeRing> {
    return this.#rings;
  }

  isAlive(): boolean {
    return this.#life.isAlive();
  }

  /** Finds rings that appeared. */
  discover(): void {
    for (const file of listed(join(this.#path, RINGS_FOLDER))) {
      const number = Number(ringName.exec(file)?.[1] ?? Number.NaN);
      if (!Number.isNaN(number)) this.open(number);
    }
  }

  /** Opens a ring, unless it is open or cannot be read. */
  open(number: number): NoticeRing | undefined {
    const known = this.#rings.get(number);
    if (known !== undefined || this.#leftOut.has(number)) return known;
    try {
      const ring = new NoticeRing(join(this.#path, RINGS_FOLDER, `${number}.ring`), this.#scratch);
      this.#rings.set(number, ring);
      return ring;
    } catch {
      // About to be laid out: it is found again. Of a program that died there nothing is missing.
      return undefined;
    }
  }

  /**
   * Hands out what is new in a ring.
   * @returns whether there was anything. A ring that holds no trace is left out from then on.
   */
  drain(number: number, take: (notice: RingNotice) => void, onDamage: (error: unknown) => void): boolean {
    const ring = this.#rings.get(number);
    if (ring === undefined) return false;
    const { channelName } = ring.header;
    try {
      return ring.drain((bytes, count) => {
        const tid = threadOf(bytes);
        for (const event of this.#decoder.decode(bytes, count)) {
          take({
            ...event,
            channel: channelName,
            pid: this.#pid,
            tid,
            procname: this.procname,
            process: this.name,
          });
        }
      });
    } catch (error) {
      this.#leaveOut(number, ring);
      onDamage(error);
      return false;
    }
  }

  /** Frees the memory that threads keep which are over: rings that hold nothing new, and counters one by one. */
  freeEnded(): void {
    if (this.#life.isForeign) return;
    for (const map of this.maps()) {
      mergeEndedCounters(join(this.#path, COUNTS_FOLDER, map), (tid) => !isThreadAlive(this.#pid, tid, 0n));
    }
    for (const [number, ring] of this.#rings) {
      const { tid, threadStartTicks } = ring.header;
      if (tid === this.#pid || isThreadAlive(this.#pid, tid, threadStartTicks) || !ring.sleep()) continue;
      this.#leaveOut(number, ring);
      // Its number stays taken, else another thread's ring would get it and be taken for this one.
      truncateSync(ring.path);
    }
  }

  /** What was counted into a map, by key, by all its threads. */
  counts(map: string): ReadonlyMap<string, number> {
    return readCounters(join(this.#path, COUNTS_FOLDER, map));
  }

  /** Names of the maps that it has counted into. */
  maps(): readonly string[] {
    return listed(join(this.#path, COUNTS_FOLDER));
  }

  /** User that the process runs as. */
  get uid(): number {
    return statSync(this.#path, { throwIfNoEntry: false })?.uid ?? 0;
  }

  close(): void {
    for (const ring of this.#rings.values()) ring.close();
    this.#rings.clear();
  }

  #leaveOut(number: number, ring: NoticeRing): void {
    ring.close();
    this.#rings.delete(number);
    this.#leftOut.add(number);
  }
}

function listed(path: string): readonly string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}
