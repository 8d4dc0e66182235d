// The event table: rows by number, filtered views of it, and searches. Work on many events is done in slices of
// bounded time; a client asks again until it is done, so an abandoned search costs nothing.
import { SpoorError } from '@spoor/base';
import { Uint32Column, lowerBound, type TraceStore } from '@spoor/store';
import type { PositionAnswer, SearchAnswer, TableRow, TableRows } from './protocol.ts';
import { hasExpression, isEmpty, parsePattern, type ColumnPatterns, type TextMatcher } from './pattern.ts';
import type { ViewSource } from './source.ts';
import { withinTime } from './time-limit.ts';

/** Time that one request may spend on looking through events. */
const sliceMs = 60;
/** Time after which a regular expression is given up: slices end between events, and one event can take it for ever. */
const expressionLimitMs = 3000;
/** Filtered views kept for clients that come back. */
const keptFilters = 4;

/** Tests events against patterns; what does not need an event's bytes is decided once per series. */
class EventMatcher {
  readonly #store: TraceStore;
  readonly #source: ViewSource;
  readonly #process: TextMatcher | undefined;
  readonly #thread: TextMatcher | undefined;
  readonly #event: TextMatcher | undefined;
  readonly #fields: TextMatcher | undefined;
  /** Per series: 0 unknown yet, 1 no, 2 perhaps. */
  #verdicts = new Uint8Array(64);

  constructor(store: TraceStore, source: ViewSource, patterns: ColumnPatterns) {
    this.#store = store;
    this.#source = source;
    this.#process = parsePattern(patterns.process);
    this.#thread = parsePattern(patterns.thread);
    this.#event = parsePattern(patterns.event);
    this.#fields = parsePattern(patterns.fields);
  }

  matches(event: number): boolean {
    const series = this.#store.seriesOf.values[event]!;
    let verdict = this.#verdicts[series] ?? 0;
    if (verdict === 0) verdict = this.#judge(series);
    if (verdict === 1) return false;
    return this.#fields === undefined || this.#fields(this.#source.fieldsText(event));
  }

  #judge(series: number): number {
    const { lane: laneIndex, type } = this.#store.series[series]!;
    const lane = this.#store.lanes[laneIndex]!;
    const process = this.#store.processes[lane.process]!;
    const wanted =
      (this.#process?.(`${process.name} ${process.pid ?? ''}`) ?? true) &&
      (this.#thread?.(`${lane.name} ${lane.tid ?? ''}`) ?? true) &&
      (this.#event?.(this.#store.types[type]!.name) ?? true);
    if (series >= this.#verdicts.length) {
      const grown = new Uint8Array(Math.max(series + 1, this.#verdicts.length * 2));
      grown.set(this.#verdicts);
      this.#verdicts = grown;
    }
    this.#verdicts[series] = wanted ? 2 : 1;
    return this.#verdicts[series];
  }
}

/** The events that patterns let through, found bit by bit. */
class FilteredView {
  readonly events: Uint32Column = new Uint32Column(1024);
  scannedTo = 0;
  readonly #matcher: EventMatcher;

  constructor(matcher: EventMatcher) {
    this.#matcher = matcher;
  }

  advance(count: number): void {
    const until = performance.now() + sliceMs;
    while (this.scannedTo < count) {
      const end = Math.min(count, this.scannedTo + 1024);
      for (; this.scannedTo < end; this.scannedTo++) {
        if (this.#matcher.matches(this.scannedTo)) this.events.push(this.scannedTo);
      }
      if (performance.now() > until) return;
    }
  }
}

/**
 * Looks through events; ends it when a regular expression among the patterns does not.
 * @throws SpoorError `view/pattern`
 */
function guarded<Value>(patterns: ColumnPatterns, look: () => Value): Value {
  if (!hasExpression(patterns)) return look();
  const result = withinTime(expressionLimitMs, look);
  if (result === undefined) {
    throw new SpoorError('view/pattern', 'the regular expression takes too long', {
      hint: 'repetitions inside repetitions do',
    });
  }
  return result.value;
}

/** See the head of this file. */
export class EventTable {
  readonly #store: TraceStore;
  readonly #source: ViewSource;
  readonly #views = new Map<string, FilteredView>();

  constructor(store: TraceStore, source: ViewSource) {
    this.#store = store;
    this.#source = source;
  }

  /** Rows `first` to below `first + count` of the table that `patterns` leave. */
  rows(first: number, count: number, patterns: ColumnPatterns): TableRows {
    const view = this.#view(patterns);
    const total = view === undefined ? this.#store.count : view.events.length;
    const rows: TableRow[] = [];
    for (let i = first; i < Math.min(total, first + count); i++) {
      const event = view === undefined ? i : view.events.values[i]!;
      const before = view === undefined ? i - 1 : i > 0 ? view.events.values[i - 1]! : -1;
      rows.push(this.#row(event, before));
    }
    return {
      total,
      complete: this.#store.complete && (view === undefined || view.scannedTo === this.#store.count),
      progress: view === undefined || this.#store.count === 0 ? 1 : view.scannedTo / this.#store.count,
      first,
      rows,
    };
  }

  /** The row of the first event at or after `timeNs`, the last row when there is none. */
  rowAtTime(timeNs: number, patterns: ColumnPatterns): PositionAnswer {
    return this.rowOfEvent(this.#store.eventAt(timeNs), patterns);
  }

  /** The row of an event, or of the first one after it that the table holds. */
  rowOfEvent(event: number, patterns: ColumnPatterns): PositionAnswer {
    const view = this.#view(patterns);
    if (view === undefined) {
      if (this.#store.count === 0) return { row: 0, event: undefined };
      const row = Math.min(event, this.#store.count - 1);
      return { row, event: row };
    }
    const { values, length } = view.events;
    if (length === 0) return { row: 0, event: undefined };
    const row = Math.min(length - 1, lowerBound(values, event, 0, length));
    return { row, event: values[row]! };
  }

  /** Looks for the first match from `from` on in the given direction, for one slice of time. */
  search(from: number, forward: boolean, patterns: ColumnPatterns): SearchAnswer {
    return guarded(patterns, () => this.#searchSlice(from, forward, patterns));
  }

  #searchSlice(from: number, forward: boolean, patterns: ColumnPatterns): SearchAnswer {
    const matcher = new EventMatcher(this.#store, this.#source, patterns);
    const until = performance.now() + sliceMs;
    const step = forward ? 1 : -1;
    const { count } = this.#store;
    let left = 1024;
    let event = Math.min(from, count - 1);
    if (forward && from >= count) return { found: undefined, next: undefined };
    for (; event >= 0 && event < count; event += step) {
      if (matcher.matches(event)) return { found: event, next: undefined };
      if (--left === 0) {
        if (performance.now() > until) return { found: undefined, next: event + step };
        left = 1024;
      }
    }
    return { found: undefined, next: undefined };
  }

  #row(event: number, before: number): TableRow {
    const series = this.#store.series[this.#store.seriesOf.values[event]!]!;
    const timeNs = this.#store.timeNs.values[event]!;
    return {
      event,
      timeNs,
      deltaNs: before < 0 ? undefined : timeNs - this.#store.timeNs.values[before]!,
      lane: series.lane,
      type: series.type,
      fields: this.#source.fieldsText(event),
    };
  }

  #view(patterns: ColumnPatterns): FilteredView | undefined {
    if (isEmpty(patterns)) return undefined;
    const key = JSON.stringify([patterns.process, patterns.thread, patterns.event, patterns.fields]);
    let view = this.#views.get(key);
    if (view === undefined) {
      view = new FilteredView(new EventMatcher(this.#store, this.#source, patterns));
    } else {
      this.#views.delete(key);
    }
    const found = view;
    // Kept only if it came through.
    guarded(patterns, () => found.advance(this.#store.count));
    this.#views.set(key, view);
    for (const oldest of this.#views.keys()) {
      if (this.#views.size <= keptFilters) break;
      this.#views.delete(oldest);
    }
    return view;
  }
}
