// What could not be done for want of memory, space or descriptors is tried again while the program runs, ever more seldom;
// what failed for any other reason is not, until the session changes.
const FIRST_PAUSE_NS = 1_000_000_000n;
const LONGEST_PAUSE_NS = 60_000_000_000n;

const passingErrnos = ['EMFILE', 'ENFILE', 'ENOSPC', 'EDQUOT', 'ENOMEM', 'EAGAIN', 'EINTR'];
/** Errors for want of what others may give back, by their codes, whoever throws them. */
const passingCodes: ReadonlySet<unknown> = new Set(
  passingErrnos.concat(
    passingErrnos.map((name) => `sys/${name.toLowerCase()}`),
    ['sys/no-descriptors', 'ring/no-space', 'ring/no-descriptors', 'ring/memory-limit'],
  ),
);

/** Whether the same may be possible later, although nobody changes anything: now memory, space or descriptors are short. */
export function isPassing(error: unknown): boolean {
  // An error may be its own cause.
  let link = error as { readonly code?: unknown; readonly cause?: unknown } | null | undefined;
  for (let depth = 0; depth < 5 && link !== null && typeof link === 'object'; depth += 1) {
    // V8 has no room for an array, or on the stack.
    if (passingCodes.has(link.code) || link instanceof RangeError) return true;
    link = link.cause as typeof link;
  }
  return false;
}

/** When to try again. */
export class RetryPace {
  #pauseNs = FIRST_PAUSE_NS;
  #dueNs: bigint | undefined;

  /** Whether it waits: to try again, or to see that all is well. */
  get isWaiting(): boolean {
    return this.#dueNs !== undefined;
  }

  /**
   * Whether now is the time; to be asked now and then. Each time is twice as long after the one before, up to a minute,
   * until nothing has failed for as long.
   * @param hasFailed whether there is anything to try again.
   */
  isDue(hasFailed: boolean, nowNs: bigint): boolean {
    if (this.#dueNs === undefined) {
      if (hasFailed) this.#dueNs = nowNs + this.#pauseNs;
      return false;
    }
    if (nowNs < this.#dueNs) return false;
    if (!hasFailed) {
      this.#dueNs = undefined;
      this.#pauseNs = FIRST_PAUSE_NS;
      return false;
    }
    const doubledNs = this.#pauseNs * 2n;
    this.#pauseNs = doubledNs < LONGEST_PAUSE_NS ? doubledNs : LONGEST_PAUSE_NS;
    this.#dueNs = nowNs + this.#pauseNs;
    return true;
  }
}
