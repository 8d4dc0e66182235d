import { effect, useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { api } from './api.ts';
import { fitCanvas, takeFocusAway } from './canvas.ts';
import type { Motion } from './motion.ts';
import type { Palette } from './palette.ts';
import { OverviewTable } from './picture-tables.tsx';
import { useViewer, type ViewerState } from './state.ts';
import { pan, type TimeWindow } from './window.ts';

/** Counts of events over the whole trace, by type. */
export interface OverviewCounts {
  readonly window: TimeWindow;
  readonly bins: number;
  readonly types: readonly number[];
  /** A plane of `bins` counts for each type, and one for the others. */
  readonly counts: Uint32Array;
}

type Grip = 'from' | 'to' | 'move' | 'new';

/** The density of the whole trace, with the window in view as a brush. */
export function Overview({ motion }: { motion: Motion }): JSX.Element {
  const state = useViewer();
  const canvas = useRef<HTMLCanvasElement>(null);
  const counts = useSignal<OverviewCounts | undefined>(undefined);
  const drag = useRef<{ grip: Grip; startX: number; window: TimeWindow } | undefined>(undefined);

  useEffect(() => {
    const element = canvas.current!;
    const context = element.getContext('2d', { willReadFrequently: true })!;
    const draw = (): void => drawOverview(context, element, state, counts.value);
    const stopFitting = fitCanvas(element, draw);
    const stopDrawing = effect(draw);
    let request: AbortController | undefined;
    const stopAsking = effect(() => {
      const summary = state.summary.value;
      if (summary === undefined || summary.eventCount === 0) return;
      const window = state.whole.value;
      const bins = Math.min(2000, Math.max(50, Math.round(element.clientWidth / 3)));
      request?.abort();
      request = new AbortController();
      api
        .histogram(window.fromNs, window.toNs, bins, request.signal)
        .then((words) => {
          const typeCount = words[1]!;
          const types = [...words.subarray(2, 2 + typeCount)];
          counts.value = { window, bins, types, counts: words.subarray(2 + typeCount) };
        })
        .catch((error: unknown) => state.report(error));
    });
    const wheel = (event: WheelEvent): void => {
      event.preventDefault();
      motion.zoomBy(Math.exp(event.deltaY * 0.0022), timeAt(event.offsetX));
    };
    element.addEventListener('wheel', wheel, { passive: false });
    return () => {
      stopFitting();
      stopDrawing();
      stopAsking();
      request?.abort();
      element.removeEventListener('wheel', wheel);
    };
  }, []);

  const timeAt = (xPx: number): number => {
    const { fromNs, toNs } = state.whole.value;
    return fromNs + ((toNs - fromNs) * xPx) / Math.max(1, canvas.current!.clientWidth);
  };
  const gripAt = (xPx: number): Grip => {
    const { fromNs, toNs } = state.whole.value;
    const view = state.window.value;
    const width = canvas.current!.clientWidth;
    const xOf = (timeNs: number): number => ((timeNs - fromNs) / (toNs - fromNs)) * width;
    const [left, right] = [xOf(view.fromNs), xOf(view.toNs)];
    // Inside a narrow brush there must be room to take hold of its middle.
    const reach = Math.min(7, Math.max(2, (right - left) / 3));
    if (Math.abs(xPx - left) <= Math.max(reach, 4)) return 'from';
    if (Math.abs(xPx - right) <= Math.max(reach, 4)) return 'to';
    if (xPx < left || xPx > right) return 'new';
    return right - left > width * 0.98 ? 'new' : 'move';
  };
  const move = (event: PointerEvent): void => {
    const held = drag.current;
    if (held === undefined) {
      canvas.current!.style.cursor = { from: 'ew-resize', to: 'ew-resize', move: 'grab', new: 'crosshair' }[
        gripAt(event.offsetX)
      ];
      return;
    }
    const now = timeAt(event.offsetX);
    const least = (held.window.toNs - held.window.fromNs) * 1e-6;
    if (held.grip === 'from') {
      state.show({ fromNs: Math.min(now, held.window.toNs - least), toNs: held.window.toNs });
    } else if (held.grip === 'to') {
      state.show({ fromNs: held.window.fromNs, toNs: Math.max(now, held.window.fromNs + least) });
    } else if (held.grip === 'move') {
      const by = now - timeAt(held.startX);
      state.show(pan(held.window, by / (held.window.toNs - held.window.fromNs), state.whole.value));
    } else if (Math.abs(event.offsetX - held.startX) > 3) {
      const start = timeAt(held.startX);
      state.show({ fromNs: Math.min(start, now), toNs: Math.max(start, now) });
    }
  };
  const release = (event: PointerEvent): void => {
    const held = drag.current;
    drag.current = undefined;
    if (held?.grip !== 'new' || Math.abs(event.offsetX - held.startX) > 3) return;
    const at = timeAt(event.offsetX);
    const half = (held.window.toNs - held.window.fromNs) / 2;
    motion.to({ fromNs: at - half, toNs: at + half });
  };
  return (
    <section class="overview" aria-label="Overview">
      <div class="overview-corner">Overview</div>
      <div class="overview-picture">
        <canvas
          ref={canvas}
          tabIndex={0}
          role="img"
          aria-label="Density of events over the whole trace, with the part in view. Arrow keys move it, plus and minus zoom."
          onMouseDown={takeFocusAway}
          onPointerDown={(event) => {
            if (event.button !== 0) return;
            motion.stop();
            canvas.current!.setPointerCapture(event.pointerId);
            drag.current = { grip: gripAt(event.offsetX), startX: event.offsetX, window: state.window.value };
          }}
          onPointerMove={move}
          onPointerUp={release}
          onDblClick={() => motion.to(state.whole.value)}
        />
      </div>
      <OverviewTable counts={counts.value} />
    </section>
  );
}

function drawOverview(
  context: CanvasRenderingContext2D,
  element: HTMLCanvasElement,
  state: ViewerState,
  counts: OverviewCounts | undefined,
): void {
  const palette: Palette = state.palette.value;
  const whole = state.whole.value;
  const view = state.window.value;
  const range = state.range.value;
  const losses = state.summary.value?.losses ?? [];
  const dark = palette.theme === 'dark';
  const width = element.width / devicePixelRatio;
  const height = element.height / devicePixelRatio;
  context.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
  context.clearRect(0, 0, width, height);
  if (counts === undefined) return;
  const xOf = (timeNs: number): number => ((timeNs - whole.fromNs) / (whole.toNs - whole.fromNs)) * width;
  const { bins, types, counts: planes } = counts;
  const totals = new Float64Array(bins);
  for (let i = 0; i < planes.length; i++) totals[i % bins]! += planes[i]!;
  const most = Math.max(1, ...totals);
  const left = xOf(counts.window.fromNs);
  const step = (xOf(counts.window.toNs) - left) / bins;
  const floor = height - 1;
  // A square root lets quiet times be seen beside busy ones, and keeps the order of heights.
  const scale = (height - 6) / Math.sqrt(most);
  for (let b = 0; b < bins; b++) {
    const total = totals[b]!;
    if (total === 0) continue;
    const full = Math.max(2, Math.sqrt(total) * scale);
    const x = left + b * step;
    let y = floor;
    for (let plane = 0; plane <= types.length; plane++) {
      const count = planes[plane * bins + b]!;
      if (count === 0) continue;
      const part = (count / total) * full;
      context.fillStyle =
        plane < types.length ? palette.ofType(types[plane]!).colour : palette.neutral.colour;
      context.fillRect(x, y - part, Math.max(1, step - (step > 2.5 ? 0.5 : 0)), part);
      y -= part;
    }
  }
  for (const loss of losses) {
    context.fillStyle = dark ? '#ff7a7a' : '#d64545';
    context.fillRect(xOf(loss.fromNs), 0, Math.max(2, xOf(loss.toNs) - xOf(loss.fromNs)), 3);
  }
  if (range !== undefined) {
    context.fillStyle = dark ? 'rgba(106,165,255,0.25)' : 'rgba(47,111,222,0.2)';
    context.fillRect(xOf(range.fromNs), 0, Math.max(1, xOf(range.toNs) - xOf(range.fromNs)), height);
  }
  const from = xOf(view.fromNs);
  const to = Math.max(from + 2, xOf(view.toNs));
  context.fillStyle = dark ? 'rgba(9,12,17,0.66)' : 'rgba(235,239,244,0.78)';
  context.fillRect(0, 0, from, height);
  context.fillRect(to, 0, width - to, height);
  context.strokeStyle = dark ? '#6aa5ff' : '#2f6fde';
  context.lineWidth = 1;
  context.strokeRect(from + 0.5, 0.5, Math.max(1, to - from - 1), height - 1);
  context.fillStyle = dark ? '#6aa5ff' : '#2f6fde';
  for (const x of [from, to]) {
    context.beginPath();
    context.roundRect(Math.min(width - 5, Math.max(0, x - 2.5)), height / 2 - 9, 5, 18, 2.5);
    context.fill();
  }
}
