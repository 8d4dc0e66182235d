/** When the rings of channels are to be looked at, as `--switch-timer` and `--read-timer` say. */
import type { ChannelDescription } from '@spoor/ringbuffer';

/** A pause is never shorter: timers of Node.js are not finer. */
const LEAST_MS = 1;

interface SwitchTimer {
  readonly channel: string;
  readonly periodMs: number;
  dueMs: number | undefined;
}

/** The timers of the channels of a session. */
export class SwitchTimers {
  readonly #timers: readonly SwitchTimer[];
  /** Longest pause that a read timer allows. */
  readonly #readMs: number;

  constructor(channels: readonly ChannelDescription[]) {
    this.#timers = channels.flatMap(({ name, switchTimerUs = 0 }) =>
      switchTimerUs > 0
        ? [{ channel: name, periodMs: Math.max(LEAST_MS, switchTimerUs / 1000), dueMs: undefined }]
        : [],
    );
    const readMs = channels.flatMap(({ readTimerUs = 0 }) => (readTimerUs > 0 ? [readTimerUs / 1000] : []));
    this.#readMs = Math.max(LEAST_MS, Math.min(Infinity, ...readMs));
  }

  /** Channels whose open sub-buffers are to be written out now, at `nowMs` of a clock that does not go back. */
  due(nowMs: number): ReadonlySet<string> {
    const due = new Set<string>();
    for (const timer of this.#timers) {
      timer.dueMs ??= nowMs + timer.periodMs;
      if (timer.dueMs > nowMs) continue;
      due.add(timer.channel);
      // A timer that was missed is not made up for.
      timer.dueMs = Math.max(timer.dueMs + timer.periodMs, nowMs);
    }
    return due;
  }

  /** How long to wait at most, when `pauseMs` would do without timers. */
  pauseMs(pauseMs: number, nowMs: number): number {
    let mostMs = Math.min(pauseMs, this.#readMs);
    for (const { dueMs } of this.#timers) {
      if (dueMs !== undefined) mostMs = Math.min(mostMs, Math.max(LEAST_MS, dueMs - nowMs));
    }
    return mostMs;
  }
}
