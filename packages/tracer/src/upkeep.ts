// What a thread does from time to time beside its events: tries again what failed, and has the main thread unmap what threads
// that are over had mapped. A thread that follows a hub does it as it looks for changes; any other one, as under
// `spoor record`, by a timer of its own, once there is anything to do.
import { subscribe } from 'node:diagnostics_channel';
import { EndedMappings } from '@spoor/ringbuffer';
import { hasWorkerModule } from '@spoor/sys';
import { clearRepeatingTimer, hrtimeBigint, setRepeatingTimer } from './primordials.ts';
import { RetryPace } from './retry-pace.ts';

/** How often it is asked whether to try again, while anything has failed. */
const RETRY_LOOK_MS = 500;
/** How often the main thread looks for threads that are over, once there were others. */
const SWEEP_LOOK_MS = 5000;

/** What is done for a thread. */
export interface UpkeepWork {
  /** Whether anything failed that may be possible later. */
  readonly hasFailed: () => boolean;
  /** Tries it again. Must not throw. */
  readonly tryAgain: () => void;
  /** Whether the thread knows of a session. */
  readonly hasSessions: () => boolean;
  /** Does something in the asynchronous context that the thread had before the program. */
  readonly outside: (work: () => void) => void;
}

/** The upkeep of one thread. */
export class Upkeep {
  readonly #work: UpkeepWork;
  readonly #retry = new RetryPace();
  readonly #ended: EndedMappings | undefined;
  #timer: NodeJS.Timeout | undefined;
  #timerMs = 0;
  #hasWorkers = false;

  /** @param folder in the main thread, that of this process in each session. */
  constructor(folder: string | undefined, work: UpkeepWork) {
    this.#work = work;
    this.#ended = folder === undefined ? undefined : new EndedMappings(folder);
  }

  /** Does what is due. Between two events only. Never throws. */
  look(): void {
    this.#ended?.look(this.#work.hasSessions());
    if (this.#retry.isDue(this.#work.hasFailed(), hrtimeBigint())) this.#work.tryAgain();
  }

  /** Looks by a timer that keeps no program alive, as soon as and as long as there is anything to do. */
  lookByItself(): void {
    if (this.#ended === undefined) return;
    const onWorker = (): void => {
      this.#hasWorkers = true;
      this.#pace();
    };
    if (hasWorkerModule()) onWorker();
    else subscribe('worker_threads', onWorker);
  }

  /** Something has failed: {@link look} is called from now on, where nobody else does. */
  expectRetry(): void {
    this.#lookEvery(RETRY_LOOK_MS);
  }

  #pace(): void {
    if (this.#work.hasFailed() || this.#retry.isWaiting) this.#lookEvery(RETRY_LOOK_MS);
    else this.#lookEvery(this.#hasWorkers ? SWEEP_LOOK_MS : 0);
  }

  #lookEvery(timeMs: number): void {
    if (timeMs === this.#timerMs) return;
    this.#timerMs = timeMs;
    clearRepeatingTimer(this.#timer);
    this.#timer = undefined;
    if (timeMs === 0) return;
    const look = (): void => {
      this.look();
      this.#pace();
    };
    this.#work.outside(() => {
      this.#timer = setRepeatingTimer(look, timeMs).unref();
    });
  }
}
