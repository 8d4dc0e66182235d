import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

const least = 15;
const most = 85;

/** The bar between time line and table; dragged, or moved by the arrow keys. */
export function Splitter(): JSX.Element {
  const share = useSignal(Number(localStorage.getItem('spoor.split') ?? '60'));
  const bar = useRef<HTMLDivElement>(null);
  const dragging = useRef(false);
  useEffect(() => {
    const clamped = Math.min(most, Math.max(least, share.value));
    bar.current?.parentElement?.style.setProperty('--timeline-share', `${clamped}%`);
    localStorage.setItem('spoor.split', String(clamped));
  }, [share.value]);
  return (
    <div
      ref={bar}
      class="splitter"
      role="separator"
      aria-orientation="horizontal"
      aria-label="Height of the time line"
      aria-valuemin={least}
      aria-valuemax={most}
      aria-valuenow={Math.round(share.value)}
      tabIndex={0}
      data-own-keys="ArrowUp ArrowDown"
      onKeyDown={(event) => {
        const by = { ArrowUp: -4, ArrowDown: 4 }[event.key];
        if (by === undefined) return;
        event.preventDefault();
        share.value = Math.min(most, Math.max(least, share.value + by));
      }}
      onPointerDown={(event) => {
        dragging.current = true;
        event.currentTarget.setPointerCapture(event.pointerId);
      }}
      onPointerMove={(event) => {
        if (!dragging.current) return;
        const box = event.currentTarget.parentElement!.getBoundingClientRect();
        share.value = Math.min(most, Math.max(least, ((event.clientY - box.top) / box.height) * 100));
      }}
      onPointerUp={() => (dragging.current = false)}
    />
  );
}
