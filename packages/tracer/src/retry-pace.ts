// What could not be done for want of memory, space or descriptors is tried again while the program runs, ever more seldom.
const FIRST_PAUSE_NS = 1_000_000_000n;
const LONGEST_PAUSE_NS = 60_000_000_000n;

/** When to try again. */
export class RetryPace {
  #pauseNs = FIRST_PAUSE_NS;
  #dueNs: bigint | undefined;

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
