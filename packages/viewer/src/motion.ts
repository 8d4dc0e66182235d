import type { ViewerState } from './state.ts';
import { clamp, pan, zoom, type TimeWindow } from './window.ts';

/** Moves the window in a few eased frames, so that the eye can follow; at once where motion is not wanted. */
export class Motion {
  readonly #state: ViewerState;
  readonly #still = matchMedia('(prefers-reduced-motion: reduce)');
  #target: TimeWindow | undefined;
  /** What the last step showed: another window means that something else moved it since. */
  #shown: TimeWindow | undefined;
  #frame = 0;

  constructor(state: ViewerState) {
    this.#state = state;
  }

  /** Where the window is, or is on its way to. */
  get target(): TimeWindow {
    this.#yield();
    return this.#target ?? this.#state.window.value;
  }

  to(window: TimeWindow): void {
    const target = clamp(window, this.#state.whole.value);
    if (this.#still.matches) {
      this.#state.show(target);
      return;
    }
    this.#target = target;
    this.#shown = this.#state.window.value;
    if (this.#frame === 0) this.#frame = requestAnimationFrame(() => this.#step());
  }

  zoomBy(factor: number, aboutNs: number): void {
    this.to(zoom(this.target, factor, aboutNs, this.#state.whole.value));
  }

  panBy(share: number): void {
    this.to(pan(this.target, share, this.#state.whole.value));
  }

  /** Ends a movement where it is: a person took hold of the picture. */
  stop(): void {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    this.#target = undefined;
  }

  #step(): void {
    this.#frame = 0;
    this.#yield();
    const target = this.#target;
    if (target === undefined) return;
    const now = this.#state.window.value;
    const width = target.toNs - target.fromNs;
    const near =
      Math.abs(target.fromNs - now.fromNs) < width * 0.002 &&
      Math.abs(target.toNs - now.toNs) < width * 0.002;
    if (near) {
      this.#target = undefined;
      this.#state.show(target);
      return;
    }
    const ease = 0.35;
    this.#state.show({
      fromNs: now.fromNs + (target.fromNs - now.fromNs) * ease,
      toNs: now.toNs + (target.toNs - now.toNs) * ease,
    });
    this.#shown = this.#state.window.value;
    this.#frame = requestAnimationFrame(() => this.#step());
  }

  /** Gives up a movement when an event was chosen elsewhere meanwhile and the window went there. */
  #yield(): void {
    if (this.#target !== undefined && this.#state.window.value !== this.#shown) this.#target = undefined;
  }
}
