import type { JSX } from 'preact';
import { formatDuration } from './time-text.ts';
import { useViewer } from './state.ts';

/** What the pointer is over, beside it. */
export function HoverCard(): JSX.Element | null {
  const state = useViewer();
  const hover = state.hover.value;
  const summary = state.summary.value;
  if (hover === undefined || summary === undefined) return null;
  const { span, event } = hover;
  if (span === undefined && event === undefined) return null;
  const palette = state.palette.value;
  const name = span?.name ?? summary.types[event!.type]?.name ?? '';
  const look =
    span === undefined ? palette.ofSpan(summary.types[event!.type]?.spanName ?? '') : palette.of(span);
  const box = document.querySelector('.lanes-canvases')?.getBoundingClientRect();
  const left = hover.xPx > (box?.width ?? 0) - 340;
  const above = hover.yPx > (document.querySelector('.lanes-scroller')?.clientHeight ?? 0) - 190;
  const style = {
    [left ? 'right' : 'left']: `${left ? (box?.width ?? 0) - hover.xPx + 14 : hover.xPx + 14}px`,
    [above ? 'bottom' : 'top']: above
      ? `${(document.querySelector('.lanes-scroller')?.clientHeight ?? 0) - hover.yPx + 10}px`
      : `${hover.yPx + 14}px`,
  };
  const payload = event?.sections.find((section) => section.title === 'Payload')?.fields ?? [];
  return (
    <div class="hover-card" style={style} aria-hidden="true">
      <div class="hover-title">
        <span class="glyph" style={{ color: look.colour }}>
          {look.glyph}
        </span>
        {name}
      </div>
      {span !== undefined && span.label !== '' ? <div class="hover-label">{span.label}</div> : null}
      <dl>
        {span === undefined ? null : (
          <>
            <dt>duration</dt>
            <dd>{span.endNs === undefined ? 'not ended' : formatDuration(span.endNs - span.startNs)}</dd>
          </>
        )}
        <dt>{span === undefined ? 'time' : 'start'}</dt>
        <dd>{state.clock.value.time(span?.startNs ?? event!.timeNs)}</dd>
        {payload.slice(0, 6).map((field) => (
          <>
            <dt>{field.name}</dt>
            <dd>{field.text.length > 60 ? `${field.text.slice(0, 59)}…` : field.text}</dd>
          </>
        ))}
      </dl>
    </div>
  );
}
