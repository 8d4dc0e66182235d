import { effect, useComputed, useSignal } from '@preact/signals';
import type { TableRow } from '@spoor/server/protocol';
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { api } from './api.ts';
import type { Motion } from './motion.ts';
import { ScaledScroll, rowPx } from './scaled-scroll.ts';
import { noPatterns, useViewer } from './state.ts';
import { TableRowCache } from './table-rows.ts';
import { SearchRow, TableBar, type TableSearch } from './table-search.tsx';
import { formatCount, formatDuration } from './time-text.ts';

/** The list of all events, or of those that a filter leaves. Only rows on the screen exist. */
export function EventTable({ motion }: { motion: Motion }): JSX.Element {
  const state = useViewer();
  const scroller = useRef<HTMLDivElement>(null);
  const grid = useRef<HTMLDivElement>(null);
  const top = useSignal(0);
  const viewPx = useSignal(200);
  /** The row that the keyboard is on. */
  const current = useSignal(0);
  const searching = useSignal<string | undefined>(undefined);
  const searchStop = useRef<AbortController | undefined>(undefined);
  const active = useComputed(() => (state.filtering.value ? state.patterns.value : noPatterns));
  const cache = useComputed(() => new TableRowCache(active.value, (error) => state.report(error)));
  const rows = cache.value;
  const scroll = new ScaledScroll(rows.total.value, viewPx.value);
  void rows.version.value;

  const goTo = (row: number): void => {
    const limit = new ScaledScroll(cache.value.total.value, viewPx.value);
    top.value = Math.max(0, Math.min(limit.lastTop, row));
    if (scroller.current !== null) scroller.current.scrollTop = limit.scrollOf(top.value);
  };
  const keepVisible = (row: number): void => {
    const shown = Math.floor(viewPx.value / rowPx);
    if (row < top.value) goTo(row);
    else if (row >= top.value + shown) goTo(row - shown + 1);
  };
  const centre = (row: number): void => {
    const shown = Math.floor(viewPx.value / rowPx);
    if (row >= top.value + 1 && row < top.value + shown - 1) return;
    goTo(row - Math.floor(shown / 2));
  };

  useEffect(() => {
    const element = scroller.current!;
    const observer = new ResizeObserver(() => {
      viewPx.value = element.clientHeight;
      const gutterPx = element.offsetWidth - element.clientWidth;
      grid.current?.style.setProperty('--grid-gutter', `${gutterPx}px`);
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  // A new filter starts with nothing: ask, and ask again while the server is still looking through the trace.
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let stopped = false;
    const made = cache.value;
    const poll = async (): Promise<void> => {
      await made.poll();
      if (!stopped && !made.complete.value)
        timer = setTimeout(() => void poll(), made.progress.value < 1 ? 30 : 400);
    };
    void poll();
    return () => {
      stopped = true;
      clearTimeout(timer);
      made.close();
    };
  }, [cache.value]);
  useEffect(() => {
    const first = Math.floor(top.value);
    rows.want(first, Math.ceil(viewPx.value / rowPx) + 1);
  });
  // Elsewhere on the page an event or a time was chosen: go there.
  useEffect(
    () =>
      effect(() => {
        const target = state.tableTarget.value;
        const patterns = active.value;
        if (target === undefined) return;
        const asked =
          target.event === undefined
            ? api.positionOfTime(target.timeNs ?? 0, patterns)
            : api.positionOfEvent(target.event, patterns);
        asked
          .then(async ({ row }) => {
            if (row >= cache.value.total.peek()) await cache.value.poll();
            current.value = row;
            centre(row);
          })
          .catch((error: unknown) => state.report(error));
      }),
    [],
  );

  const select = (index: number): void => {
    const limit = Math.max(0, cache.value.total.value - 1);
    const row = Math.max(0, Math.min(limit, index));
    current.value = row;
    keepVisible(row);
    const held = cache.value.row(row);
    if (held !== undefined) {
      state.selectEvent(held.event, { scrollTable: false, timeNs: held.timeNs });
      return;
    }
    api
      .rows(row, 1, active.value)
      .then((answer) => {
        const found = answer.rows[0];
        if (found !== undefined) state.selectEvent(found.event, { scrollTable: false, timeNs: found.timeNs });
      })
      .catch((error: unknown) => state.report(error));
  };
  const press = (event: KeyboardEvent): void => {
    if (event.target instanceof HTMLInputElement) return;
    const page = Math.max(1, Math.floor(viewPx.value / rowPx) - 1);
    const to = {
      ArrowDown: current.value + 1,
      ArrowUp: current.value - 1,
      PageDown: current.value + page,
      PageUp: current.value - page,
      Home: 0,
      End: cache.value.total.value - 1,
    }[event.key];
    if (to !== undefined) {
      event.preventDefault();
      select(to);
    } else if (event.key === 'Enter') {
      event.preventDefault();
      const at = state.cursorNs.value;
      if (at === undefined) return;
      const { fromNs, toNs } = motion.target;
      const half = (toNs - fromNs) / 2;
      motion.to({ fromNs: at - half, toNs: at + half });
    }
  };
  const wheel = (event: WheelEvent): void => {
    if (!scroll.scaled || event.ctrlKey) return;
    event.preventDefault();
    goTo(top.value + (event.deltaY * (event.deltaMode === 1 ? rowPx : 1)) / rowPx);
  };
  const search: TableSearch = {
    busy: searching,
    find: (direction) => {
      searchStop.current?.abort();
      const stop = new AbortController();
      searchStop.current = stop;
      void (async () => {
        let from: number | undefined =
          (state.selectedEvent.value ?? (direction === 'forward' ? -1 : 0)) +
          (direction === 'forward' ? 1 : -1);
        try {
          while (from !== undefined && from >= 0) {
            const answer = await api.search(from, direction, state.patterns.value, stop.signal);
            if (answer.found !== undefined) {
              searching.value = undefined;
              state.selectEvent(answer.found, { scrollTable: true });
              return;
            }
            from = answer.next;
            const count = state.summary.value?.eventCount ?? 0;
            if (from !== undefined) searching.value = `${Math.round((from / Math.max(1, count)) * 100)} %`;
          }
          searching.value = undefined;
          state.announcement.value =
            direction === 'forward' ? 'No match after this event' : 'No match before this event';
        } catch (error) {
          searching.value = undefined;
          state.report(error);
        }
      })();
    },
    stop: () => {
      searchStop.current?.abort();
      searching.value = undefined;
    },
  };

  const first = Math.floor(top.value);
  const shown = Math.min(rows.total.value - first, Math.ceil(viewPx.value / rowPx) + 1);
  const offset = (first - top.value) * rowPx;
  return (
    <section class="table" aria-label="Events">
      <TableBar search={search} total={rows.total.value} progress={rows.progress.value} />
      <div
        class="grid"
        role="grid"
        aria-label="Events"
        aria-rowcount={rows.total.value}
        aria-colcount={6}
        ref={grid}
        data-own-keys="ArrowUp ArrowDown PageUp PageDown Home End Enter"
        onKeyDown={press}
      >
        <SearchRow search={search} />
        <div
          class="grid-scroller"
          ref={scroller}
          tabIndex={0}
          aria-label="Rows of events; arrow keys move the selection"
          onScroll={(event) => {
            const at = event.currentTarget.scrollTop;
            // A scrollbar that stands for several rows a pixel must not round the place that goTo set.
            if (Math.abs(scroll.scrollOf(top.value) - at) >= 1) top.value = scroll.topOf(at);
          }}
          onWheel={wheel}
        >
          <div class="grid-content" style={{ height: `${scroll.contentPx}px` }}>
            <div class="grid-rows" role="rowgroup" style={{ transform: `translateY(${offset}px)` }}>
              {Array.from({ length: Math.max(0, shown) }, (_, i) => (
                <Row key={first + i} index={first + i} row={rows.row(first + i)} onSelect={select} />
              ))}
            </div>
          </div>
        </div>
        {rows.total.value === 0 ? (
          <p class="empty-note">{emptyNote(rows.complete.value, state.summary.value?.eventCount === 0)}</p>
        ) : null}
      </div>
    </section>
  );
}

interface RowProps {
  readonly index: number;
  readonly row: TableRow | undefined;
  readonly onSelect: (index: number) => void;
}

function Row({ index, row, onSelect }: RowProps): JSX.Element {
  const state = useViewer();
  const summary = state.summary.value;
  if (row === undefined || summary === undefined) {
    return (
      <div class="row loading" role="row" aria-rowindex={index + 1}>
        <span class="cell time">…</span>
      </div>
    );
  }
  const lane = summary.lanes[row.lane];
  const process = lane === undefined ? undefined : summary.processes[lane.process];
  const type = summary.types[row.type];
  const look = state.palette.value.ofType(row.type);
  const chosen = state.selectedEvent.value === row.event;
  return (
    <div
      class={chosen ? 'row chosen' : 'row'}
      role="row"
      aria-rowindex={index + 1}
      aria-selected={chosen}
      onClick={() => onSelect(index)}
    >
      <span class="cell time" role="gridcell">
        {state.clock.value.time(row.timeNs)}
      </span>
      <span class="cell delta" role="gridcell">
        {row.deltaNs === undefined ? '' : `+${formatDuration(row.deltaNs)}`}
      </span>
      <span class="cell process" role="gridcell">
        {process?.name} <span class="dim">{process?.pid}</span>
      </span>
      <span class="cell thread" role="gridcell">
        {lane?.name} <span class="dim">{lane?.name === String(lane?.tid) ? '' : lane?.tid}</span>
      </span>
      <span class="cell event" role="gridcell">
        <span class="glyph" style={{ color: look.colour }} aria-hidden="true">
          {look.glyph}
        </span>
        {type?.name ?? ''}
      </span>
      <span class="cell fields" role="gridcell" title={row.fields.length > 80 ? row.fields : undefined}>
        {row.fields}
      </span>
    </div>
  );
}

/** Number of rows in words. */
export function rowCountText(total: number): string {
  return total === 1 ? '1 event' : `${formatCount(total)} events`;
}

/** Why the table shows no row. */
function emptyNote(complete: boolean, traceEmpty: boolean): string {
  if (!complete) return 'Looking for events…';
  return traceEmpty ? 'This trace has no events.' : 'No event matches.';
}
