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
