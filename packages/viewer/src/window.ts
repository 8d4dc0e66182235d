/** The part of time that is in view; `fromNs < toNs`. */
export interface TimeWindow {
  readonly fromNs: number;
  readonly toNs: number;
}

/** Narrowest window: below it, neighbouring doubles of a long trace would be pixels apart. */
const leastNs = 20;

/** The whole of a trace, with a little air so that the last event is not on the edge. */
export function fit(firstNs: number, lastNs: number): TimeWindow {
  const air = Math.max(leastNs, (lastNs - firstNs) * 0.01);
  return { fromNs: firstNs - air, toNs: lastNs + air };
}

/** Keeps a window within the trace: never wider than `fit`, never away from it. */
export function clamp(window: TimeWindow, whole: TimeWindow): TimeWindow {
  const width = Math.min(Math.max(window.toNs - window.fromNs, leastNs), whole.toNs - whole.fromNs);
  const middle = (window.fromNs + window.toNs) / 2;
  const fromNs = Math.min(Math.max(middle - width / 2, whole.fromNs), whole.toNs - width);
  return { fromNs, toNs: fromNs + width };
}

/** Zooms by `factor` (above 1: out) about a point that keeps its place on the screen. */
export function zoom(window: TimeWindow, factor: number, aboutNs: number, whole: TimeWindow): TimeWindow {
  const width = window.toNs - window.fromNs;
  const wanted = Math.min(Math.max(width * factor, leastNs), whole.toNs - whole.fromNs);
  const share = (aboutNs - window.fromNs) / width;
  return clamp({ fromNs: aboutNs - wanted * share, toNs: aboutNs + wanted * (1 - share) }, whole);
}

/** Moves by a share of the window's width. */
export function pan(window: TimeWindow, share: number, whole: TimeWindow): TimeWindow {
  const by = (window.toNs - window.fromNs) * share;
  return clamp({ fromNs: window.fromNs + by, toNs: window.toNs + by }, whole);
}

/** Moves, without zooming, so that `timeNs` is well inside. */
export function reveal(window: TimeWindow, timeNs: number, whole: TimeWindow): TimeWindow {
  const width = window.toNs - window.fromNs;
  if (timeNs >= window.fromNs + width * 0.02 && timeNs <= window.toNs - width * 0.02) return window;
  return clamp({ fromNs: timeNs - width / 2, toNs: timeNs + width / 2 }, whole);
}
