// The pictures as tables, for those who cannot see them: read out always, shown to all on demand.
import { effect } from '@preact/signals';
import { bin } from '@spoor/store';
import type { JSX } from 'preact';
import { levelFor, tilesOver } from './lane-raster.ts';
import type { LanesView } from './lanes-view.ts';
import type { OverviewCounts } from './overview.tsx';
import { useViewer } from './state.ts';
import { formatCount, formatDuration } from './time-text.ts';
import { useEffect, useState } from 'preact/hooks';

/** The overview in ten equal parts. */
export function OverviewTable({ counts }: { counts: OverviewCounts | undefined }): JSX.Element | null {
  const state = useViewer();
  const summary = state.summary.value;
  if (counts === undefined || summary === undefined) return null;
  const { bins, window } = counts;
  const parts = Array.from({ length: 10 }, () => 0);
  for (let i = 0; i < counts.counts.length; i++) {
    parts[Math.min(9, Math.floor(((i % bins) / bins) * 10))]! += counts.counts[i]!;
  }
  const widthNs = (window.toNs - window.fromNs) / 10;
  return (
    <table class={state.tablesShown.value ? 'twin' : 'twin visually-hidden'}>
      <caption>Events over the whole trace, in tenths of {formatDuration(widthNs)}</caption>
      <thead>
        <tr>
          {parts.map((_, i) => (
            <th key={i} scope="col">
              {state.clock.value.time(window.fromNs + i * widthNs).slice(0, 12)}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        <tr>
          {parts.map((count, i) => (
            <td key={i}>{formatCount(count)}</td>
          ))}
        </tr>
      </tbody>
    </table>
  );
}

/** What each visible lane holds of the window in view; brought up to date when the view holds still. */
export function LanesTable({ view }: { view: LanesView | undefined }): JSX.Element | null {
  const state = useViewer();
  const [settled, settle] = useState(0);
  // Everything is only peeked at below: this must not be made anew in every frame of a movement.
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const stop = effect(() => {
      void state.window.value;
      void state.layout.value;
      void state.scrolled.value;
      clearTimeout(timer);
      timer = setTimeout(() => settle((count) => count + 1), 400);
    });
    return () => {
      clearTimeout(timer);
      stop();
    };
  }, [state]);
  const summary = state.summary.peek();
  if (view === undefined || summary === undefined || settled === 0) return null;
  const window = state.window.peek();
  const level = levelFor((window.toNs - window.fromNs) / view.widthPx / devicePixelRatio);
  const widthNs = 2 ** level;
  const { labels } = state.layout.peek();
  const lines = view.visibleRows().map((row) => {
    let count = 0;
    let busyNs = 0;
    let full = false;
    const spans = row.key.kind === 'depth' || row.key.kind === 'track';
    for (const { index } of tilesOver(window, level)) {
      const words = view.tiles.find(level, index, row.name);
      words?.forEach((word, i) => {
        const at = (index * words.length + i) * widthNs;
        if (at < window.fromNs || at >= window.toNs) return;
        const one = spans ? bin.startsOf(word) : bin.countOf(word);
        count += one;
        full ||= one === (spans ? 255 : 65_535);
        if (spans) busyNs += (bin.shareOf(word) / 255) * widthNs;
      });
    }
    const label = labels.findLast((one) => one.topPx <= row.topPx);
    const lane = row.lane === undefined ? undefined : summary.lanes[row.lane];
    const process = lane === undefined ? undefined : summary.processes[lane.process];
    const place = [process?.name, lane?.name].filter(Boolean).join(', ');
    const depth = row.key.kind === 'depth' ? ` (row ${row.key.depth + 1})` : '';
    return { name: row.name, place, text: `${label?.text ?? ''}${depth}`, spans, count, full, busyNs };
  });
  return (
    <table class={state.tablesShown.value ? 'twin' : 'twin visually-hidden'} data-lanes-table>
      <caption>
        Lanes from {state.clock.value.time(window.fromNs)} to {state.clock.value.time(window.toNs)}
      </caption>
      <thead>
        <tr>
          <th scope="col">Where</th>
          <th scope="col">Lane</th>
          <th scope="col">Events or spans</th>
          <th scope="col">Busy</th>
        </tr>
      </thead>
      <tbody>
        {lines.map((line) => (
          <tr key={line.name}>
            <td>{line.place}</td>
            <th scope="row">{line.text}</th>
            <td>{`${line.full ? '≥ ' : ''}${formatCount(line.count)}`}</td>
            <td>
              {line.spans ? `${((line.busyNs / (window.toNs - window.fromNs)) * 100).toFixed(1)} %` : ''}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
