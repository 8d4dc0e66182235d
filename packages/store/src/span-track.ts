import { Float64Column, Uint32Column, gallop, lowerBound } from './columns.ts';

/** Stands for "no event" where an event's number is expected: the begin or the end of a span was not recorded. */
export const noEvent = 0xffff_ffff;

/**
 * One depth of a track: spans that do not overlap, sorted by start. `busyBefore` holds the running total of their
 * durations, so the busy time of any interval is the difference of two look-ups, exact at every zoom.
 */
export class SpanRow {
  readonly startNs: Float64Column = new Float64Column();
  /** `Infinity` while the span is open; only the last of a row can be. Without an end event: where it was cut. */
  readonly endNs: Float64Column = new Float64Column();
  /** Busy time of all earlier spans of the row. */
  readonly busyBefore: Float64Column = new Float64Column();
  readonly beginEvent: Uint32Column = new Uint32Column();
  readonly endEvent: Uint32Column = new Uint32Column();
  /** Of calls: the number that the span's colour goes by, 16 bits. */
  readonly hues: Uint32Column | undefined;

  constructor(hasHues = false) {
    this.hues = hasHues ? new Uint32Column() : undefined;
  }

  get count(): number {
    return this.startNs.length;
  }

  /** Where a new span may start at the earliest: the end of the last, `Infinity` while that is open. */
  get freeFromNs(): number {
    return this.count === 0 ? -Infinity : this.endNs.values[this.count - 1]!;
  }

  /** Adds a span behind the last one, which must be over; returns its index. */
  add(startNs: number, endNs: number, beginEvent: number, endEvent: number): number {
    const last = this.count - 1;
    this.busyBefore.push(
      last < 0 ? 0 : this.busyBefore.values[last]! + this.endNs.values[last]! - this.startNs.values[last]!,
    );
    this.startNs.push(startNs);
    this.endNs.push(endNs);
    this.beginEvent.push(beginEvent);
    this.endEvent.push(endEvent);
    return last + 1;
  }

  /**
   * Time spent in spans before `timeNs`. `startedBefore` is the number of spans that started before it; an open
   * span counts as far as `knownToNs`.
   */
  busyUntil(timeNs: number, startedBefore: number, knownToNs: number): number {
    if (startedBefore === 0) return 0;
    const last = startedBefore - 1;
    const end = Math.min(this.endNs.values[last]!, knownToNs, timeNs);
    return this.busyBefore.values[last]! + Math.max(0, end - this.startNs.values[last]!);
  }

  /** Number of spans that start before `timeNs`, searched from `from` on. */
  startedBefore(timeNs: number, from = 0): number {
    const find = from > 0 ? gallop : lowerBound;
    return find(this.startNs.values, timeNs, from, this.count);
  }

  trim(): void {
    this.startNs.trim();
    this.endNs.trim();
    this.busyBefore.trim();
    this.beginEvent.trim();
    this.endEvent.trim();
    this.hues?.trim();
  }

  get sizeBytes(): number {
    return (
      this.startNs.sizeBytes +
      this.endNs.sizeBytes +
      this.busyBefore.sizeBytes +
      this.beginEvent.sizeBytes +
      this.endEvent.sizeBytes +
      (this.hues?.sizeBytes ?? 0)
    );
  }
}

interface OpenSpan {
  readonly row: SpanRow;
  readonly index: number;
  /** Since when its end may be among lost events; `Infinity` while nothing was lost. */
  doubtfulFromNs: number;
}

/**
 * Spans of one name in one lane, stacked: each takes the first row that is free when it starts. Of calls the row is the
 * depth: what they were called by lies above them.
 */
export class SpanTrack {
  readonly index: number;
  readonly lane: number;
  readonly name: string;
  /** Whether these are calls, for {@link enter} and {@link leave}. */
  readonly isCalls: boolean;
  readonly rows: SpanRow[] = [];
  /** Spans so far, open ones included. */
  count = 0;
  /** Open spans: their identifier to where they are. Two spans of one id at a time: the later one wins. */
  readonly #open = new Map<number, OpenSpan>();

  #openCalls = 0;

  constructor(index: number, lane: number, name: string, isCalls = false) {
    this.isCalls = isCalls;
    this.index = index;
    this.lane = lane;
    this.name = name;
  }

  get openCount(): number {
    return this.#open.size + this.#openCalls;
  }

  begin(id: number, timeNs: number, event: number): void {
    const row = this.#freeRow(timeNs);
    const index = row.add(timeNs, Infinity, event, noEvent);
    this.#open.set(id, { row, index, doubtfulFromNs: Infinity });
    this.count += 1;
  }

  /** Ends the open span of that identifier; returns false when there is none (its begin was lost). */
  end(id: number, timeNs: number, event: number): boolean {
    const open = this.#open.get(id);
    if (open === undefined) return false;
    this.#open.delete(id);
    open.row.endNs.values[open.index] = timeNs;
    open.row.endEvent.values[open.index] = event;
    return true;
  }

  /**
   * Tells that events were lost from `fromNs` on: the ends of spans that were open then may never come. Such a span
   * stays open as long as nothing else wants its row; then it is cut where the loss began, without an end event.
   */
  loseEvents(fromNs: number): void {
    for (const open of this.#open.values()) {
      if (open.row.startNs.values[open.index]! <= fromNs && open.doubtfulFromNs === Infinity) {
        open.doubtfulFromNs = fromNs;
      }
    }
  }

  /** Adds a span that its one event tells whole. */
  complete(startNs: number, endNs: number, event: number): void {
    this.#freeRow(startNs).add(startNs, Math.max(startNs, endNs), event, event);
    this.count += 1;
  }

  /** Adds a call at a depth, at which none is open. */
  enter(depth: number, hue: number, timeNs: number, event: number): void {
    const row = (this.rows[depth] ??= new SpanRow(true));
    row.add(timeNs, Infinity, event, noEvent);
    row.hues!.push(hue & 0xffff);
    this.#openCalls += 1;
    this.count += 1;
  }

  /** Ends the call at a depth. @param event {@link noEvent} where its end is not in the trace. */
  leave(depth: number, timeNs: number, event: number): void {
    const row = this.rows[depth]!;
    const last = row.count - 1;
    row.endNs.values[last] = Math.max(timeNs, row.startNs.values[last]!);
    row.endEvent.values[last] = event;
    this.#openCalls -= 1;
  }

  #freeRow(startNs: number): SpanRow {
    for (const row of this.rows) {
      if (row.freeFromNs <= startNs) return row;
    }
    for (const [id, { row, index, doubtfulFromNs }] of this.#open) {
      if (doubtfulFromNs > startNs) continue;
      row.endNs.values[index] = doubtfulFromNs;
      this.#open.delete(id);
      return row;
    }
    const row = new SpanRow();
    this.rows.push(row);
    return row;
  }

  trim(): void {
    for (const row of this.rows) row.trim();
  }
}
