/**
 * Reads the watch session: sleeps until a program wakes it, then hands out what was noticed, in the order of time
 * (docs/design/triggers.md).
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { PacketScratch } from '@spoor/ringbuffer';
import { RingAllowance } from '../other-users.ts';
import { SessionDirectory } from '../run-directory.ts';
import { WakeWatch } from './wake-watch.ts';
import { type RingNotice, WatchedProcess } from './watched-process.ts';

/** A missed wake costs this at most; new processes and ended ones are noticed as late. */
const SCAN_MS = 1000;
/** Least time between two looks while programs notice more and more, and how many times as long as a look it is. */
const LEAST_PAUSE_MS = 2;
const PAUSE_SHARE = 4;

/** Who hears of what is read. */
export interface WatchListener {
  /** Everything that was found in one look, the earliest first. */
  readonly onNotices: (notices: readonly RingNotice[]) => void;
  /** Events of a channel that were lost, since its ring was full. */
  readonly onLost: (channel: string, count: number) => void;
  /** A process is over; its counts are still there. All that it noticed was handed out before. */
  readonly onEnd: (process: WatchedProcess) => void;
  readonly onDamage: (process: string, error: unknown) => void;
}

export class WatchReader {
  readonly #path: string;
  readonly #listener: WatchListener;
  /** Whether rings of this channel are read last: what they hold happened before what was read from others. */
  readonly #isLast: (channel: string) => boolean;
  readonly #scratch = new PacketScratch();
  readonly #allowance = new RingAllowance();
  readonly #processes = new Map<string, WatchedProcess>();
  /** Directories that are no processes' of their users, or cannot be removed. */
  #leftOut: ReadonlySet<string> = new Set();
  readonly #wakes: WakeWatch;
  #timer: NodeJS.Timeout;
  #pending: NodeJS.Timeout | NodeJS.Immediate | undefined;
  #lookedMs = -Infinity;
  #tookMs = 0;

  /** @param path of the watch session, which is there. */
  constructor(path: string, listener: WatchListener, isLast: (channel: string) => boolean) {
    this.#path = path;
    this.#listener = listener;
    this.#isLast = isLast;
    this.#wakes = new WakeWatch(path, (process, ring) => this.#onWake(process, ring));
    this.#timer = setTimeout(() => this.#scanAgain(), SCAN_MS);
    this.scan();
  }

  get processes(): readonly WatchedProcess[] {
    return [...this.#processes.values()];
  }

  /** Looks for processes and rings that no wake told of, and for processes that are over. */
  scan(): void {
    this.#wakes.update();
    const names = new SessionDirectory(this.#path).processDirectories();
    this.#leftOut = new Set(names.filter((name) => this.#leftOut.has(name)));
    for (const name of names) this.#meet(name);
    const ended = this.processes.filter((process) => !process.isAlive());
    for (const process of this.#processes.values()) process.discover();
    this.look();
    const { onLost, onEnd } = this.#listener;
    for (const process of this.#processes.values()) {
      const onDamage = this.#damageOf(process.name);
      process.takeLost(onLost, onDamage);
      process.freeEnded(onDamage);
    }
    for (const process of ended) {
      onEnd(process);
      process.close();
      this.#processes.delete(process.name);
      try {
        process.remove();
      } catch (error) {
        this.#leaveOut(process.name, error);
      }
    }
  }

  /** The process of a directory; undefined where it is left out. */
  #meet(name: string): WatchedProcess | undefined {
    const known = this.#processes.get(name);
    if (known !== undefined || this.#leftOut.has(name)) return known;
    try {
      const process = new WatchedProcess(this.#path, name, this.#scratch, this.#allowance);
      this.#processes.set(name, process);
      return process;
    } catch (error) {
      this.#leaveOut(name, error);
      return undefined;
    }
  }

  #leaveOut(name: string, error: unknown): void {
    this.#leftOut = new Set([...this.#leftOut, name]);
    this.#damageOf(name)(error);
  }

  #damageOf(process: string): (error: unknown) => void {
    return (error) => this.#listener.onDamage(process, error);
  }

  close(): void {
    clearTimeout(this.#timer);
    clearTimeout(this.#pending as NodeJS.Timeout | undefined);
    clearImmediate(this.#pending as NodeJS.Immediate | undefined);
    this.#wakes.close();
    for (const process of this.#processes.values()) process.close();
    this.#processes.clear();
  }

  #scanAgain(): void {
    if (existsSync(this.#path)) this.scan();
    this.#timer = setTimeout(() => this.#scanAgain(), SCAN_MS);
  }

  #onWake(name: string, ring: number): void {
    if (!this.#processes.has(name) && !existsSync(join(this.#path, name))) return;
    if (this.#meet(name)?.open(ring) !== undefined) this.#lookSoon();
  }

  /** All wakes of one turn of the event loop are one look; looks that follow each other leave time for all else. */
  #lookSoon(): void {
    if (this.#pending !== undefined) return;
    const pauseMs = Math.max(LEAST_PAUSE_MS, this.#tookMs * PAUSE_SHARE);
    const leftMs = this.#lookedMs + pauseMs - performance.now();
    const look = (): void => {
      this.#pending = undefined;
      this.look();
    };
    this.#pending = leftMs > 0 ? setTimeout(look, leftMs) : setImmediate(look);
  }

  /** Hands out what was noticed up to now. */
  look(): void {
    const beganMs = performance.now();
    const notices: RingNotice[] = [];
    let isBusy = false;
    for (const isLast of [false, true]) {
      for (const process of this.#processes.values()) {
        for (const [number, ring] of process.rings) {
          if (this.#isLast(ring.header.channelName) !== isLast) continue;
          const hadAny = process.drain(
            number,
            (notice) => notices.push(notice),
            this.#damageOf(process.name),
          );
          // A ring in which more and more comes need not wake anybody.
          if (hadAny || (process.rings.has(number) && !ring.sleep())) isBusy = true;
        }
      }
    }
    notices.sort((a, b) => a.monotonicNs - b.monotonicNs);
    if (notices.length > 0) this.#listener.onNotices(notices);
    this.#lookedMs = performance.now();
    this.#tookMs = this.#lookedMs - beganMs;
    if (isBusy) this.#lookSoon();
  }
}
