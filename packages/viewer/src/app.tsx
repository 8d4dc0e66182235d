import { effect } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect, useMemo, useRef } from 'preact/hooks';
import { api, disconnected } from './api.ts';
import { Help, StatusLine, TopBar } from './chrome.tsx';
import { EventTable } from './event-table.tsx';
import { Lanes } from './lanes.tsx';
import { applyLink, followAddress } from './link.ts';
import { Motion } from './motion.ts';
import { Overview } from './overview.tsx';
import { listenToKeys } from './shortcuts.ts';
import { SidePanel } from './side-panel.tsx';
import { Splitter } from './splitter.tsx';
import { StateContext, type ViewerState } from './state.ts';

/** Pause between two questions for the state of an index that is being built. */
const pollMs = 300;

/** The page. */
export function App({ state }: { state: ViewerState }): JSX.Element {
  const motion = useMemo(() => new Motion(state), [state]);
  const root = useRef<HTMLDivElement>(null);
  const toggleTheme = (): void => {
    state.theme.value = state.theme.value === 'dark' ? 'light' : 'dark';
    localStorage.setItem('spoor.theme', state.theme.value);
  };
  useEffect(() => follow(state), [state]);
  useEffect(
    () =>
      effect(() => {
        document.documentElement.dataset['theme'] = state.theme.value;
      }),
    [state],
  );
  useEffect(
    () =>
      listenToKeys(state, {
        motion,
        toggleTheme,
        scrollLanes: (byPx) => root.current?.querySelector('[data-lanes]')?.scrollBy({ top: byPx }),
        stepEvent: (by) => {
          const count = state.summary.value?.eventCount ?? 0;
          const next = (state.selectedEvent.value ?? -1) + by;
          if (next >= 0 && next < count) state.selectEvent(next, { scrollTable: true });
        },
      }),
    [state],
  );
  return (
    <StateContext.Provider value={state}>
      <div class="page" ref={root}>
        <TopBar motion={motion} onTheme={toggleTheme} />
        <Overview motion={motion} />
        <main class="panes">
          <Lanes motion={motion} />
          <Splitter />
          <div class="lower">
            <EventTable motion={motion} />
            <SidePanel motion={motion} />
          </div>
        </main>
        <StatusLine />
        <Help />
      </div>
    </StateContext.Provider>
  );
}

/** Keeps the summary up to date until the index is complete; the first one also applies the address. */
function follow(state: ViewerState): () => void {
  const stop = new AbortController();
  let unlink: (() => void) | undefined;
  const step = async (): Promise<void> => {
    let done = false;
    try {
      const summary = await api.trace(stop.signal);
      state.setSummary(summary);
      if (state.trouble.value === disconnected) state.trouble.value = undefined;
      document.title = `${summary.title} – Spoor`;
      done = summary.complete;
      if (unlink === undefined && (summary.eventCount > 0 || done)) {
        const link = location.hash.slice(1);
        unlink = followAddress(state);
        if (link !== '') applyLink(state, link);
      }
    } catch {
      if (stop.signal.aborted) return;
      state.trouble.value = disconnected;
    }
    if (!done && !stop.signal.aborted) setTimeout(() => void step(), pollMs);
  };
  void step();
  return () => {
    stop.abort();
    unlink?.();
  };
}
