// Whether anybody still empties a ring that holds its program up. A consumer that died is replaced within a moment, and
// a busy machine may keep a living one from its work for seconds: so only what has been gone for a while is gone.
import { readFileSync, readlinkSync } from '@spoor/sys';
import { basename, join } from 'node:path';
import { CONSUMER_FILE, runsSince } from './run-directory.ts';

/** How often it is looked at, at most. */
const LOOK_EVERY_MS = 100;
/** How long no process of the consumer's identity may be found. */
const ABSENCE_MS = 2_000;
/** How long the heartbeat may stand still where process ids mean nothing: in a PID namespace of one's own. */
const SILENCE_MS = 10_000;

/** Watches the consumer of one session for one ring. */
export class ReaderWatch {
  readonly #path: string;
  readonly #seesProcesses: boolean;
  #lookedMs = -Infinity;
  #aliveMs = -Infinity;
  #heartbeat = -1;
  #isGone = false;

  constructor(sessionPath: string) {
    this.#path = join(sessionPath, CONSUMER_FILE);
    this.#seesProcesses = !isOfAnotherNamespace(sessionPath);
  }

  /** Whether the reader is gone, as of `nowMs` (any clock that does not go back); `heartbeat` is the ring's byte. */
  isGone(heartbeat: number, nowMs: number): boolean {
    if (nowMs - this.#lookedMs < LOOK_EVERY_MS) return this.#isGone;
    // The first look of a new wait: what was before it says nothing.
    if (nowMs - this.#lookedMs > 2 * ABSENCE_MS) this.#aliveMs = nowMs;
    this.#lookedMs = nowMs;
    if (heartbeat !== this.#heartbeat || (this.#seesProcesses && this.#isProcessThere())) {
      this.#heartbeat = heartbeat;
      this.#aliveMs = nowMs;
    }
    this.#isGone = nowMs - this.#aliveMs > (this.#seesProcesses ? ABSENCE_MS : SILENCE_MS);
    return this.#isGone;
  }

  #isProcessThere(): boolean {
    try {
      const { pid, startTicks: ticks } = JSON.parse(readFileSync(this.#path, 'utf8')) as {
        readonly pid?: unknown;
        readonly startTicks?: unknown;
      };
      return typeof pid === 'number' && typeof ticks === 'string' && runsSince(BigInt(ticks), pid);
    } catch {
      return false;
    }
  }
}

/** A session's directory is named after the PID namespace of its consumer. */
function isOfAnotherNamespace(sessionPath: string): boolean {
  const theirs = /^(\d+)-\d+-\d+/.exec(basename(sessionPath))?.[1];
  if (theirs === undefined) return false;
  try {
    return /\d+/.exec(readlinkSync('/proc/self/ns/pid'))?.[0] !== theirs;
  } catch {
    return true;
  }
}
