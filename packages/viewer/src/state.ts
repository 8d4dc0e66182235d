// What the page knows and shows, as signals: components read them, `actions` change them.
import { batch, computed, signal, type ReadonlySignal, type Signal } from '@preact/signals';
import type { EventDetail, SelectionAnswer, SpanDetail, TraceSummary } from '@spoor/server/protocol';
import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import { api, isAbort, type Patterns } from './api.ts';
import { Palette, type Theme } from './palette.ts';
import { layOut, type LaneLayout } from './rows.ts';
import { ClockText, formatCount } from './time-text.ts';
import { clamp, fit, reveal, type TimeWindow } from './window.ts';

/** A range of time that a person marked. */
export interface TimeRange {
  readonly fromNs: number;
  readonly toNs: number;
}

/** What the pointer is over. */
export interface Hover {
  readonly xPx: number;
  readonly yPx: number;
  readonly timeNs: number;
  readonly span: SpanDetail | undefined;
  readonly event: EventDetail | undefined;
}

export const noPatterns: Patterns = { process: '', thread: '', eventName: '', fields: '' };

/** See the head of this file. */
export class ViewerState {
  readonly summary: Signal<TraceSummary | undefined> = signal(undefined);
  /** Why the server cannot be asked, while it cannot. */
  readonly trouble: Signal<string | undefined> = signal(undefined);
  readonly window: Signal<TimeWindow> = signal({ fromNs: 0, toNs: 1 });
  /** Where the cursor stands; undefined before the first click. */
  readonly cursorNs: Signal<number | undefined> = signal(undefined);
  readonly selectedEvent: Signal<number | undefined> = signal(undefined);
  readonly detail: Signal<EventDetail | undefined> = signal(undefined);
  readonly range: Signal<TimeRange | undefined> = signal(undefined);
  readonly rangeStatistics: Signal<SelectionAnswer | undefined> = signal(undefined);
  readonly hover: Signal<Hover | undefined> = signal(undefined);
  readonly folded: Signal<ReadonlySet<string>> = signal(new Set());
  readonly patterns: Signal<Patterns> = signal(noPatterns);
  /** Whether the patterns leave only matching rows in the table; else they mark matches for next and previous. */
  readonly filtering: Signal<boolean> = signal(false);
  readonly panel: Signal<'event' | 'range'> = signal('event');
  readonly theme: Signal<Theme> = signal(preferredTheme());
  /** The part of the lanes that is on the screen. */
  readonly scrolled: Signal<{ readonly topPx: number; readonly heightPx: number }> = signal({
    topPx: 0,
    heightPx: 1000,
  });
  readonly helpOpen: Signal<boolean> = signal(false);
  /** Whether the pictures' table twins are shown to all, and not only read out. */
  readonly tablesShown: Signal<boolean> = signal(false);
  /** A sentence for people who do not see the picture; also in the status line. */
  readonly announcement: Signal<string> = signal('');
  /** Set to a time to make the table go there. */
  readonly tableTarget: Signal<{ readonly timeNs?: number; readonly event?: number } | undefined> =
    signal(undefined);

  readonly whole: ReadonlySignal<TimeWindow> = computed(() => {
    const summary = this.summary.value;
    return summary === undefined ? { fromNs: 0, toNs: 1 } : fit(summary.firstNs, summary.lastNs);
  });
  readonly palette: ReadonlySignal<Palette> = computed(
    () => new Palette(this.theme.value, this.summary.value?.types ?? []),
  );
  readonly clock: ReadonlySignal<ClockText> = computed(() => {
    const summary = this.summary.value;
    return new ClockText(BigInt(summary?.baseNs ?? '0'), summary?.absolute ?? false);
  });
  readonly layout: ReadonlySignal<LaneLayout> = computed(() => {
    const summary = this.summary.value;
    return summary === undefined ? { rows: [], labels: [], heightPx: 0 } : layOut(summary, this.folded.value);
  });

  #detailRequest: AbortController | undefined;
  #rangeRequest: AbortController | undefined;

  /** Replaces the summary; the view follows the growing trace as long as it shows the whole. */
  setSummary(next: TraceSummary): void {
    batch(() => {
      const before = this.whole.value;
      const view = this.window.value;
      const first = this.summary.value === undefined || this.summary.value.eventCount === 0;
      const showedAll = first || (view.fromNs <= before.fromNs && view.toNs >= before.toNs);
      this.summary.value = next;
      if (showedAll) this.window.value = this.whole.value;
    });
  }

  show(window: TimeWindow): void {
    const next = clamp(window, this.whole.value);
    const now = this.window.value;
    if (next.fromNs !== now.fromNs || next.toNs !== now.toNs) this.window.value = next;
  }

  /** Selects an event: details, cursor, table and time line go to it. */
  selectEvent(event: number, options: { readonly scrollTable: boolean; readonly timeNs?: number }): void {
    batch(() => {
      this.selectedEvent.value = event;
      this.panel.value = 'event';
      if (options.timeNs !== undefined) this.#place(options.timeNs);
      if (options.scrollTable) this.tableTarget.value = { event };
    });
    this.#detailRequest?.abort();
    const stop = new AbortController();
    this.#detailRequest = stop;
    api
      .event(event, stop.signal)
      .then((detail) => {
        batch(() => {
          this.detail.value = detail;
          if (options.timeNs === undefined) this.#place(detail.timeNs);
          const type = this.summary.value?.types[detail.type]?.name ?? '';
          this.announcement.value = `Event ${detail.event}: ${type} at ${this.clock.value.time(detail.timeNs)}`;
        });
      })
      .catch((error: unknown) => this.report(error));
  }

  /** Sets the cursor on a time without an event. */
  setCursor(timeNs: number): void {
    batch(() => {
      this.cursorNs.value = timeNs;
      this.selectedEvent.value = undefined;
      this.detail.value = undefined;
      this.tableTarget.value = { timeNs };
    });
  }

  setRange(range: TimeRange | undefined): void {
    if (range === undefined && this.range.value !== undefined) this.announcement.value = '';
    this.range.value = range;
    if (range === undefined) {
      this.#rangeRequest?.abort();
      this.rangeStatistics.value = undefined;
      if (this.panel.value === 'range') this.panel.value = 'event';
    }
  }

  /** Asks for the statistics of the marked range. */
  measureRange(): void {
    const range = this.range.value;
    if (range === undefined) return;
    this.panel.value = 'range';
    this.#rangeRequest?.abort();
    const stop = new AbortController();
    this.#rangeRequest = stop;
    api
      .selection(range.fromNs, range.toNs, stop.signal)
      .then((statistics) => {
        this.rangeStatistics.value = statistics;
        const counted = (count: number, noun: string): string =>
          `${formatCount(count)} ${noun}${count === 1 ? '' : 's'}`;
        const { eventCount, types } = statistics;
        this.announcement.value = `Selected range: ${counted(eventCount, 'event')} of ${counted(types.length, 'type')}`;
      })
      .catch((error: unknown) => this.report(error));
  }

  toggleFold(id: string): void {
    const folded = new Set(this.folded.value);
    if (!folded.delete(id)) folded.add(id);
    this.folded.value = folded;
  }

  report(error: unknown): void {
    if (isAbort(error)) return;
    this.trouble.value = error instanceof Error ? error.message : String(error);
  }

  #place(timeNs: number): void {
    this.cursorNs.value = timeNs;
    // A new object even where nothing moves: a movement that is under way stops, lest it leave the place.
    this.window.value = { ...reveal(this.window.value, timeNs, this.whole.value) };
  }
}

function preferredTheme(): Theme {
  const stored = localStorage.getItem('spoor.theme');
  if (stored === 'dark' || stored === 'light') return stored;
  return matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light';
}

export const StateContext = createContext<ViewerState | undefined>(undefined);

/** The state of the page that a component is in. */
export function useViewer(): ViewerState {
  const state = useContext(StateContext);
  if (state === undefined) throw new Error('no viewer state around this component');
  return state;
}
