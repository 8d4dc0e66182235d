// What lies over the lanes' pixels: grid, labels of spans, signs of single events, losses, range, cursor.
import type { Marks, TraceSummary } from '@spoor/server/protocol';
import { inkOn, type Palette } from './palette.ts';
import type { LaneLayout } from './rows.ts';
import type { TimeRange } from './state.ts';
import { axisOf } from './time-text.ts';
import type { TimeWindow } from './window.ts';

/** All that a picture of the overlay depends on. Lengths are CSS pixels. */
export interface OverlayScene {
  readonly widthPx: number;
  readonly heightPx: number;
  readonly scrollPx: number;
  readonly window: TimeWindow;
  readonly layout: LaneLayout;
  readonly summary: TraceSummary;
  readonly marks: Marks | undefined;
  readonly palette: Palette;
  readonly cursorNs: number | undefined;
  readonly hoverNs: number | undefined;
  readonly range: TimeRange | undefined;
  readonly selectedEvent: number | undefined;
}

const labelFont = '11px system-ui, sans-serif';
/** Mean width of a character of `labelFont`, for cutting labels without measuring each. */
const characterPx = 6.1;

/** Paints a scene on a cleared canvas whose unit is the CSS pixel. */
export function drawOverlay(context: CanvasRenderingContext2D, scene: OverlayScene): void {
  const { widthPx, heightPx, window, palette, summary } = scene;
  const dark = palette.theme === 'dark';
  const pxPerNs = widthPx / (window.toNs - window.fromNs);
  const xOf = (timeNs: number): number => (timeNs - window.fromNs) * pxPerNs;
  context.clearRect(0, 0, widthPx, heightPx);

  const axis = axisOf(window.fromNs - summary.firstNs, 1 / pxPerNs, 110);
  context.fillStyle = dark ? 'rgba(255,255,255,0.05)' : 'rgba(20,30,45,0.06)';
  for (let at = axis.firstNs; at + summary.firstNs < window.toNs; at += axis.stepNs) {
    context.fillRect(Math.round(xOf(at + summary.firstNs)), 0, 1, heightPx);
  }

  drawRules(context, scene, dark);
  drawLosses(context, scene, xOf);
  drawSpanLabels(context, scene, xOf);
  drawPoints(context, scene, xOf);

  const { range } = scene;
  if (range !== undefined) {
    const from = xOf(range.fromNs);
    const to = xOf(range.toNs);
    context.fillStyle = dark ? 'rgba(106,165,255,0.16)' : 'rgba(47,111,222,0.12)';
    context.fillRect(from, 0, to - from, heightPx);
    context.fillStyle = dark ? '#6aa5ff' : '#2f6fde';
    context.fillRect(Math.round(from), 0, 1, heightPx);
    context.fillRect(Math.round(to), 0, 1, heightPx);
  }
  if (scene.hoverNs !== undefined) {
    context.fillStyle = dark ? 'rgba(255,255,255,0.25)' : 'rgba(20,30,45,0.25)';
    context.fillRect(Math.round(xOf(scene.hoverNs)), 0, 1, heightPx);
  }
  if (scene.cursorNs !== undefined) {
    context.fillStyle = dark ? '#ffd166' : '#b3261e';
    context.fillRect(Math.round(xOf(scene.cursorNs)), 0, 1, heightPx);
  }
}

function drawRules(context: CanvasRenderingContext2D, scene: OverlayScene, dark: boolean): void {
  context.fillStyle = dark ? 'rgba(255,255,255,0.09)' : 'rgba(20,30,45,0.11)';
  for (const label of scene.layout.labels) {
    const y = label.topPx - scene.scrollPx;
    if (y < -1 || y > scene.heightPx || label.level === 3) continue;
    context.fillRect(0, Math.round(y) - 1, scene.widthPx, 1);
  }
}

/** Lost events: hatched over the lane, so that an empty stretch is not taken for a quiet one. */
function drawLosses(
  context: CanvasRenderingContext2D,
  scene: OverlayScene,
  xOf: (timeNs: number) => number,
): void {
  const { summary, layout, scrollPx, heightPx, widthPx, palette } = scene;
  const colour = palette.theme === 'dark' ? '#ff7a7a' : '#d64545';
  const extents = new Map<number, { readonly top: number; bottom: number; drawnTo: number }>();
  for (const { lane, topPx, heightPx: rowPx } of layout.rows) {
    if (lane === undefined) continue;
    const extent = extents.get(lane);
    if (extent === undefined) {
      extents.set(lane, { top: topPx - scrollPx, bottom: topPx + rowPx - scrollPx, drawnTo: -Infinity });
    } else {
      extent.bottom = topPx + rowPx - scrollPx;
    }
  }
  for (const loss of summary.losses) {
    const extent = extents.get(loss.lane);
    if (extent === undefined || extent.bottom < 0 || extent.top > heightPx) continue;
    const start = Math.max(-2, xOf(loss.fromNs));
    const to = Math.min(widthPx + 2, Math.max(xOf(loss.toNs), start + 3));
    // Losses come in the order of time: what lies within pixels that are hatched already is not drawn again.
    const from = Math.max(start, extent.drawnTo);
    if (to < 0 || from > widthPx || to - from < 1) continue;
    extent.drawnTo = to;
    const { top, bottom } = extent;
    context.save();
    context.beginPath();
    context.rect(from, top, to - from, bottom - top);
    context.clip();
    context.globalAlpha = 0.14;
    context.fillStyle = colour;
    context.fillRect(from, top, to - from, bottom - top);
    context.globalAlpha = 0.55;
    context.strokeStyle = colour;
    context.lineWidth = 1;
    context.beginPath();
    const height = bottom - top;
    for (let x = Math.floor((from - height) / 8) * 8; x < to; x += 8) {
      context.moveTo(x, bottom);
      context.lineTo(x + height, top);
    }
    context.stroke();
    context.globalAlpha = 1;
    if (to - from > 70) {
      const text = loss.count === undefined ? 'events lost' : `${loss.count} lost`;
      context.font = labelFont;
      context.textBaseline = 'middle';
      const wide = context.measureText(text).width + 10;
      context.fillStyle = palette.background;
      context.fillRect(from + 4, top + 1, wide, 15);
      context.fillStyle = colour;
      context.fillText(text, from + 9, top + 9);
    }
    context.restore();
  }
}

function drawSpanLabels(
  context: CanvasRenderingContext2D,
  scene: OverlayScene,
  xOf: (timeNs: number) => number,
): void {
  const { layout, marks, palette, scrollPx, heightPx, widthPx, selectedEvent } = scene;
  if (marks === undefined) return;
  const rows = new Map(layout.rows.map((row) => [row.name, row]));
  context.font = labelFont;
  context.textBaseline = 'middle';
  for (const span of marks.spans) {
    const row = rows.get(span.row);
    if (row === undefined) continue;
    const y = row.topPx - scrollPx;
    if (y + row.heightPx < 0 || y > heightPx) continue;
    const left = Math.max(0, xOf(span.startNs));
    const right = Math.min(widthPx, xOf(span.untilNs));
    if (right - left < 3) continue;
    const chosen =
      selectedEvent !== undefined && (span.beginEvent === selectedEvent || span.endEvent === selectedEvent);
    if (chosen) {
      context.strokeStyle = palette.theme === 'dark' ? '#ffffff' : '#0b0f14';
      context.lineWidth = 1.5;
      context.strokeRect(left + 0.75, y + 0.75, right - left - 1.5, row.heightPx - 1.5);
    }
    const room = Math.floor((right - left - 8) / characterPx);
    if (row.heightPx < 12 || room < 2) continue;
    const full = span.label === '' ? span.name : span.label;
    const text = full.length <= room ? full : `${full.slice(0, room - 1)}…`;
    context.fillStyle = inkOn(palette.of(span).colour);
    context.fillText(text, left + 5, y + row.heightPx / 2 + 0.5);
  }
}

/** Single events where they are few enough: the glyph of their kind over the tick. */
function drawPoints(
  context: CanvasRenderingContext2D,
  scene: OverlayScene,
  xOf: (timeNs: number) => number,
): void {
  const { layout, marks, palette, scrollPx, heightPx, widthPx, selectedEvent } = scene;
  if (marks === undefined) return;
  const rows = new Map(layout.rows.map((row) => [row.name, row]));
  context.font = '10px system-ui, sans-serif';
  context.textAlign = 'center';
  context.textBaseline = 'middle';
  const lastX = new Map<string, number>();
  for (const point of marks.points) {
    const row = rows.get(point.row);
    if (row === undefined || row.key.kind === 'process') continue;
    const y = row.topPx - scrollPx;
    const x = xOf(point.timeNs);
    if (y + row.heightPx < 0 || y > heightPx || x < 0 || x > widthPx) continue;
    const chosen = point.event === selectedEvent;
    const before = lastX.get(point.row);
    if (!chosen && before !== undefined && x - before < 9) continue;
    lastX.set(point.row, x);
    const look = palette.ofType(point.type);
    if (chosen) {
      context.strokeStyle = palette.theme === 'dark' ? '#ffffff' : '#0b0f14';
      context.lineWidth = 1.5;
      context.beginPath();
      context.arc(x, y + row.heightPx / 2, 7, 0, 2 * Math.PI);
      context.stroke();
    }
    context.fillStyle = palette.background;
    context.beginPath();
    context.arc(x, y + row.heightPx / 2, 5.5, 0, 2 * Math.PI);
    context.fill();
    context.fillStyle = look.colour;
    context.fillText(look.glyph, x, y + row.heightPx / 2 + 0.5);
  }
  context.textAlign = 'start';
}
