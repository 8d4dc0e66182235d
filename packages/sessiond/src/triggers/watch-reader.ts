/**
 * Reads the watch session: sleeps until a program wakes it, then hands out what was noticed, in the order of time
 * (docs/design/triggers.md).
 */
import { type FSWatcher, existsSync, mkdirSync, readdirSync, watch } from 'node:fs';
import { join } from 'node:path';
import { PacketScratch, WAKES_FOLDER } from '@spoor/ringbuffer';
import { removeDirectory } from '../removal.ts';
import { type RingNotice, WatchedProcess } from './watched-process.ts';

/** A missed wake costs this at most; new processes and ended ones are noticed as late. */
const SCAN_MS = 1000;
/** Least time between two looks while programs notice more and more, and how many times as long as a look it is. */
const LEAST_PAUSE_MS = 2;
const PAUSE_SHARE = 4;

const processName = /^\d+-\d+$/;
const wakeName = /^(\d+-\d+)\.(\d+)$/;

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
  readonly #processes = new Map<string, WatchedProcess>();
  readonly #watcher: FSWatcher;
  #timer: NodeJS.Timeout;
  #pending: NodeJS.Timeout | NodeJS.Immediate | undefined;
  #lookedMs = -Infinity;
  #tookMs = 0;

  /** @param path of the watch session, which is there. */
  constructor(path: string, listener: WatchListener, isLast: (channel: string) => boolean) {
    this.#path = path;
    this.#listener = listener;
    this.#isLast = isLast;
    const wakes = join(path, WAKES_FOLDER);
    mkdirSync(wakes, { recursive: true, mode: 0o700 });
    this.#watcher = watch(wakes, (_, name) => this.#onWake(name));
    this.#watcher.on('error', () => undefined);
    this.#timer = setTimeout(() => this.#scanAgain(), SCAN_MS);
    this.scan();
  }

  get processes(): readonly WatchedProcess[] {
    return [...this.#processes.values()];
  }

  /** Looks for processes and rings that no wake told of, and for processes that are over. */
  scan(): void {
    for (const name of readdirSync(this.#path)) {
      if (!processName.test(name)) continue;
      const process = this.#processes.get(name) ?? new WatchedProcess(this.#path, name, this.#scratch);
      this.#processes.set(name, process);
    }
    const ended = this.processes.filter((process) => !process.isAlive());
    for (const process of this.#processes.values()) process.discover();
    this.look();
    for (const process of this.#processes.values()) {
      for (const ring of process.rings.values()) {
        const lost = ring.takeLost();
        if (lost > 0) this.#listener.onLost(ring.header.channelName, lost);
      }
      process.freeEnded();
    }
    for (const process of ended) {
      this.#listener.onEnd(process);
      process.close();
      this.#processes.delete(process.name);
      removeDirectory(join(this.#path, process.name));
    }
  }

  close(): void {
    clearTimeout(this.#timer);
    clearTimeout(this.#pending as NodeJS.Timeout | undefined);
    clearImmediate(this.#pending as NodeJS.Immediate | undefined);
    this.#watcher.close();
    for (const process of this.#processes.values()) process.close();
    this.#processes.clear();
  }

  #scanAgain(): void {
    if (existsSync(this.#path)) this.scan();
    this.#timer = setTimeout(() => this.#scanAgain(), SCAN_MS);
  }

  #onWake(name: string | null): void {
    const parts = wakeName.exec(name ?? '');
    if (parts === null) return;
    const [, processDirectory = '', ring = ''] = parts;
    let process = this.#processes.get(processDirectory);
    if (process === undefined) {
      if (!existsSync(join(this.#path, processDirectory))) return;
      process = new WatchedProcess(this.#path, processDirectory, this.#scratch);
      this.#processes.set(processDirectory, process);
    }
    process.open(Number(ring));
    this.#lookSoon();
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
            (error) => this.#listener.onDamage(process.name, error),
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
