/**
 * How threads that read rings sleep: until a ring has filled to a share of it, which the kernel tells, and it is worth while.
 * Where it cannot be waited for in this way they look again after a time that follows how fast the rings fill.
 */
import { BlockingWait, isAvailable, type WaitEnd } from '@spoor/sys';

/** Sizes of a ring, and of the pieces that it is handed out in. */
interface RingSizes {
  readonly ringBytes: number;
  readonly subBufferBytes: number;
}

/** A flood of 256 MB/s, more than any processor has been seen to write, must not fill a ring while it is not read. */
const floodBytesPerMs = 256_000;

/**
 * Each time that a thread is woken costs it what some thousand events cost, for the load has driven its code out of the caches.
 * The rest of the ring is for what comes until it runs: of a large one half is enough. Rings of 8 MiB of which half was
 * left have lost events on a machine that had more to do than it could.
 */
const mostWakePercent = 50;
const leastWakePercent = 25;
const spareMs = 20;

/** How full a ring has to be, for whoever waits for it to be woken: with the page that is being written the kernel counts one more. */
export function wakePercentOf({ ringBytes, subBufferBytes }: RingSizes): number {
  const pages = Math.max(1, Math.floor(ringBytes / subBufferBytes));
  const usedBytes = ringBytes - spareMs * floodBytesPerMs;
  const wanted = Math.min(
    mostWakePercent,
    Math.max(leastWakePercent, Math.floor((100 * usedBytes) / ringBytes)),
  );
  return Math.min(100, Math.max(wanted, Math.ceil(200 / pages)));
}

const longestTimedMs = 50;
/** For how long a ring may be left alone. */
export function safeMsOf(ringBytes: number): number {
  return Math.min(longestTimedMs, Math.floor(ringBytes / floodBytesPerMs));
}

/** Looked after so often in any case. The end of the process waits for a thread that sleeps. */
const longestMs = 250;

/** What a thread waits with: the bell of who asks things of it, where it can wait for rings, and a shared word. */
export interface SleepRequest {
  /** Its `sequence` word changes, and waiters are woken, whenever something is asked for. */
  readonly words: Int32Array;
  readonly sequenceWord: number;
  /** Descriptor of the bell, rung at the same time; without it rings cannot be waited for. */
  readonly bell: number | undefined;
}

/** The sleep of one thread. */
export class RingSleep {
  private readonly request: SleepRequest;
  private wait: BlockingWait | undefined;
  private slowestMs = longestTimedMs;
  private fastestMs = 1;
  private intervalMs = 1;
  private askedMs = longestMs;
  private watchesRings = false;
  private end: WaitEnd = 'over';

  constructor(request: SleepRequest) {
    this.request = request;
  }

  /**
   * Chooses the rings that are waited for.
   * @param ringBytes of the smallest of them.
   * @param fastestMs they are looked at as often while much is recorded, where they cannot be waited for.
   * @param askedMs they are looked at as often in any case.
   */
  watch(
    descriptors: readonly number[],
    ringBytes: number,
    fastestMs: number,
    askedMs: number = longestMs,
  ): void {
    const { bell } = this.request;
    this.wait =
      bell === undefined || !isAvailable().available ? undefined : new BlockingWait(descriptors, bell);
    this.askedMs = Math.min(longestMs, askedMs);
    this.slowestMs = Math.min(Math.max(1, safeMsOf(ringBytes)), this.askedMs);
    this.fastestMs = Math.min(fastestMs, this.slowestMs);
    this.intervalMs = this.fastestMs;
    this.watchesRings = this.wait !== undefined;
  }

  /** Sleeps until there is something to do, unless something has been asked for since `served`. */
  sleep(served: number): void {
    const { words, sequenceWord } = this.request;
    if (this.wait === undefined) {
      Atomics.wait(words, sequenceWord, served, this.intervalMs);
    } else if (Atomics.load(words, sequenceWord) === served) {
      this.end = this.wait.wait(this.watchesRings ? this.askedMs : this.intervalMs, !this.watchesRings);
    }
  }

  /**
   * Says what was there.
   * @param mostShare of the fullest ring's size.
   */
  found(mostShare: number): void {
    const { slowestMs, fastestMs, intervalMs } = this;
    // Few and large helpings are cheaper than many small ones: so that the fullest ring has filled by a quarter.
    const wantedMs = mostShare === 0 ? slowestMs : Math.round(intervalMs / (mostShare * 4));
    this.intervalMs = Math.max(fastestMs, Math.min(slowestMs, intervalMs * 2, wantedMs));
    // Kernels before 6.1 wake for any event, and a ring that cannot be emptied would be told of for ever.
    this.watchesRings = this.wait !== undefined && (this.end !== 'readable' || mostShare * 8 >= 1);
    this.end = 'over';
  }
}
