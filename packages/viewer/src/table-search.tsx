import type { Signal } from '@preact/signals';
import type { JSX } from 'preact';
import type { Patterns } from './api.ts';
import { rowCountText } from './event-table.tsx';
import { noPatterns, useViewer } from './state.ts';

/** What the search boxes do to the table. */
export interface TableSearch {
  /** How far a long search is; undefined when none is under way. */
  readonly busy: Signal<string | undefined>;
  readonly find: (direction: 'forward' | 'backward') => void;
  readonly stop: () => void;
}

const columns: readonly { readonly key: keyof Patterns; readonly title: string; readonly hint: string }[] = [
  { key: 'process', title: 'Process', hint: 'search' },
  { key: 'thread', title: 'Thread', hint: 'search' },
  { key: 'eventName', title: 'Event', hint: 'text or /regex/' },
  { key: 'fields', title: 'Fields', hint: 'text or /regex/' },
];

/** The table's bar: how many rows, and what to do with the search boxes. */
export function TableBar({
  search,
  total,
  progress,
}: {
  search: TableSearch;
  total: number;
  progress: number;
}): JSX.Element {
  const state = useViewer();
  const empty = Object.values(state.patterns.value).every((one) => one === '');
  const busy = search.busy.value;
  return (
    <div class="table-bar" role="toolbar" aria-label="Search in the table">
      <h2>Events</h2>
      <span class="row-count" aria-live="polite">
        {progress < 1 ? `filtering ${Math.round(progress * 100)} %` : rowCountText(total)}
        {busy === undefined ? '' : `, searching ${busy}`}
      </span>
      <span class="spacer" />
      <button
        type="button"
        class="tool"
        aria-label="Previous match"
        title="Previous match (Shift+Enter)"
        disabled={empty}
        onClick={() => search.find('backward')}
      >
        ↑
      </button>
      <button
        type="button"
        class="tool"
        aria-label="Next match"
        title="Next match (Enter)"
        disabled={empty}
        onClick={() => search.find('forward')}
      >
        ↓
      </button>
      <button
        type="button"
        class="tool"
        aria-pressed={state.filtering.value}
        title="Show only matching events"
        disabled={empty && !state.filtering.value}
        onClick={() => (state.filtering.value = !state.filtering.value)}
      >
        Filter
      </button>
      <button
        type="button"
        class="tool"
        title="Empty all search boxes"
        disabled={empty}
        onClick={() => {
          search.stop();
          state.patterns.value = noPatterns;
          state.filtering.value = false;
        }}
      >
        Clear
      </button>
    </div>
  );
}

/** Titles of the columns, with a search box each. */
export function SearchRow({ search }: { search: TableSearch }): JSX.Element {
  const state = useViewer();
  const patterns = state.patterns.value;
  const empty = Object.values(patterns).every((one) => one === '');
  const press = (event: KeyboardEvent): void => {
    if (event.key === 'Enter') {
      event.preventDefault();
      if (!empty) search.find(event.shiftKey ? 'backward' : 'forward');
    } else if (event.key === 'Escape') {
      event.preventDefault();
      search.stop();
      (event.currentTarget as HTMLInputElement).blur();
    }
  };
  return (
    <div class="grid-head" role="rowgroup">
      <div class="row titles" role="row">
        <span class="cell time" role="columnheader">
          Time
        </span>
        <span class="cell delta" role="columnheader">
          Delta
        </span>
        {columns.map(({ key, title }) => (
          <span key={key} class={`cell ${key === 'eventName' ? 'event' : key}`} role="columnheader">
            {title}
          </span>
        ))}
      </div>
      <div class="row searches" role="row">
        <span class="cell time" role="gridcell">
          <input
            type="text"
            aria-label="Go to a time"
            placeholder="go to time"
            title="A clock time (12:30:05.5), or time since the start (1.5, 250ms); Enter goes there"
            spellcheck={false}
            data-search="time"
            onKeyDown={(event) => {
              if (event.key !== 'Enter') return;
              event.preventDefault();
              const first = state.summary.value?.firstNs ?? 0;
              const timeNs = state.clock.value.parse(event.currentTarget.value, first);
              event.currentTarget.setAttribute('aria-invalid', String(timeNs === undefined));
              if (timeNs === undefined) return;
              state.setCursor(timeNs);
              const { fromNs, toNs } = state.window.value;
              if (timeNs < fromNs || timeNs > toNs) {
                const half = (toNs - fromNs) / 2;
                state.show({ fromNs: timeNs - half, toNs: timeNs + half });
              }
            }}
          />
        </span>
        <span class="cell delta" role="gridcell" />
        {columns.map(({ key, title, hint }) => (
          <span key={key} class={`cell ${key === 'eventName' ? 'event' : key}`} role="gridcell">
            <input
              type="search"
              aria-label={`Search in ${title.toLowerCase()}`}
              placeholder={hint}
              spellcheck={false}
              data-search={key}
              value={patterns[key]}
              onInput={(event) => {
                const value = event.currentTarget.value;
                state.trouble.value = undefined;
                state.patterns.value = { ...state.patterns.value, [key]: value };
              }}
              onKeyDown={press}
            />
          </span>
        ))}
      </div>
    </div>
  );
}
