// What frames the page: the bar at the top, the line at the bottom, the help.
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { Motion } from './motion.ts';
import { shortcutGroups } from './shortcuts.ts';
import { useViewer } from './state.ts';
import { formatCount, formatDuration, formatRate, formatSize } from './time-text.ts';

/** Bar at the top: what is shown, and what can be done from anywhere. */
export function TopBar({ motion, onTheme }: { motion: Motion; onTheme: () => void }): JSX.Element {
  const state = useViewer();
  const summary = state.summary.value;
  const middle = (): number => (motion.target.fromNs + motion.target.toNs) / 2;
  return (
    <header class="top-bar">
      <div class="brand">
        <svg viewBox="0 0 32 32" width="20" height="20" aria-hidden="true">
          <rect x="3" y="6" width="15" height="5" rx="2.5" fill="#6aa5ff" />
          <rect x="10" y="13.5" width="11" height="5" rx="2.5" fill="#ffa552" />
          <rect x="17" y="21" width="12" height="5" rx="2.5" fill="#5fd38d" />
        </svg>
        <h1>Spoor</h1>
      </div>
      {summary === undefined ? null : (
        <>
          <span class="trace-title" title={summary.paths.join('\n')}>
            {summary.title}
          </span>
          <ul class="numbers">
            <li>
              <strong>{formatCount(summary.eventCount)}</strong>{' '}
              {summary.eventCount === 1 ? 'event' : 'events'}
            </li>
            <li>
              <strong>{formatCount(summary.spanCount)}</strong> {summary.spanCount === 1 ? 'span' : 'spans'}
            </li>
            {summary.lastNs > summary.firstNs ? (
              <>
                <li title="From the first event to the last">
                  <strong>{formatDuration(summary.lastNs - summary.firstNs)}</strong>
                </li>
                <li class="optional" title="Events a second, on average">
                  <strong>{formatRate(summary.eventCount, summary.lastNs - summary.firstNs)}</strong>
                </li>
              </>
            ) : null}
          </ul>
        </>
      )}
      <span class="spacer" />
      <div class="buttons" role="toolbar" aria-label="View">
        <button
          type="button"
          title="Zoom out (S)"
          aria-label="Zoom out"
          onClick={() => motion.zoomBy(1 / 0.6, middle())}
        >
          −
        </button>
        <button
          type="button"
          title="Zoom in (W)"
          aria-label="Zoom in"
          onClick={() => motion.zoomBy(0.6, middle())}
        >
          +
        </button>
        <button
          type="button"
          title="Show the whole trace (Home)"
          onClick={() => motion.to(state.whole.value)}
        >
          Fit
        </button>
        <span class="divider" />
        <button
          type="button"
          title="Show the pictures as tables (T)"
          aria-pressed={state.tablesShown.value}
          onClick={() => (state.tablesShown.value = !state.tablesShown.value)}
        >
          Tables
        </button>
        <button type="button" title="Dark or light (L)" onClick={onTheme}>
          {state.theme.value === 'dark' ? 'Light' : 'Dark'}
        </button>
        <button
          type="button"
          title="Keys and mouse (?)"
          aria-label="Help"
          onClick={() => (state.helpOpen.value = true)}
        >
          ?
        </button>
      </div>
    </header>
  );
}

/** Line at the bottom: progress, warnings, cursor. */
export function StatusLine(): JSX.Element {
  const state = useViewer();
  const summary = state.summary.value;
  const cursorNs = state.cursorNs.value;
  const lost = summary?.losses.reduce((sum, loss) => sum + (loss.count ?? 0), 0) ?? 0;
  return (
    <footer class="status">
      {state.trouble.value === undefined ? null : (
        <span class="trouble" role="alert">
          {state.trouble.value}
          <button type="button" aria-label="Dismiss" onClick={() => (state.trouble.value = undefined)}>
            ×
          </button>
        </span>
      )}
      {summary === undefined ? (
        <span>Asking the server…</span>
      ) : (
        <>
          {summary.complete ? null : (
            <span class="progress">
              <progress max={1} value={summary.progress} aria-label="Indexing" />
              Indexing {Math.round(summary.progress * 100)} %
            </span>
          )}
          {summary.failure === undefined ? null : (
            <span class="trouble">Stopped reading: {summary.failure}</span>
          )}
          {summary.losses.length === 0 ? null : (
            <span class="lost" title="Intervals with lost events are hatched in the lanes">
              ▨ {lost === 0 ? 'events lost' : `${formatCount(lost)} events lost`} in {summary.losses.length}{' '}
              {summary.losses.length === 1 ? 'place' : 'places'}
            </span>
          )}
          {summary.warnings.length === 0 ? null : (
            <details class="warnings">
              <summary>
                ⚠ {summary.warnings.length} {summary.warnings.length === 1 ? 'warning' : 'warnings'}
              </summary>
              <ul>
                {summary.warnings.map((warning) => (
                  <li key={warning}>{warning}</li>
                ))}
              </ul>
            </details>
          )}
          <span class="announcement" aria-live="polite">
            {state.announcement.value}
          </span>
          <span class="spacer" />
          {cursorNs === undefined ? null : (
            <span class="cursor-time">
              cursor {state.clock.value.time(cursorNs)}{' '}
              <span class="dim">+{formatDuration(cursorNs - summary.firstNs)}</span>
            </span>
          )}
          <span class="dim optional" title="Memory that the server keeps this trace's index in">
            index {formatSize(summary.indexSizeBytes)}
          </span>
        </>
      )}
    </footer>
  );
}

/** Keys and mouse, in a dialogue. */
export function Help(): JSX.Element {
  const state = useViewer();
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const element = dialog.current!;
    if (state.helpOpen.value && !element.open) element.showModal();
    if (!state.helpOpen.value && element.open) element.close();
  }, [state.helpOpen.value]);
  return (
    <dialog
      ref={dialog}
      class="help"
      aria-labelledby="help-title"
      onClose={() => (state.helpOpen.value = false)}
      onClick={(event) => {
        if (event.target === dialog.current) dialog.current?.close();
      }}
    >
      <div class="help-box">
        <h2 id="help-title">Keys and mouse</h2>
        <div class="help-groups">
          {shortcutGroups.map((group) => (
            <section key={group.title}>
              <h3>{group.title}</h3>
              <dl>
                {group.shortcuts.map((shortcut) => (
                  <>
                    <dt>
                      {shortcut.keys.map((key) => (
                        <kbd key={key}>{key}</kbd>
                      ))}
                    </dt>
                    <dd>{shortcut.does}</dd>
                  </>
                ))}
              </dl>
            </section>
          ))}
        </div>
        <button type="button" onClick={() => dialog.current?.close()}>
          Close
        </button>
      </div>
    </dialog>
  );
}
