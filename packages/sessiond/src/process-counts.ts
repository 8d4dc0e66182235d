/** What the threads of a process have counted, without a ring. */
import { LOST_FOLDER, mergeEndedCounters, readCounters } from '@spoor/ringbuffer';
import { join } from 'node:path';

/** Sums over the threads of a process, those that ended too; or over processes. */
export interface ProcessCounts {
  /** The program's own counters, by name. */
  readonly counters: ReadonlyMap<string, number>;
  /** Events that were lost because there was no ring for them. */
  readonly lostCount: number;
}

/** Reads them in the process's directory. */
export function readProcessCounts(path: string): ProcessCounts {
  let lostCount = 0;
  for (const count of readCounters(join(path, LOST_FOLDER)).values()) lostCount += count;
  return { counters: readCounters(path), lostCount };
}

/** Frees the memory in which threads counted that are over. Never throws. */
export function mergeEndedCounts(path: string, isOver: (tid: number) => boolean): void {
  mergeEndedCounters(path, isOver);
  mergeEndedCounters(join(path, LOST_FOLDER), isOver);
}

/** Adds up what processes counted. */
export function sumCounts(all: Iterable<ProcessCounts>): ProcessCounts {
  const counters = new Map<string, number>();
  let lostCount = 0;
  for (const counts of all) {
    lostCount += counts.lostCount;
    for (const [name, value] of counts.counters) counters.set(name, (counters.get(name) ?? 0) + value);
  }
  return { counters, lostCount };
}
