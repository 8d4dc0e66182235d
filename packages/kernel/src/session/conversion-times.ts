/**
 * How far the conversion of each ring of a session has come. What is known of tasks changes with the time of the events that tell it,
 * wherever these are: rings whose pages have waited are converted beside each other, none far ahead of the others.
 */

/** More rings are converted as they come. */
const mostRings = 1024;

/** None is further ahead than so much: about what rings hold that are read as they fill. */
const aheadNs = 5_000_000;

/** Whoever does not go on is not waited for any longer. */
const patienceMs = 1000;

/** Memory of {@link ConversionTimes}, for all rings of a session: a time each. */
export function conversionMemory(): SharedArrayBuffer {
  const memory = new SharedArrayBuffer(mostRings * 8);
  new Float64Array(memory).fill(Infinity);
  return memory;
}

/** The times, for one ring. */
export class ConversionTimes {
  private readonly times: Float64Array;
  private readonly index: number;
  /** Since when it waits for one that has not gone on, and where that is. */
  private sinceMs = 0;
  private leastNs = -1;

  /** @param index of the ring, among all of the session. */
  constructor(memory: SharedArrayBuffer, index: number) {
    this.times = new Float64Array(memory);
    this.index = index;
  }

  /** It is converted from this moment on; before the others are. @param timeNs Infinity once nothing waits. */
  set(timeNs: number): void {
    if (this.index < this.times.length) this.times[this.index] = timeNs;
    this.leastNs = -1;
  }

  /** Whether others have to be converted before what begins now. */
  isAhead(timeNs: number): boolean {
    const { times, index } = this;
    if (index >= times.length) return false;
    times[index] = timeNs;
    let least = Infinity;
    for (let other = 0; other < times.length; other += 1) if (times[other]! < least) least = times[other]!;
    if (timeNs - least <= aheadNs) return false;
    const nowMs = performance.now();
    if (least !== this.leastNs) {
      this.leastNs = least;
      this.sinceMs = nowMs;
    }
    return nowMs - this.sinceMs < patienceMs;
  }
}
