import type { FilterStatus } from '@spoor/ringbuffer';
import { type ProcessCounts, sumCounts } from './process-counts.ts';
import { type CrowdedChannel, type RingDemand, neededBytes } from './ring-advice.ts';
import { asUser } from '@spoor/sys';
import { appendFileSync, existsSync, readFileSync, statSync } from 'node:fs';

/** What came of one ring, that is of one thread and channel. */
export interface RingTotals {
  /** `PID-STARTTIME/N`. */
  readonly ring: string;
  readonly channel?: string;
  /** Number and start time of its thread; absent if the ring does not know them. */
  readonly thread?: string;
  /** Path of the stream file. */
  readonly stream: string;
  /** Events that are in the trace. */
  readonly eventCount: number;
  /** Events that are not, because the ring was full or its packets could not be written. */
  readonly lostCount: number;
  /** Of these, larger than a sub-buffer. */
  readonly tooLargeCount: number;
  /** Of these, in the ring, and not written; absent where there are none. */
  readonly unwrittenCount?: number;
  /** Events that newer ones replaced, in overwrite mode. */
  readonly overwrittenCount: number;
  readonly packetCount: number;
  /** Bytes of the stream file. */
  readonly sizeBytes: number;
  /** Of a ring that lost events for want of room. */
  readonly demand?: RingDemand;
}

/** What came of a whole recording. */
export interface RecordingTotals {
  readonly eventCount: number;
  readonly lostCount: number;
  /** Of these, larger than a sub-buffer. */
  readonly tooLargeCount: number;
  /** Of these, of threads without a ring and of classes that could not be declared. */
  readonly ringlessCount: number;
  /** Of these, in the rings, and not written. */
  readonly unwrittenCount: number;
  readonly overwrittenCount: number;
  readonly packetCount: number;
  readonly sizeBytes: number;
  readonly processCount: number;
  /** Threads that have a ring, each once however many channels it has. */
  readonly threadCount: number;
  /** Counters of the programs by name, summed over threads and processes. */
  readonly counters: Readonly<Record<string, number>>;
  /** Channels that lost events for want of room, as far as it is known what they needed. */
  readonly crowded?: readonly CrowdedChannel[];
}

type LedgerLine =
  | RingTotals
  | { readonly process: string }
  | { readonly fault: string }
  | { readonly filter: FilterStatus }
  | { readonly counters: string; readonly values: Readonly<Record<string, number>>; readonly lost?: number };

/**
 * The processes and the finished rings of a recording, one JSON line each, in the run directory. A ring is entered
 * before it is taken away, so a new consumer may enter it again: the last line of a ring counts.
 */
export class Ledger {
  readonly #path: string;
  readonly #rings: Map<string, RingTotals> = new Map();
  readonly #processes: Set<string> = new Set();
  readonly #counts: Map<string, ProcessCounts> = new Map();
  /** By name: filters that no event fits and contexts that no thread has, and those that are otherwise, without `unlinked`. */
  readonly #filters: Map<string, FilterStatus> = new Map();
  #faultCount = 0;
  #unwritten: string = '';

  constructor(path: string) {
    this.#path = path;
    if (!existsSync(path)) return;
    for (const text of readFileSync(path, 'utf8').split('\n')) {
      if (text === '') continue;
      const line = JSON.parse(text) as LedgerLine;
      if ('process' in line) this.#processes.add(line.process);
      else if ('counters' in line) this.#noteCounts(line.counters, line.values, line.lost);
      else if ('fault' in line) this.#faultCount += 1;
      else if ('filter' in line) this.#noteFilter(line.filter);
      else this.#rings.set(line.ring, line);
    }
  }

  addProcess(name: string): void {
    if (this.#processes.has(name)) return;
    this.#processes.add(name);
    this.#append({ process: name });
  }

  addRing(totals: RingTotals): void {
    this.noteRing(totals);
    this.#append(totals);
  }

  /** Counts a ring for this process alone: of a session whose directory is gone. */
  noteRing(totals: RingTotals): void {
    this.#rings.set(totals.ring, totals);
  }

  /** Whether something could not be recorded at all. */
  get hasFaults(): boolean {
    return this.#faultCount > 0;
  }

  /** Enters that a thread could not be traced. */
  addFault(text: string): void {
    this.#faultCount += 1;
    this.#append({ fault: text });
  }

  /** Stream files that somebody removed, replaced or cut after they were written. */
  damagedStreams(): string[] {
    return [...this.#rings.values()]
      .filter(({ packetCount, stream, sizeBytes }) => {
        if (packetCount === 0) return false;
        return (statSync(stream, { throwIfNoEntry: false })?.size ?? 0) < sizeBytes;
      })
      .map(({ stream }) => stream);
  }

  /** Sums of all that was entered so far, and of `open` rings and what processes have `counted` that are not yet. */
  sum(
    open: readonly RingTotals[] = [],
    counted: Iterable<readonly [process: string, counts: ProcessCounts]> = [],
  ): RecordingTotals {
    const sum = {
      eventCount: 0,
      lostCount: 0,
      tooLargeCount: 0,
      ringlessCount: 0,
      unwrittenCount: 0,
      overwrittenCount: 0,
      packetCount: 0,
      sizeBytes: 0,
    };
    const threads = new Set<string>();
    const rings = new Map([...this.#rings, ...open.map((ring) => [ring.ring, ring] as const)]);
    for (const ring of rings.values()) {
      sum.eventCount += ring.eventCount;
      sum.lostCount += ring.lostCount;
      sum.tooLargeCount += ring.tooLargeCount;
      sum.unwrittenCount += ring.unwrittenCount ?? 0;
      sum.overwrittenCount += ring.overwrittenCount;
      sum.packetCount += ring.packetCount;
      sum.sizeBytes += ring.sizeBytes;
      threads.add(ring.thread ?? ring.ring);
    }
    const { counters, lostCount } = sumCounts(new Map([...this.#counts, ...counted]).values());
    sum.lostCount += lostCount;
    sum.ringlessCount = lostCount;
    return {
      ...sum,
      processCount: this.#processes.size,
      threadCount: threads.size,
      counters: Object.fromEntries(counters),
      crowded: crowdedChannels(rings.values()),
    };
  }

  /**
   * Events that were lost of rings that are over, by channel.
   * @param open those that are not, which an earlier consumer may have entered.
   */
  lostOfEnded(open: ReadonlySet<string>): Readonly<Record<string, number>> {
    const lost = new Map<string, number>();
    for (const { ring, channel, lostCount } of this.#rings.values()) {
      if (channel === undefined || lostCount === 0 || open.has(ring)) continue;
      lost.set(channel, (lost.get(channel) ?? 0) + lostCount);
    }
    return Object.fromEntries(lost);
  }

  /** Enters what a process's threads were last seen to have counted. */
  addCounts(process: string, { counters, lostCount }: ProcessCounts): void {
    if (counters.size === 0 && lostCount === 0) return;
    const values = Object.fromEntries(counters);
    this.#noteCounts(process, values, lostCount);
    this.#append({ counters: process, values, ...(lostCount === 0 ? {} : { lost: lostCount }) });
  }

  /** Enters how a filter or a context fares in a thread. */
  addFilter(filter: FilterStatus): void {
    if (this.#noteFilter(filter)) this.#append({ filter });
  }

  /**
   * One line for each filter that fits no event of any thread, so that nothing was recorded by its rule, and for each context
   * that no thread registered.
   */
  uselessFilters(): string[] {
    return [...this.#filters.values()].flatMap(({ name, unlinked, kind }) => {
      if (unlinked === undefined) return [];
      return kind === 'context'
        ? `${name}: ${unlinked}`
        : `${name} fits none of the events that came (${unlinked})`;
    });
  }

  /** Whether that is news. */
  #noteFilter(filter: FilterStatus): boolean {
    const known = this.#filters.get(filter.name);
    if (known !== undefined && (filter.unlinked !== undefined || known.unlinked === undefined)) return false;
    this.#filters.set(filter.name, filter);
    return true;
  }

  #noteCounts(process: string, values: Readonly<Record<string, number>>, lostCount = 0): void {
    this.#counts.set(process, { counters: new Map(Object.entries(values)), lostCount });
  }

  #append(line: LedgerLine): void {
    this.#unwritten += `${JSON.stringify(line)}\n`;
    try {
      asUser(undefined, () => appendFileSync(this.#path, this.#unwritten, { mode: 0o600 }));
      this.#unwritten = '';
    } catch {
      // Shared memory is full. Finished rings are about to be freed, which makes room for the next attempt.
    }
  }
}

/** Of each channel the ring that would have had to be largest. */
function crowdedChannels(rings: Iterable<RingTotals>): readonly CrowdedChannel[] {
  const largest = new Map<string, CrowdedChannel>();
  for (const { demand, eventCount, sizeBytes } of rings) {
    const needed = demand === undefined ? undefined : neededBytes(demand, { eventCount, sizeBytes });
    if (demand === undefined || needed === undefined) continue;
    const { channel, subBufferSizeBytes, subBufferCount } = demand;
    if (needed <= (largest.get(channel)?.neededBytes ?? 0)) continue;
    largest.set(channel, { channel, subBufferSizeBytes, subBufferCount, neededBytes: needed });
  }
  return [...largest.values()];
}
