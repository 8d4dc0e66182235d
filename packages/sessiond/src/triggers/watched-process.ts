// One process in the watch session: its rings, its classes, its counts.
import { readdirSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import {
  COUNTS_FOLDER,
  type PacketScratch,
  RINGS_FOLDER,
  mergeEndedCounters,
  readCounters,
} from '@spoor/ringbuffer';
import { type FileUser, asUser } from '@spoor/sys';
import { type RingAllowance, checkProcessUser, userOf } from '../other-users.ts';
import { isThreadAlive } from '../process-identity.ts';
import { ProcessLife } from '../process-life.ts';
import { removeDirectory } from '../removal.ts';
import { parseProcessDirectory } from '../run-directory.ts';
import { NoticeDecoder, type DecodedEvent, describedProcess } from './notice-decoder.ts';
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

/** What goes wrong with what a process wrote is told to whoever wants to know. */
export type OnDamage = (error: unknown) => void;

/** Reads what one process noticed. What belongs to another user's is touched with that user's rights only. */
export class WatchedProcess {
  readonly name: string;
  readonly #path: string;
  readonly #pid: number;
  /** Undefined for this process's own user. */
  readonly #user: FileUser | undefined;
  readonly #allowance: RingAllowance;
  readonly #life: ProcessLife;
  readonly #decoder: NoticeDecoder;
  readonly #scratch: PacketScratch;
  readonly #rings = new Map<number, NoticeRing>();
  /** Rings that cannot be read. */
  readonly #leftOut = new Set<number>();
  #procname: string | undefined;

  /**
   * @param name of its directory, below that of the session.
   * @throws SpoorError `process/not-its-user`.
   */
  constructor(sessionPath: string, name: string, scratch: PacketScratch, allowance: RingAllowance) {
    const identity = parseProcessDirectory(name);
    this.name = name;
    this.#path = join(sessionPath, name);
    this.#pid = identity.pid;
    this.#user = userOf(sessionPath, name);
    if (this.#user !== undefined) checkProcessUser(identity, this.#user);
    this.#allowance = allowance;
    this.#life = new ProcessLife(identity);
    this.#decoder = new NoticeDecoder(this.#path);
    this.#scratch = scratch;
  }

  get pid(): number {
    return this.#pid;
  }

  get procname(): string {
    try {
      this.#procname ??= asUser(this.#user, () => describedProcess(this.#path)).procname;
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
    for (const file of this.#listed(RINGS_FOLDER)) {
      const number = Number(ringName.exec(file)?.[1] ?? Number.NaN);
      if (!Number.isNaN(number)) this.open(number);
    }
  }

  /** Opens a ring, unless it is open or cannot be read. */
  open(number: number): NoticeRing | undefined {
    const known = this.#rings.get(number);
    if (known !== undefined || this.#leftOut.has(number)) return known;
    if (this.#user !== undefined && !this.#allowance.take(this.#user)) return undefined;
    try {
      const path = join(this.#path, RINGS_FOLDER, `${number}.ring`);
      const ring = asUser(this.#user, () => new NoticeRing(path, this.#scratch));
      this.#rings.set(number, ring);
      return ring;
    } catch {
      if (this.#user !== undefined) this.#allowance.giveBack(this.#user);
      // About to be laid out: it is found again. Of a program that died there nothing is missing.
      return undefined;
    }
  }

  /**
   * Hands out what is new in a ring.
   * @returns whether there was anything. A ring that holds no trace is left out from then on.
   */
  drain(number: number, take: (notice: RingNotice) => void, onDamage: OnDamage): boolean {
    const ring = this.#rings.get(number);
    if (ring === undefined) return false;
    const { channelName } = ring.header;
    const decode = (bytes: Uint8Array, count: number): readonly DecodedEvent[] =>
      asUser(this.#user, () => this.#decoder.decode(bytes, count));
    try {
      return ring.drain((bytes, count) => {
        const tid = threadOf(bytes);
        for (const event of decode(bytes, count)) {
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

  /** Hands out, by channel, how many events were lost since this was called last. */
  takeLost(take: (channel: string, count: number) => void, onDamage: OnDamage): void {
    for (const [number, ring] of this.#rings) {
      try {
        const lost = ring.takeLost();
        if (lost > 0) take(ring.header.channelName, lost);
      } catch (error) {
        this.#leaveOut(number, ring);
        onDamage(error);
      }
    }
  }

  /** Frees the memory that threads keep which are over: rings that hold nothing new, and counters one by one. */
  freeEnded(onDamage: OnDamage): void {
    if (this.#life.isForeign) return;
    try {
      asUser(this.#user, () => this.#freeEnded());
    } catch (error) {
      onDamage(error);
    }
  }

  #freeEnded(): void {
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

  /** What was counted into a map, by key, by all its threads; a program may have put there what is no count. */
  counts(map: string): ReadonlyMap<string, number> {
    const counts = asUser(this.#user, () => readCounters(join(this.#path, COUNTS_FOLDER, map)));
    return new Map([...counts].filter(([, count]) => Number.isFinite(count) && count >= 0));
  }

  /** Names of the maps that it has counted into. */
  maps(): readonly string[] {
    return this.#listed(COUNTS_FOLDER);
  }

  /** User that the process runs as. */
  get uid(): number {
    return this.#user?.uid ?? statSync(this.#path, { throwIfNoEntry: false })?.uid ?? 0;
  }

  /** Takes its directory away, once the process is over. Throws what the file system throws. */
  remove(): void {
    asUser(this.#user, () => removeDirectory(this.#path));
  }

  close(): void {
    for (const [number, ring] of this.#rings) this.#leaveOut(number, ring);
  }

  #leaveOut(number: number, ring: NoticeRing): void {
    ring.close();
    this.#rings.delete(number);
    this.#leftOut.add(number);
    if (this.#user !== undefined) this.#allowance.giveBack(this.#user);
  }

  #listed(folder: string): readonly string[] {
    try {
      return asUser(this.#user, () => readdirSync(join(this.#path, folder)));
    } catch {
      return [];
    }
  }
}
