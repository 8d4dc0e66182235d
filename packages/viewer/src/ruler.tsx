import { effect } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { fitCanvas, takeFocusAway } from './canvas.ts';
import type { Motion } from './motion.ts';
import { useViewer, type ViewerState } from './state.ts';
import { axisOf, formatDuration } from './time-text.ts';

/** The axis above the lanes. Dragging on it marks a range; the wheel zooms. */
export function Ruler({ motion }: { motion: Motion }): JSX.Element {
  const state = useViewer();
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const element = canvas.current!;
    const context = element.getContext('2d', { willReadFrequently: true })!;
    const draw = (): void => drawRuler(context, element, state);
    const stopFitting = fitCanvas(element, draw);
    const stopDrawing = effect(draw);
    const wheel = (event: WheelEvent): void => {
      event.preventDefault();
      motion.zoomBy(Math.exp(event.deltaY * 0.0022), timeAt(event.offsetX));
    };
    element.addEventListener('wheel', wheel, { passive: false });
    return () => {
      stopFitting();
      stopDrawing();
      element.removeEventListener('wheel', wheel);
    };
  }, []);
  const timeAt = (xPx: number): number => {
    const { fromNs, toNs } = state.window.value;
    return fromNs + ((toNs - fromNs) * xPx) / Math.max(1, canvas.current!.clientWidth);
  };
  const anchor = useRef<number | undefined>(undefined);
  const move = (event: PointerEvent): void => {
    if (anchor.current === undefined) return;
    const now = timeAt(Math.max(0, Math.min(canvas.current!.clientWidth, event.offsetX)));
    const [fromNs, toNs] = [Math.min(anchor.current, now), Math.max(anchor.current, now)];
    if (toNs > fromNs) state.setRange({ fromNs, toNs });
  };
  const summary = state.summary.value;
  const { fromNs, toNs } = state.window.value;
  return (
    <div class="ruler-row">
      <div class="ruler-corner" title="Time at the left edge, and how much time is in view">
        <span class="corner-time">
          {summary === undefined ? '' : state.clock.value.time(fromNs).slice(0, 15)}
        </span>
        <span class="corner-span">{summary === undefined ? '' : formatDuration(toNs - fromNs)}</span>
      </div>
      <div class="ruler">
        <canvas
          ref={canvas}
          aria-hidden="true"
          title="Drag to select a range; wheel to zoom"
          onMouseDown={takeFocusAway}
          onPointerDown={(event) => {
            if (event.button !== 0) return;
            canvas.current!.setPointerCapture(event.pointerId);
            state.setRange(undefined);
            anchor.current = timeAt(event.offsetX);
          }}
          onPointerMove={move}
          onPointerUp={() => {
            anchor.current = undefined;
            state.measureRange();
          }}
        />
      </div>
    </div>
  );
}

function drawRuler(context: CanvasRenderingContext2D, element: HTMLCanvasElement, state: ViewerState): void {
  const { fromNs, toNs } = state.window.value;
  const summary = state.summary.value;
  const palette = state.palette.value;
  const range = state.range.value;
  const cursorNs = state.cursorNs.value;
  if (summary === undefined) return;
  const dark = palette.theme === 'dark';
  const width = element.width / devicePixelRatio;
  const height = element.height / devicePixelRatio;
  context.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
  context.clearRect(0, 0, width, height);
  const pxPerNs = width / (toNs - fromNs);
  const xOf = (timeNs: number): number => (timeNs - fromNs) * pxPerNs;
  const ink = dark ? '#9fb0c8' : '#4a586b';
  const axis = axisOf(fromNs - summary.firstNs, 1 / pxPerNs, 110);
  context.font = '11px system-ui, sans-serif';
  context.textBaseline = 'middle';
  const minor = axis.stepNs / 5;
  context.fillStyle = dark ? '#3a4757' : '#c3ccd8';
  for (let k = Math.ceil((fromNs - summary.firstNs) / minor); k * minor + summary.firstNs < toNs; k++) {
    context.fillRect(Math.round(xOf(k * minor + summary.firstNs)), height - 4, 1, 4);
  }
  for (let at = axis.firstNs - axis.stepNs; at + summary.firstNs < toNs; at += axis.stepNs) {
    const x = Math.round(xOf(at + summary.firstNs));
    context.fillStyle = dark ? '#5c6b80' : '#93a1b3';
    context.fillRect(x, height - 9, 1, 9);
    context.fillStyle = ink;
    // A label that is cut at the left edge would be read as another number.
    if (x >= -3) context.fillText(axis.label(at), x + 4, height / 2 - 2);
  }
  if (range !== undefined) {
    const from = xOf(range.fromNs);
    const to = xOf(range.toNs);
    const accent = dark ? '#6aa5ff' : '#2f6fde';
    context.fillStyle = dark ? 'rgba(106,165,255,0.22)' : 'rgba(47,111,222,0.16)';
    context.fillRect(from, 0, to - from, height);
    const text = formatDuration(range.toNs - range.fromNs);
    const wide = context.measureText(text).width + 14;
    const left = Math.max(2, Math.min(width - wide - 2, (from + to - wide) / 2));
    context.fillStyle = accent;
    context.beginPath();
    context.roundRect(left, 3, wide, 17, 8);
    context.fill();
    context.fillStyle = dark ? '#0b0f14' : '#ffffff';
    context.fillText(text, left + 7, 12);
  }
  if (cursorNs !== undefined) {
    const x = Math.round(xOf(cursorNs));
    context.fillStyle = dark ? '#ffd166' : '#b3261e';
    context.beginPath();
    context.moveTo(x - 4, height - 8);
    context.lineTo(x + 5, height - 8);
    context.lineTo(x + 0.5, height);
    context.fill();
  }
}
