import type { FieldNode } from '@spoor/server/protocol';
import type { JSX } from 'preact';
import type { Motion } from './motion.ts';
import { zoomToSelection } from './shortcuts.ts';
import { useViewer } from './state.ts';
import { formatCount, formatDuration, formatRate } from './time-text.ts';

/** Beside the table: the selected event, or statistics of the selected range. */
export function SidePanel({ motion }: { motion: Motion }): JSX.Element {
  const state = useViewer();
  const tab = (id: 'event' | 'range', title: string): JSX.Element => (
    <button
      type="button"
      role="tab"
      id={`tab-${id}`}
      aria-controls="side-content"
      aria-selected={state.panel.value === id}
      onClick={() => (state.panel.value = id)}
    >
      {title}
    </button>
  );
  return (
    <aside class="side" aria-label="Details">
      <div class="tabs" role="tablist">
        {tab('event', 'Event')}
        {tab('range', 'Selection')}
      </div>
      <div
        class="side-content"
        id="side-content"
        role="tabpanel"
        aria-labelledby={`tab-${state.panel.value}`}
        tabIndex={0}
        data-own-keys="ArrowUp ArrowDown"
      >
        {state.panel.value === 'event' ? <EventPanel motion={motion} /> : <RangePanel motion={motion} />}
      </div>
    </aside>
  );
}

function EventPanel({ motion }: { motion: Motion }): JSX.Element {
  const state = useViewer();
  const detail = state.detail.value;
  const summary = state.summary.value;
  if (detail === undefined || summary === undefined) {
    return <p class="hint">Click an event in the time line or in the table to see its fields.</p>;
  }
  const lane = summary.lanes[detail.lane];
  const process = lane === undefined ? undefined : summary.processes[lane.process];
  const type = summary.types[detail.type];
  const look = state.palette.value.ofType(detail.type);
  const { span } = detail;
  return (
    <div class="event-panel">
      <h2>
        <span class="glyph" style={{ color: look.colour }} aria-hidden="true">
          {look.glyph}
        </span>
        {type?.name}
      </h2>
      <dl class="facts">
        <dt>Time</dt>
        <dd>
          <span class="dim">{state.clock.value.date(detail.timeNs)}</span>{' '}
          {state.clock.value.time(detail.timeNs)}
        </dd>
        <dt>Since start</dt>
        <dd>{formatDuration(detail.timeNs - summary.firstNs)}</dd>
        <dt>Process</dt>
        <dd>
          {process?.name} <span class="dim">{process?.pid}</span>
        </dd>
        <dt>Thread</dt>
        <dd>
          {lane?.name} <span class="dim">{lane?.name === String(lane?.tid) ? '' : lane?.tid}</span>
        </dd>
        <dt>Number</dt>
        <dd>{formatCount(detail.event)}</dd>
        {detail.logLevel === undefined ? null : (
          <>
            <dt>Log level</dt>
            <dd>{detail.logLevel}</dd>
          </>
        )}
      </dl>
      {span === undefined ? null : (
        <section class="group">
          <h3>Span</h3>
          <dl class="facts">
            <dt>Name</dt>
            <dd>{span.hue === undefined ? span.name : span.label}</dd>
            <dt>Duration</dt>
            <dd>
              <strong>
                {span.endNs === undefined ? 'not ended' : formatDuration(span.endNs - span.startNs)}
              </strong>
            </dd>
          </dl>
          <p class="actions">
            <button type="button" onClick={() => zoomToSelection(state, motion)}>
              Zoom to span
            </button>
            {span.endEvent === undefined || span.endEvent === span.beginEvent ? null : (
              <button
                type="button"
                onClick={() =>
                  state.selectEvent(detail.event === span.endEvent ? span.beginEvent : span.endEvent!, {
                    scrollTable: true,
                  })
                }
              >
                Go to its {detail.event === span.endEvent ? 'begin' : 'end'}
              </button>
            )}
            <button
              type="button"
              onClick={() => {
                state.setRange({ fromNs: span.startNs, toNs: span.untilNs });
                state.measureRange();
              }}
            >
              Select its time
            </button>
          </p>
        </section>
      )}
      {detail.sections.map((section) => (
        <section class="group" key={section.title}>
          <h3>{section.title}</h3>
          <Fields fields={section.fields} />
        </section>
      ))}
    </div>
  );
}

function Fields({ fields }: { fields: readonly FieldNode[] }): JSX.Element {
  if (fields.length === 0) return <p class="hint">no fields</p>;
  return (
    <dl class="facts fields-list">
      {fields.map((field) => (
        <>
          <dt>{field.name}</dt>
          <dd>
            {field.members === undefined ? (
              <span class="value">{field.text}</span>
            ) : (
              <details open={field.members.length <= 16}>
                <summary>{field.text}</summary>
                <Fields fields={field.members} />
              </details>
            )}
          </dd>
        </>
      ))}
    </dl>
  );
}

function RangePanel({ motion }: { motion: Motion }): JSX.Element {
  const state = useViewer();
  const range = state.range.value;
  const summary = state.summary.value;
  const statistics = state.rangeStatistics.value;
  if (range === undefined || summary === undefined) {
    return (
      <p class="hint">Drag on the ruler, or hold Shift and drag over the lanes, to select a range of time.</p>
    );
  }
  const durationNs = range.toNs - range.fromNs;
  const palette = state.palette.value;
  const started = statistics?.spans.filter((span) => span.count + span.openCount > 0) ?? [];
  const most = Math.max(1, ...(statistics?.types.map((one) => one.count) ?? []));
  return (
    <div class="range-panel">
      <dl class="facts">
        <dt>From</dt>
        <dd>{state.clock.value.time(range.fromNs)}</dd>
        <dt>To</dt>
        <dd>{state.clock.value.time(range.toNs)}</dd>
        <dt>Duration</dt>
        <dd>
          <strong>{formatDuration(durationNs)}</strong>
        </dd>
        <dt>Events</dt>
        <dd data-range-count={statistics?.eventCount}>
          {statistics === undefined
            ? '…'
            : `${formatCount(statistics.eventCount)} (${formatRate(statistics.eventCount, durationNs)})`}
        </dd>
      </dl>
      <p class="actions">
        <button type="button" onClick={() => zoomToSelection(state, motion)}>
          Zoom to selection
        </button>
        <button type="button" onClick={() => state.setRange(undefined)}>
          Drop
        </button>
      </p>
      {started.length === 0 ? null : (
        <section class="group">
          <h3>Spans that start here</h3>
          <table class="figures">
            <thead>
              <tr>
                <th scope="col">Name</th>
                <th scope="col">Count</th>
                <th scope="col">Median</th>
                <th scope="col" class="optional">
                  95 %
                </th>
                <th scope="col">Longest</th>
              </tr>
            </thead>
            <tbody>
              {started.map((span) => (
                <tr key={span.name}>
                  <th scope="row">
                    <span
                      class="glyph"
                      style={{ color: palette.ofSpan(span.name).colour }}
                      aria-hidden="true"
                    >
                      {palette.ofSpan(span.name).glyph}
                    </span>
                    {span.name}
                  </th>
                  <td>
                    {formatCount(span.count)}
                    {span.openCount > 0 ? (
                      <span class="dim"> +{formatCount(span.openCount)} open</span>
                    ) : null}
                  </td>
                  <td>{span.count === 0 ? '–' : formatDuration(span.medianNs)}</td>
                  <td class="optional">{span.count === 0 ? '–' : formatDuration(span.p95Ns)}</td>
                  <td>{span.count === 0 ? '–' : formatDuration(span.maxNs)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      )}
      {statistics === undefined || statistics.types.length === 0 ? null : (
        <section class="group">
          <h3>Events by type</h3>
          <table class="figures">
            <thead>
              <tr>
                <th scope="col">Type</th>
                <th scope="col">Count</th>
                <th scope="col">Rate</th>
              </tr>
            </thead>
            <tbody>
              {statistics.types.map(({ type, count }) => {
                const look = palette.ofType(type);
                return (
                  <tr key={type} data-type={summary.types[type]?.name} data-count={count}>
                    <th
                      scope="row"
                      style={{
                        background: `linear-gradient(90deg, color-mix(in srgb, ${look.colour} 22%, transparent) ${(count / most) * 100}%, transparent 0)`,
                      }}
                    >
                      <span class="glyph" style={{ color: look.colour }} aria-hidden="true">
                        {look.glyph}
                      </span>
                      {summary.types[type]?.name}
                    </th>
                    <td>{formatCount(count)}</td>
                    <td>{formatRate(count, durationNs)}</td>
                  </tr>
                );
              })}
            </tbody>
          </table>
        </section>
      )}
    </div>
  );
}
