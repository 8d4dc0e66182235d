/** What the kernel counts of each ring: the files `per_cpu/cpuN/stats`. */

/** Counts since the ring was made; exact. */
export interface RingStatistics {
  readonly cpu: number;
  /** Events in the ring that were not read. */
  readonly entries: number;
  /** Events that were overwritten before they were read. */
  readonly overrun: number;
  /** Events that were lost because too many were being written at once. */
  readonly commitOverrun: number;
  /** Bytes in the ring that were not read. */
  readonly bytes: number;
  /** Events that were lost because the ring was full. */
  readonly dropped: number;
  /** Events that were read, or handed out with their pages. */
  readonly read: number;
}

/** Parses such a file; a count that a kernel does not tell is 0. */
export function parseRingStatistics(text: string, cpu: number): RingStatistics {
  const counts = new Map<string, number>();
  for (const line of text.split('\n')) {
    const colon = line.indexOf(':');
    if (colon > 0) counts.set(line.slice(0, colon).trim(), Number(line.slice(colon + 1)));
  }
  const count = (name: string): number => {
    const value = counts.get(name) ?? 0;
    return Number.isFinite(value) ? value : 0;
  };
  return {
    cpu,
    entries: count('entries'),
    overrun: count('overrun'),
    commitOverrun: count('commit overrun'),
    bytes: count('bytes'),
    dropped: count('dropped events'),
    read: count('read events'),
  };
}

/** Events of a ring that are lost. */
export function lostOf({ overrun, commitOverrun, dropped }: RingStatistics): number {
  return overrun + commitOverrun + dropped;
}
