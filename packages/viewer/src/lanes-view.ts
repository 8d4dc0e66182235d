// The time line's canvases and what the pointer does on them. The lower canvas holds the lanes' pixels, the upper one
// all that is text or lines; both are drawn anew in the frame after anything changed.
import { effect, untracked } from '@preact/signals';
import type { Marks } from '@spoor/server/protocol';
import { api } from './api.ts';
import { takeFocusAway } from './canvas.ts';
import { drawOverlay } from './lane-overlay.ts';
import { LaneRaster, levelFor, tilesOver } from './lane-raster.ts';
import type { Motion } from './motion.ts';
import { rowAt, type LaneRow } from './rows.ts';
import { zoomToSelection } from './shortcuts.ts';
import type { ViewerState } from './state.ts';
import { TileCache } from './tile-cache.ts';
import { pan, type TimeWindow } from './window.ts';

/** Pointer travel under which a press is a click. */
const clickPx = 4;
/** How near the pointer must be to an event to pick it. */
const tolerancePx = 5;

/** Elements that the time line lives in. */
export interface LanesElements {
  readonly scroller: HTMLElement;
  readonly pixels: HTMLCanvasElement;
  readonly overlay: HTMLCanvasElement;
}

/** See the head of this file. Made when its elements are on the page; `dispose` lets go of them. */
export class LanesView {
  readonly tiles: TileCache;
  readonly #state: ViewerState;
  readonly #motion: Motion;
  readonly #elements: LanesElements;
  readonly #raster: LaneRaster;
  readonly #pixels: CanvasRenderingContext2D;
  readonly #overlay: CanvasRenderingContext2D;
  /** Holds the raster, one pixel row a lane. */
  readonly #strip: CanvasRenderingContext2D;
  readonly #stops: (() => void)[] = [];
  #image = new ImageData(1, 1);
  #widthPx = 1;
  #heightPx = 1;
  #ratio = 1;
  #frame = 0;
  #marks: Marks | undefined;
  #marksRequest: AbortController | undefined;
  #marksTimer: ReturnType<typeof setTimeout> | undefined;
  #pickRequest: AbortController | undefined;
  #hoverNs: number | undefined;
  #drag: Drag | undefined;

  constructor(state: ViewerState, motion: Motion, elements: LanesElements) {
    this.#state = state;
    this.#motion = motion;
    this.#elements = elements;
    this.tiles = new TileCache(api.tiles, () => this.#redraw());
    this.#raster = new LaneRaster((level, index, row) => this.tiles.find(level, index, row));
    // Without a GPU a canvas that the browser keeps in CPU memory is drawn some tens of times faster.
    this.#pixels = elements.pixels.getContext('2d', { alpha: false, willReadFrequently: true })!;
    this.#overlay = elements.overlay.getContext('2d', { willReadFrequently: true })!;
    this.#strip = document
      .createElement('canvas')
      .getContext('2d', { alpha: false, willReadFrequently: true })!;

    const resized = new ResizeObserver(() => this.#resize());
    resized.observe(elements.scroller);
    this.#stops.push(() => resized.disconnect());
    this.#stops.push(
      effect(() => {
        void state.window.value;
        void state.layout.value;
        void state.palette.value;
        void state.cursorNs.value;
        void state.range.value;
        void state.selectedEvent.value;
        void state.detail.value;
        this.tiles.revision = state.summary.value?.revision ?? 0;
        untracked(() => this.#redraw());
      }),
      effect(() => {
        void state.window.value;
        void state.layout.value;
        void state.summary.value;
        untracked(() => this.#wantMarks());
      }),
    );
    this.#listen();
    this.#resize();
  }

  dispose(): void {
    cancelAnimationFrame(this.#frame);
    clearTimeout(this.#marksTimer);
    this.#marksRequest?.abort();
    this.#pickRequest?.abort();
    for (const stop of this.#stops) stop();
  }

  /** Width of the picture in CSS pixels. */
  get widthPx(): number {
    return this.#widthPx;
  }

  timeAt(xPx: number): number {
    const { fromNs, toNs } = this.#state.window.value;
    return fromNs + ((toNs - fromNs) * xPx) / this.#widthPx;
  }

  /** The rows that are on the screen. */
  visibleRows(): readonly LaneRow[] {
    const { rows } = this.#state.layout.value;
    const top = this.#elements.scroller.scrollTop;
    return rows.filter((row) => row.topPx + row.heightPx > top && row.topPx < top + this.#heightPx);
  }

  #resize(): void {
    const { scroller, pixels, overlay } = this.#elements;
    // Ruler and overview leave the scrollbar's width free, so that one time is at one place in all three.
    const gutterPx = scroller.offsetWidth - scroller.clientWidth;
    document.documentElement.style.setProperty('--lanes-gutter', `${gutterPx}px`);
    const box = overlay.parentElement!.getBoundingClientRect();
    this.#widthPx = Math.max(1, Math.round(box.width));
    this.#heightPx = Math.max(1, scroller.clientHeight);
    this.#ratio = devicePixelRatio;
    for (const canvas of [pixels, overlay]) {
      canvas.width = Math.round(this.#widthPx * this.#ratio);
      canvas.height = Math.round(this.#heightPx * this.#ratio);
      canvas.style.width = `${this.#widthPx}px`;
      canvas.style.height = `${this.#heightPx}px`;
    }
    this.#tellScroll();
    this.#redraw();
    this.#wantMarks();
  }

  #tellScroll(): void {
    this.#state.scrolled.value = { topPx: this.#elements.scroller.scrollTop, heightPx: this.#heightPx };
  }

  #redraw(): void {
    if (this.#frame === 0) this.#frame = requestAnimationFrame(() => this.#draw());
  }

  #draw(): void {
    this.#frame = 0;
    const state = this.#state;
    const summary = state.summary.value;
    if (summary === undefined) return;
    const began = performance.now();
    const rows = this.visibleRows();
    const window = state.window.value;
    const whole = state.whole.value;
    const width = this.#elements.pixels.width;
    this.#wantTiles(rows, window, width);

    if (this.#image.width !== width || this.#image.height < rows.length) {
      this.#image = new ImageData(width, Math.max(1, rows.length));
      this.#strip.canvas.width = width;
      this.#strip.canvas.height = this.#image.height;
    }
    const pixels = new Uint32Array(this.#image.data.buffer);
    const used = pixels.subarray(0, rows.length * width);
    const palette = state.palette.value;
    this.#raster.draw(
      used,
      width,
      rows,
      window,
      whole,
      palette,
      (track) => summary.tracks[track]?.name ?? '',
    );
    this.#strip.putImageData(this.#image, 0, 0);
    this.#pixels.fillStyle = palette.background;
    this.#pixels.fillRect(0, 0, width, this.#elements.pixels.height);
    this.#pixels.imageSmoothingEnabled = false;
    const top = this.#elements.scroller.scrollTop;
    rows.forEach((row, i) => {
      const y = Math.round((row.topPx - top) * this.#ratio);
      const height = Math.max(1, Math.round(row.heightPx * this.#ratio));
      this.#pixels.drawImage(this.#strip.canvas, 0, i, width, 1, 0, y, width, height);
    });

    this.#overlay.setTransform(this.#ratio, 0, 0, this.#ratio, 0, 0);
    drawOverlay(this.#overlay, {
      widthPx: this.#widthPx,
      heightPx: this.#heightPx,
      scrollPx: top,
      window,
      layout: state.layout.value,
      summary,
      marks: this.#marks,
      palette,
      cursorNs: state.cursorNs.value,
      hoverNs: this.#hoverNs,
      range: state.range.value,
      selectedEvent: state.selectedEvent.value,
    });
    performance.measure('spoor:lanes', { start: began, end: performance.now() });
    if (
      rows.length > 0 &&
      this.tiles.pendingCount === 0 &&
      performance.getEntriesByName('spoor:painted').length === 0
    ) {
      performance.mark('spoor:painted');
    }
    // Only the newest measures are of use; without this the browser keeps all.
    if (performance.getEntriesByName('spoor:lanes').length > 2000) performance.clearMeasures('spoor:lanes');
  }

  #wantTiles(rows: readonly LaneRow[], window: TimeWindow, width: number): void {
    const whole = this.#state.whole.value;
    const level = levelFor((window.toNs - window.fromNs) / width);
    const coarse = levelFor(((whole.toNs - whole.fromNs) / width) * 2);
    // The coarse tiles of the whole trace stand in wherever finer ones are still to come.
    const wanted = [...tilesOver(window, level), ...(coarse > level ? tilesOver(whole, coarse) : [])];
    this.tiles.want(
      wanted,
      rows.map((row) => row.name),
    );
  }

  /** Labels are asked for when the view has held still for a moment. */
  #wantMarks(): void {
    clearTimeout(this.#marksTimer);
    this.#marksTimer = setTimeout(() => {
      this.#marksRequest?.abort();
      const stop = new AbortController();
      this.#marksRequest = stop;
      const rows = this.visibleRows()
        .filter((row) => row.key.kind !== 'process' && row.heightPx >= 12)
        .map((row) => row.name);
      if (rows.length === 0) return;
      const { fromNs, toNs } = this.#state.window.value;
      api
        .marks(rows, fromNs, toNs, ((toNs - fromNs) / this.#widthPx) * 26, stop.signal)
        .then((marks) => {
          this.#marks = marks;
          this.#redraw();
        })
        .catch((error: unknown) => this.#state.report(error));
    }, 60);
  }

  #listen(): void {
    const { scroller, overlay } = this.#elements;
    const on = <K extends keyof HTMLElementEventMap>(
      element: HTMLElement,
      name: K,
      listener: (event: HTMLElementEventMap[K]) => void,
      options?: AddEventListenerOptions,
    ): void => {
      element.addEventListener(name, listener, options);
      this.#stops.push(() => element.removeEventListener(name, listener, options));
    };
    on(scroller, 'scroll', () => {
      this.#tellScroll();
      this.#redraw();
      this.#wantMarks();
    });
    on(overlay, 'wheel', (event) => this.wheel(event), { passive: false });
    on(overlay, 'mousedown', takeFocusAway);
    on(overlay, 'pointerdown', (event) => this.#press(event));
    on(overlay, 'pointermove', (event) => this.#move(event));
    on(overlay, 'pointerup', (event) => this.#release(event));
    on(overlay, 'pointercancel', () => (this.#drag = undefined));
    on(overlay, 'pointerleave', () => this.#leave());
    on(overlay, 'dblclick', () => zoomToSelection(this.#state, this.#motion));
  }

  /** Ctrl zooms at the pointer, Shift or a sideways wheel moves in time, a plain wheel scrolls the lanes. */
  wheel(event: WheelEvent): void {
    const lineFactor = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1;
    if (event.ctrlKey || event.metaKey) {
      event.preventDefault();
      this.#motion.zoomBy(Math.exp(event.deltaY * lineFactor * 0.0022), this.timeAt(event.offsetX));
      return;
    }
    const sideways = event.shiftKey && event.deltaX === 0 ? event.deltaY : event.deltaX;
    if (Math.abs(sideways) > Math.abs(event.deltaY) || event.shiftKey) {
      event.preventDefault();
      this.#motion.panBy((sideways * lineFactor) / this.#widthPx);
    }
  }

  #press(event: PointerEvent): void {
    if (event.button !== 0) return;
    this.#motion.stop();
    this.#elements.overlay.setPointerCapture(event.pointerId);
    this.#drag = {
      kind: event.shiftKey ? 'select' : 'pan',
      startX: event.offsetX,
      startNs: this.timeAt(event.offsetX),
      window: this.#state.window.value,
      moved: false,
    };
    this.#state.hover.value = undefined;
  }

  #move(event: PointerEvent): void {
    const drag = this.#drag;
    if (drag === undefined) {
      this.#hover(event.offsetX, event.offsetY);
      return;
    }
    if (Math.abs(event.offsetX - drag.startX) > clickPx) drag.moved = true;
    if (!drag.moved) return;
    if (drag.kind === 'select') {
      const now = this.timeAt(Math.max(0, Math.min(this.#widthPx, event.offsetX)));
      this.#state.setRange({ fromNs: Math.min(drag.startNs, now), toNs: Math.max(drag.startNs, now) });
    } else {
      const share = (drag.startX - event.offsetX) / this.#widthPx;
      this.#state.show(pan(drag.window, share, this.#state.whole.value));
    }
  }

  #release(event: PointerEvent): void {
    const drag = this.#drag;
    this.#drag = undefined;
    if (drag === undefined) return;
    if (drag.moved) {
      if (drag.kind === 'select') this.#state.measureRange();
      return;
    }
    if (drag.kind === 'pan') this.#select(event.offsetX, event.offsetY);
  }

  #leave(): void {
    this.#pickRequest?.abort();
    this.#hoverNs = undefined;
    this.#state.hover.value = undefined;
    this.#redraw();
  }

  #rowUnder(yPx: number): LaneRow | undefined {
    const { layout } = this.#state;
    return layout.value.rows[rowAt(layout.value, yPx + this.#elements.scroller.scrollTop)];
  }

  #hover(xPx: number, yPx: number): void {
    this.#hoverNs = this.timeAt(xPx);
    this.#redraw();
    this.#pickRequest?.abort();
    const row = this.#rowUnder(yPx);
    const place = { xPx, yPx, timeNs: this.#hoverNs };
    if (row === undefined || row.key.kind === 'process') {
      this.#state.hover.value = { ...place, span: undefined, event: undefined };
      return;
    }
    const shown = this.#state.hover.value;
    if (shown !== undefined) this.#state.hover.value = { ...shown, ...place };
    const stop = new AbortController();
    this.#pickRequest = stop;
    api
      .pick(row.name, place.timeNs, this.#tolerance(), stop.signal)
      .then((pick) => {
        this.#state.hover.value = { ...place, span: pick.span, event: pick.event };
      })
      .catch((error: unknown) => this.#state.report(error));
  }

  #select(xPx: number, yPx: number): void {
    const row = this.#rowUnder(yPx);
    const timeNs = this.timeAt(xPx);
    if (row === undefined) {
      this.#state.setCursor(timeNs);
      return;
    }
    api
      .pick(row.name, timeNs, this.#tolerance())
      .then(({ event }) => {
        if (event === undefined) this.#state.setCursor(timeNs);
        else this.#state.selectEvent(event.event, { scrollTable: true, timeNs: event.timeNs });
      })
      .catch((error: unknown) => this.#state.report(error));
  }

  #tolerance(): number {
    const { fromNs, toNs } = this.#state.window.value;
    return ((toNs - fromNs) / this.#widthPx) * tolerancePx;
  }
}

interface Drag {
  readonly kind: 'pan' | 'select';
  readonly startX: number;
  readonly startNs: number;
  readonly window: TimeWindow;
  moved: boolean;
}
