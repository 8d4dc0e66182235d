// Which threads look whether there is something new in the hubs, and when (docs/design/control.md). To wake an idle thread
// costs 0.1 ms of processor time, whatever it then does: so the main thread alone looks often, and tells the others. They look
// seldom, for the main thread may be busy for long, or not be traced; who then finds what it was not told of looks often for a
// while. Part of what every program loads.
import { hasWorkerModule } from '@spoor/sys/heap-room';
import type { BroadcastChannel } from 'node:worker_threads';

/** How many times less often a thread looks that is told. */
const TIMES_LESS_OFTEN = 5;
/** How often it looks as often as the main thread, once it was not told. */
const LOOKS_AFTER_NEWS = 25;
/** Among the threads of this process. What is sent says nothing: who hears it looks. */
const CHANNEL = '@spoor/tracer/hub';

const setRepeatingTimer = setInterval;
const clearRepeatingTimer = clearInterval;

/** Looks again and again, by what keeps no program alive. */
export class HubWatch {
  readonly #look: () => boolean;
  readonly #everyMs: number;
  readonly #isTold: boolean;
  /** For so many looks a thread that is told looks as often as one that is not. The first one is what was missed meanwhile. */
  #soonLooks = 1;
  #timer: NodeJS.Timeout | undefined;
  #timerMs = 0;
  #hasEnded = false;
  #channel: BroadcastChannel | undefined;

  /**
   * @param everyMs how often the main thread looks.
   * @param look answers whether it has found what other threads may not have found yet. Must not throw.
   */
  constructor(everyMs: number, look: () => boolean) {
    this.#everyMs = everyMs;
    this.#look = look;
    const isWorker = hasWorkerModule() && !process.getBuiltinModule('node:worker_threads').isMainThread;
    this.#isTold = isWorker && this.#open() !== undefined;
    this.#lookEvery(everyMs);
  }

  /** Looks no more; after a look that has found something, once the others are told. */
  end(): void {
    this.#hasEnded = true;
    clearRepeatingTimer(this.#timer);
    this.#channel?.close();
    this.#channel = undefined;
  }

  /** Within a look that is to be done again soon, whatever others tell. */
  lookSoon(): void {
    this.#soonLooks = LOOKS_AFTER_NEWS;
    if (this.#isTold) this.#pace();
  }

  #lookEvery(timeMs: number): void {
    if (timeMs === this.#timerMs) return;
    this.#timerMs = timeMs;
    clearRepeatingTimer(this.#timer);
    this.#timer = setRepeatingTimer(() => this.#tick(), timeMs).unref();
  }

  /** Looks now, and tells the others what it has found. */
  look(): void {
    if (!this.#hasEnded) this.#tick();
  }

  #tick(): void {
    const hasNews = this.#look();
    if (hasNews) this.#tell();
    if (this.#hasEnded) {
      this.end();
    } else if (this.#isTold) {
      this.#soonLooks = hasNews ? LOOKS_AFTER_NEWS : this.#soonLooks - 1;
      this.#pace();
    }
  }

  #hear(): void {
    if (this.#hasEnded) return;
    this.#soonLooks = 0;
    if (this.#isTold) this.#pace();
    this.#look();
  }

  #pace(): void {
    this.#lookEvery(this.#soonLooks > 0 ? this.#everyMs : this.#everyMs * TIMES_LESS_OFTEN);
  }

  #tell(): void {
    try {
      if (hasWorkerModule()) this.#open()?.postMessage(null);
    } catch {
      // The others look for themselves.
    }
  }

  /** The main thread does so when it first has something to tell: until then the program may have no use of the module. */
  #open(): BroadcastChannel | undefined {
    try {
      if (this.#channel === undefined) {
        const { BroadcastChannel } = process.getBuiltinModule('node:worker_threads');
        this.#channel = new BroadcastChannel(CHANNEL);
        this.#channel.unref();
        this.#channel.addEventListener('message', () => this.#hear());
      }
      return this.#channel;
    } catch {
      return undefined;
    }
  }
}
