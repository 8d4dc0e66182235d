import type { Motion } from './motion.ts';
import type { ViewerState } from './state.ts';

/** A line of the help: keys and what they do. */
export interface Shortcut {
  readonly keys: readonly string[];
  readonly does: string;
}

/** All shortcuts, in groups, as the help shows them. */
export const shortcutGroups: readonly { readonly title: string; readonly shortcuts: readonly Shortcut[] }[] =
  [
    {
      title: 'Time line',
      shortcuts: [
        { keys: ['W', '+'], does: 'Zoom in' },
        { keys: ['S', '−'], does: 'Zoom out' },
        { keys: ['A', '←'], does: 'Move to earlier' },
        { keys: ['D', '→'], does: 'Move to later' },
        { keys: ['Home', '0'], does: 'Show the whole trace' },
        { keys: ['F'], does: 'Zoom to the selected range or span' },
        { keys: ['[', ']'], does: 'Previous or next event' },
        { keys: ['↑', '↓'], does: 'Scroll the lanes' },
        { keys: ['Shift', '←', '→'], does: 'Select a range, from the cursor' },
        { keys: ['Esc'], does: 'Drop the selected range' },
      ],
    },
    {
      title: 'Mouse',
      shortcuts: [
        { keys: ['Ctrl', 'wheel'], does: 'Zoom at the pointer' },
        { keys: ['wheel'], does: 'Scroll the lanes' },
        { keys: ['Shift', 'wheel'], does: 'Move in time' },
        { keys: ['drag'], does: 'Move in time' },
        { keys: ['Shift', 'drag'], does: 'Select a range (or drag on the ruler)' },
        { keys: ['click'], does: 'Select what is there; the table follows' },
        { keys: ['double click'], does: 'Zoom to the span' },
      ],
    },
    {
      title: 'Table',
      shortcuts: [
        { keys: ['/'], does: 'Search' },
        { keys: ['Enter'], does: 'Next match (Shift: previous)' },
        { keys: ['↑', '↓', 'Page', 'Home', 'End'], does: 'Move the selection' },
        { keys: ['Enter'], does: 'On a row: centre the time line on it' },
      ],
    },
    {
      title: 'Page',
      shortcuts: [
        { keys: ['T'], does: 'Show the pictures as tables' },
        { keys: ['L'], does: 'Dark or light' },
        { keys: ['?'], does: 'This help' },
      ],
    },
  ];

/** What shortcuts reach beyond the state. */
export interface ShortcutTargets {
  readonly motion: Motion;
  readonly scrollLanes: (byPx: number) => void;
  readonly toggleTheme: () => void;
  readonly stepEvent: (by: 1 | -1) => void;
}

/** Shows the marked range, or else the selected span. */
export function zoomToSelection(state: ViewerState, motion: Motion): void {
  const span = state.detail.value?.span;
  const range =
    state.range.value ?? (span === undefined ? undefined : { fromNs: span.startNs, toNs: span.untilNs });
  if (range === undefined) return;
  const air = Math.max(10, (range.toNs - range.fromNs) * 0.06);
  motion.to({ fromNs: range.fromNs - air, toNs: range.toNs + air });
}

/** Listens to keys on the whole page, except where text is typed or a widget uses the arrows itself. */
export function listenToKeys(state: ViewerState, targets: ShortcutTargets): () => void {
  const { motion } = targets;
  const middle = (): number => {
    const { fromNs, toNs } = motion.target;
    const cursor = state.cursorNs.value;
    return cursor !== undefined && cursor > fromNs && cursor < toNs ? cursor : (fromNs + toNs) / 2;
  };
  const press = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey || state.helpOpen.value) return;
    const target = event.target instanceof Element ? event.target : undefined;
    if (target !== undefined && target.closest('input, textarea, select, dialog') !== null) return;
    const own = target?.closest('[data-own-keys]')?.getAttribute('data-own-keys') ?? '';
    if (own.split(' ').includes(event.key)) return;
    const action = event.shiftKey ? shiftedActionOf(event.key) : actionOf(event.key);
    if (action === undefined) return;
    event.preventDefault();
    action();
  };
  let anchorNs: number | undefined;
  let measuring: ReturnType<typeof setTimeout> | undefined;
  /** Moves the far end of a range that starts at the cursor. */
  const extendRange = (share: number): void => {
    const { fromNs, toNs } = motion.target;
    const old = state.range.value;
    if (old === undefined || (anchorNs !== old.fromNs && anchorNs !== old.toNs)) anchorNs = middle();
    const anchor = anchorNs!;
    const far = old === undefined ? anchor : anchor === old.fromNs ? old.toNs : old.fromNs;
    const moved = far + (toNs - fromNs) * share;
    state.setRange({ fromNs: Math.min(anchor, moved), toNs: Math.max(anchor, moved) });
    clearTimeout(measuring);
    measuring = setTimeout(() => state.measureRange(), 150);
  };
  const shiftedActionOf = (key: string): (() => void) | undefined => {
    if (key === 'ArrowLeft') return () => extendRange(-0.05);
    if (key === 'ArrowRight') return () => extendRange(0.05);
    return actionOf(key);
  };
  const actionOf = (key: string): (() => void) | undefined => {
    switch (key) {
      case 'w':
      case 'W':
      case '+':
      case '=':
        return () => motion.zoomBy(0.72, middle());
      case 's':
      case 'S':
      case '-':
        return () => motion.zoomBy(1 / 0.72, middle());
      case 'a':
      case 'A':
      case 'ArrowLeft':
        return () => motion.panBy(-0.15);
      case 'd':
      case 'D':
      case 'ArrowRight':
        return () => motion.panBy(0.15);
      case 'ArrowUp':
        return () => targets.scrollLanes(-60);
      case 'ArrowDown':
        return () => targets.scrollLanes(60);
      case 'Home':
      case '0':
        return () => motion.to(state.whole.value);
      case 'f':
      case 'F':
        return () => zoomToSelection(state, motion);
      case '[':
        return () => targets.stepEvent(-1);
      case ']':
        return () => targets.stepEvent(1);
      case 'Escape':
        return () => state.setRange(undefined);
      case '/':
        return () => document.querySelector<HTMLInputElement>('[data-search="eventName"]')?.focus();
      case 't':
      case 'T':
        return () => (state.tablesShown.value = !state.tablesShown.value);
      case 'l':
      case 'L':
        return targets.toggleTheme;
      case '?':
        return () => (state.helpOpen.value = true);
      default:
        return undefined;
    }
  };
  addEventListener('keydown', press);
  return () => removeEventListener('keydown', press);
}
