/** Rotates a session by itself, as its schedule says. */
import type { Session } from '@spoor/control';

/** How often the size of a chunk is looked at. */
const SIZE_LOOK_MS = 200;
/** A rotation that was refused is tried again after so long, or its period where that is shorter. */
const RETRY_MS = 1000;
/** Longest time that a timer of Node.js can wait. */
const MOST_TIMER_MS = 2 ** 31 - 1;

/** What the timer asks and tells. */
export interface RotationTimerOptions {
  /** Bytes of the current chunk so far. */
  readonly chunkBytes: () => Promise<number>;
  /** Whether the session still records this chunk. */
  readonly isCurrent: (chunkId: number) => boolean;
  readonly rotate: () => Promise<unknown>;
  readonly onError: (error: unknown) => void;
  /** After each look: {@link RotationTimer.schedule} is to be called again. */
  readonly onDone: () => void;
}

export class RotationTimer {
  readonly #options: RotationTimerOptions;
  #timer: NodeJS.Timeout | undefined;
  /** The chunk of the last schedule, and when it began by the clock of `performance`, which nobody sets. */
  #chunk: { readonly name: string; readonly beganMs: number } | undefined;
  #isRefused = false;

  constructor(options: RotationTimerOptions) {
    this.#options = options;
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  /** Waits for what is next of the session's schedule, in place of what was waited for before. */
  schedule({ rotation, isActive, chunkId }: Session, chunkBeganMs: number): void {
    this.stop();
    const { periodUs, sizeBytes } = rotation;
    if (!isActive || (periodUs === undefined && sizeBytes === undefined)) return;
    const { chunkBytes, isCurrent, rotate, onError, onDone } = this.#options;
    const periodMs = periodUs === undefined ? Infinity : periodUs / 1000;
    const name = `${chunkId} of ${chunkBeganMs}`;
    if (this.#chunk?.name !== name) {
      // An earlier daemon may have begun it, and somebody set the clock since.
      const elapsedMs = Math.min(Math.max(0, Date.now() - chunkBeganMs), periodMs);
      this.#chunk = { name, beganMs: performance.now() - elapsedMs };
      this.#isRefused = false;
    }
    const dueMs = this.#chunk.beganMs + periodMs;
    const look = async (): Promise<void> => {
      const isDue =
        performance.now() >= dueMs || (sizeBytes !== undefined && (await chunkBytes()) >= sizeBytes);
      if (!isDue || !isCurrent(chunkId)) return;
      this.#isRefused = true;
      await rotate();
      this.#isRefused = false;
    };
    const untilDueMs = dueMs - performance.now();
    const leastMs = this.#isRefused ? Math.min(RETRY_MS, periodMs) : 1;
    const untilLookMs = sizeBytes === undefined ? untilDueMs : Math.min(SIZE_LOOK_MS, untilDueMs);
    const waitMs = Math.max(leastMs, untilLookMs);
    this.#timer = setTimeout(
      () => void look().catch(onError).finally(onDone),
      Math.min(waitMs, MOST_TIMER_MS),
    );
    this.#timer.unref();
  }
}
