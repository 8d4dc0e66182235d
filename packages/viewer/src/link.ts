// The view in the address: everything after `#`, so that a link shows another person the same.
import { batch, effect } from '@preact/signals';
import { noPatterns, type ViewerState } from './state.ts';

function numbers(text: string | null): readonly number[] {
  return (text ?? '').split('_').filter(Boolean).map(Number);
}

/** Writes what is shown as the part of an address after `#`. */
function formatLink(state: ViewerState): string {
  const query = new URLSearchParams();
  const { fromNs, toNs } = state.window.value;
  query.set('t', `${Math.round(fromNs)}_${Math.round(toNs)}`);
  if (state.selectedEvent.value !== undefined) query.set('e', String(state.selectedEvent.value));
  else if (state.cursorNs.value !== undefined) query.set('c', String(Math.round(state.cursorNs.value)));
  const range = state.range.value;
  if (range !== undefined) query.set('r', `${Math.round(range.fromNs)}_${Math.round(range.toNs)}`);
  if (state.folded.value.size > 0) query.set('x', [...state.folded.value].join('_'));
  for (const [key, value] of Object.entries(state.patterns.value))
    if (value !== '') query.set(`q.${key}`, value);
  if (state.filtering.value) query.set('f', '1');
  return query.toString();
}

/** Shows what a link says; parts that it does not mention stay, parts that make no sense are left out. */
export function applyLink(state: ViewerState, link: string): void {
  const query = new URLSearchParams(link);
  batch(() => {
    const [fromNs, toNs] = numbers(query.get('t'));
    if (fromNs !== undefined && toNs !== undefined && fromNs < toNs) state.show({ fromNs, toNs });
    if (query.has('x')) state.folded.value = new Set((query.get('x') ?? '').split('_').filter(Boolean));
    const patterns = { ...noPatterns };
    for (const key of Object.keys(patterns) as (keyof typeof patterns)[]) {
      patterns[key] = query.get(`q.${key}`) ?? '';
    }
    state.patterns.value = patterns;
    state.filtering.value = query.get('f') === '1';
    const [rangeFrom, rangeTo] = numbers(query.get('r'));
    if (rangeFrom !== undefined && rangeTo !== undefined && rangeFrom < rangeTo) {
      state.setRange({ fromNs: rangeFrom, toNs: rangeTo });
      state.measureRange();
    }
    const [event] = numbers(query.get('e'));
    const [cursorNs] = numbers(query.get('c'));
    if (event !== undefined && Number.isInteger(event) && event >= 0) {
      state.selectEvent(event, { scrollTable: true });
    } else if (cursorNs !== undefined && Number.isFinite(cursorNs)) {
      state.setCursor(cursorNs);
    }
  });
}

/** Keeps the address in step with the view, and the view with an address that a person changes. */
export function followAddress(state: ViewerState): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let written = '';
  const stopWriting = effect(() => {
    // Reading all of it here subscribes to every part.
    const link = formatLink(state);
    clearTimeout(timer);
    timer = setTimeout(() => {
      written = `#${link}`;
      history.replaceState(undefined, '', written);
    }, 300);
  });
  const read = (): void => {
    if (location.hash !== written) applyLink(state, location.hash.slice(1));
  };
  addEventListener('hashchange', read);
  return () => {
    clearTimeout(timer);
    stopWriting();
    removeEventListener('hashchange', read);
  };
}
