/** Buckets a power of two: a quantile is at most 1/64 (1.6 %) above the true value. */
const bucketsPerOctave = 64;
const octaves = 53;

/**
 * Counts durations in buckets whose width grows with the value, so that quantiles of any number of durations
 * take constant memory: 512 bytes for each power of two that is met, 27 KiB at most. Count, sum, least and greatest
 * are exact.
 */
export class Distribution {
  count = 0;
  sumNs = 0;
  minNs: number = Number.POSITIVE_INFINITY;
  maxNs = 0;
  /** By octave; made when its first duration comes. */
  private readonly buckets: (Float64Array | undefined)[] = Array.from({ length: octaves });

  /** Counts a duration; negative ones, which only a stepping clock makes, count as 0. */
  add(durationNs: number): void {
    const value = durationNs > 0 ? durationNs : 0;
    this.count += 1;
    this.sumNs += value;
    if (value < this.minNs) this.minNs = value;
    if (value > this.maxNs) this.maxNs = value;
    const index = bucketOf(value);
    const octave = Math.floor(index / bucketsPerOctave);
    const buckets = (this.buckets[octave] ??= new Float64Array(bucketsPerOctave));
    const within = index % bucketsPerOctave;
    buckets[within] = buckets[within]! + 1;
  }

  /** Counts all durations of another. */
  addAll(other: Distribution): void {
    this.count += other.count;
    this.sumNs += other.sumNs;
    this.minNs = Math.min(this.minNs, other.minNs);
    this.maxNs = Math.max(this.maxNs, other.maxNs);
    for (const [octave, theirs] of other.buckets.entries()) {
      if (theirs === undefined) continue;
      const buckets = (this.buckets[octave] ??= new Float64Array(bucketsPerOctave));
      for (const [within, count] of theirs.entries()) buckets[within] = buckets[within]! + count;
    }
  }

  /** The mean; 0 when nothing was counted. */
  meanNs(): number {
    return this.count === 0 ? 0 : this.sumNs / this.count;
  }

  /** The least value that at least the share `rank` (0 to 1) of the durations does not exceed; 0 if there is none. */
  quantileNs(rank: number): number {
    if (this.count === 0) return 0;
    const wanted = Math.max(1, Math.ceil(rank * this.count));
    if (wanted >= this.count) return this.maxNs;
    let seen = 0;
    for (const [octave, buckets] of this.buckets.entries()) {
      if (buckets === undefined) continue;
      for (let within = 0; within < bucketsPerOctave; within += 1) {
        seen += buckets[within]!;
        if (seen >= wanted) return Math.min(upperEndOf(octave * bucketsPerOctave + within), this.maxNs);
      }
    }
    return this.maxNs;
  }
}

function bucketOf(value: number): number {
  const whole = Math.floor(value);
  if (whole < bucketsPerOctave) return whole;
  const octave = Math.floor(Math.log2(whole));
  // log2 of a number just below a power of two may round up to it.
  const exact = 2 ** octave > whole ? octave - 1 : octave;
  const within = Math.floor((whole / 2 ** exact - 1) * bucketsPerOctave);
  return Math.min((exact - 5) * bucketsPerOctave + within, bucketsPerOctave * octaves - 1);
}

function upperEndOf(index: number): number {
  if (index < bucketsPerOctave) return index;
  const exact = Math.floor(index / bucketsPerOctave) + 5;
  const within = index % bucketsPerOctave;
  return Math.floor(2 ** exact * (1 + (within + 1) / bucketsPerOctave)) - 1;
}
