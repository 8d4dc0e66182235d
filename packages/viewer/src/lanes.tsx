import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { useSignal } from '@preact/signals';
import { HoverCard } from './hover-card.tsx';
import { LanesView } from './lanes-view.ts';
import type { Motion } from './motion.ts';
import type { LaneLabel } from './rows.ts';
import { Ruler } from './ruler.tsx';
import { useViewer } from './state.ts';
import { LanesTable } from './picture-tables.tsx';

/** The time line: ruler, list of processes and threads, lanes. */
export function Lanes({ motion }: { motion: Motion }): JSX.Element {
  const state = useViewer();
  const scroller = useRef<HTMLDivElement>(null);
  const pixels = useRef<HTMLCanvasElement>(null);
  const overlay = useRef<HTMLCanvasElement>(null);
  const view = useSignal<LanesView | undefined>(undefined);
  useEffect(() => {
    const made = new LanesView(state, motion, {
      scroller: scroller.current!,
      pixels: pixels.current!,
      overlay: overlay.current!,
    });
    view.value = made;
    return () => made.dispose();
  }, []);
  const { heightPx } = state.layout.value;
  return (
    <section class="timeline" aria-label="Time line">
      <Ruler motion={motion} />
      <div class="lanes-scroller" ref={scroller} data-lanes>
        <div class="lanes-content" style={{ height: `${heightPx}px` }}>
          <LabelTree />
          <div class="lanes-picture">
            <div class="lanes-canvases">
              <canvas ref={pixels} aria-hidden="true" />
              <canvas
                ref={overlay}
                class="lanes-overlay"
                tabIndex={0}
                role="img"
                aria-label="Lanes of processes and threads. W, A, S and D zoom and move; T shows the same as a table."
              />
              <HoverCard />
            </div>
          </div>
        </div>
      </div>
      {state.summary.value?.complete === true && state.summary.value.eventCount === 0 ? (
        <p class="lanes-note">Nothing was recorded, so there is nothing to draw.</p>
      ) : null}
      <LanesTable view={view.value} />
    </section>
  );
}

/** Processes, threads and tracks, to fold and unfold. One tab stop; arrows move between entries. */
function LabelTree(): JSX.Element {
  const state = useViewer();
  const focused = useSignal(0);
  const list = useRef<HTMLDivElement>(null);
  const { labels } = state.layout.value;
  const palette = state.palette.value;
  const moving = useRef(false);
  const focus = (index: number): void => {
    moving.current = true;
    focused.value = Math.max(0, Math.min(labels.length - 1, index));
  };
  // The entry may have to be made first: only those on the screen, and the focused one, exist.
  useEffect(() => {
    if (!moving.current) return;
    moving.current = false;
    list.current?.querySelector<HTMLElement>('[role=treeitem][tabindex="0"]')?.focus();
  });
  const { topPx, heightPx } = state.scrolled.value;
  const onScreen = (label: LaneLabel): boolean =>
    label.topPx + label.heightPx > topPx - heightPx && label.topPx < topPx + 2 * heightPx;
  const press = (event: KeyboardEvent, label: LaneLabel): void => {
    const act = ((): (() => void) | undefined => {
      switch (event.key) {
        case 'ArrowDown':
          return () => focus(focused.value + 1);
        case 'ArrowUp':
          return () => focus(focused.value - 1);
        case 'ArrowRight':
          return () => (label.expanded === false ? state.toggleFold(label.id) : focus(focused.value + 1));
        case 'ArrowLeft':
          return () => (label.expanded === true ? state.toggleFold(label.id) : focus(focused.value - 1));
        case 'Enter':
        case ' ':
          return () => {
            if (label.expanded !== undefined) state.toggleFold(label.id);
          };
        default:
          return undefined;
      }
    })();
    if (act === undefined) return;
    event.preventDefault();
    act();
  };
  return (
    <div
      class="labels"
      role="tree"
      aria-label="Processes and threads"
      ref={list}
      data-own-keys="ArrowUp ArrowDown ArrowLeft ArrowRight"
    >
      {labels.map((label, index) =>
        index !== focused.value && !onScreen(label) ? null : (
          <div
            key={label.id}
            role="treeitem"
            aria-level={label.level}
            aria-expanded={label.expanded}
            tabIndex={index === focused.value ? 0 : -1}
            class={`label level-${label.level}`}
            style={{ top: `${label.topPx}px`, height: `${label.heightPx}px` }}
            title={label.detail === '' ? label.text : `${label.text} (${label.detail})`}
            onFocus={() => (focused.value = index)}
            onKeyDown={(event) => press(event, label)}
            onClick={() => {
              if (label.expanded !== undefined) state.toggleFold(label.id);
            }}
          >
            <Chevron expanded={label.expanded} />
            {label.spanName === undefined ? null : (
              <span class="glyph" style={{ color: palette.ofSpan(label.spanName).colour }} aria-hidden="true">
                {palette.ofSpan(label.spanName).glyph}
              </span>
            )}
            <span class="label-text">{shortened(label)}</span>
            {label.detail === '' ? null : <span class="label-detail">{label.detail}</span>}
          </div>
        ),
      )}
    </div>
  );
}

/** A track's provider stands dimmed before its name. */
function shortened(label: LaneLabel): ComponentChildren {
  const at = label.level === 3 ? label.text.indexOf(':') : -1;
  if (at < 0) return label.text;
  return (
    <>
      <span class="provider">{label.text.slice(0, at + 1)}</span>
      {label.text.slice(at + 1)}
    </>
  );
}

function Chevron({ expanded }: { expanded: boolean | undefined }): JSX.Element {
  return (
    <svg class={`chevron ${expanded === true ? 'open' : ''}`} viewBox="0 0 10 10" aria-hidden="true">
      {expanded === undefined ? null : (
        <path d="M3 1.5 L7 5 L3 8.5" fill="none" stroke="currentColor" stroke-width="1.5" />
      )}
    </svg>
  );
}
