/** Keeps a canvas as large as its box, in device pixels, and calls `draw` when that changes; returns how to stop. */
export function fitCanvas(canvas: HTMLCanvasElement, draw: () => void): () => void {
  const fit = (): void => {
    const box = canvas.parentElement!.getBoundingClientRect();
    canvas.width = Math.max(1, Math.round(box.width * devicePixelRatio));
    canvas.height = Math.max(1, Math.round(box.height * devicePixelRatio));
    canvas.style.width = `${box.width}px`;
    canvas.style.height = `${box.height}px`;
    draw();
  };
  const observer = new ResizeObserver(fit);
  observer.observe(canvas.parentElement!);
  fit();
  return () => observer.disconnect();
}

/**
 * For a press on a canvas: keys go to the page and no longer to the box that had the focus, and the canvas, which
 * the pointer shows well enough, gets no ring.
 */
export function takeFocusAway(event: MouseEvent): void {
  event.preventDefault();
  if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
}
