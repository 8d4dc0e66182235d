import type {
  DurationFigures,
  RequestBreakdown,
  RequestData,
  RequestEndData,
  TraceSummary,
} from '@spoor/analysis';
import type { TraceFacts } from './facts.ts';
import { functionSection } from './function-section.ts';
import {
  bar,
  cut,
  painterFor,
  safeText,
  table,
  widthFor,
  type OutputStream,
  type Painter,
} from './layout.ts';
import { slowestCallSection, systemCallSection } from './system-call-section.ts';
import { countText, counted, durationText, shareText, sizeText } from '../units.ts';

/** How a report is to look. */
export interface ReportOptions {
  readonly paint: Painter;
  /** Columns of the terminal. */
  readonly width: number;
  /** Rows of the tables of event types and routes at most. */
  readonly rows?: number;
}

const indent = '  ';

/** The report of `spoor analyze` for people, lines without line ends. */
export function reportLines(summary: TraceSummary, facts: TraceFacts, options: ReportOptions): string[] {
  const sections = [
    traceSection(summary, facts, options),
    eventSection(summary, options),
    requestSection(summary, options),
    slowestSection(summary, facts, options),
    spanSection(summary, options),
    functionSection(summary, options),
    systemCallSection(summary, options),
    slowestCallSection(summary, options),
    gcSection(summary, facts, options),
    loopSection(summary, facts, options),
    lossSection(summary, facts, options),
  ];
  return sections
    .filter((lines) => lines.length > 0)
    .flatMap((lines, at) => (at === 0 ? lines : ['', ...lines]));
}

/** The report as it suits a stream: colours and width. */
export function reportText(
  summary: TraceSummary,
  facts: TraceFacts,
  stream: OutputStream,
  environment: Readonly<Record<string, string | undefined>>,
): string {
  const options = { paint: painterFor(stream, environment), width: widthFor(stream) };
  return `${reportLines(summary, facts, options).join('\n')}\n`;
}

/** What a thread is called: `main of shop.mjs 4711`, from the program's name where the trace has it. */
export function threadName(summary: TraceSummary, facts: TraceFacts, thread: number): string {
  const name = summary.threads.find((one) => one.thread === thread)?.name ?? '';
  const { process: processIndex = -1, tid = 0 } = facts.threads[thread] ?? {};
  const process = facts.processes[processIndex];
  const label = safeText(name) || (tid === 0 ? `thread ${thread}` : `thread ${tid}`);
  if (process === undefined) return label;
  const script = summary.threads.find(
    (one) => one.script !== '' && facts.threads[one.thread]?.process === processIndex,
  )?.script;
  const program = script === undefined ? process.name : script.slice(script.lastIndexOf('/') + 1);
  return `${label} of ${safeText(program)} ${process.pid}`;
}

/** How many processes and threads; of traces that are not of one process each, such as the kernel's, what they are. */
function originText({ threads }: TraceSummary, { processes }: TraceFacts): string {
  return processes.length > 0 && processes.every(({ pid }) => pid === 0)
    ? `${counted(processes.length, 'trace')}, ${counted(threads.length, 'stream')}`
    : `${counted(processes.length, 'process', 'processes')}, ${counted(threads.length, 'thread')}`;
}

function traceSection(summary: TraceSummary, facts: TraceFacts, { paint, width }: ReportOptions): string[] {
  const durationNs = summary.endNs - summary.beginNs;
  const began = new Date(Number((facts.baseNs + BigInt(Math.round(summary.beginNs))) / 1_000_000n));
  const when = summary.events === 0 || Number.isNaN(began.getTime()) ? '' : `, from ${dateText(began)}`;
  const rate =
    durationNs > 0 ? ` (${countText(Math.round(summary.events / (durationNs / 1e9)))} a second)` : '';
  const lost = lostEvents(facts);
  return [
    paint('title', 'Trace'),
    ...facts.paths.map((path) => indent + cut(safeText(path), width - 2)),
    `${indent}${counted(summary.events, 'event')}${rate}, ${sizeText(facts.sizeBytes)}, ` +
      (lost === 0 ? paint('good', 'none lost') : paint('bad', `${countText(lost)} lost`)),
    `${indent}${durationText(durationNs)}${when}; ${originText(summary, facts)}`,
  ];
}

function eventSection(summary: TraceSummary, { paint, width, rows = 12 }: ReportOptions): string[] {
  if (summary.events === 0) return [];
  const shown = summary.eventCounts.slice(0, rows);
  const rest = summary.eventCounts.slice(rows);
  const restCount = rest.reduce((sum, one) => sum + one.count, 0);
  const nameWidth = Math.min(34, Math.max(12, ...shown.map((one) => one.name.length)));
  const barWidth = width - 2 - nameWidth - 2 - 12 - 2 - 7 - 2;
  const greatest = shown[0]?.count ?? 1;
  const row = (name: string, count: number, bars: string): string =>
    `${indent}${cut(safeText(name), nameWidth).padEnd(nameWidth)}  ${countText(count).padStart(12)}  ` +
    `${shareText(count / summary.events).padStart(7)}  ${bars}`.trimEnd();
  return [
    paint('title', 'Events') + paint('dim', ` of ${counted(summary.eventCounts.length, 'type')}`),
    ...shown.map((one) => row(one.name, one.count, paint('accent', bar(one.count / greatest, barWidth)))),
    ...(rest.length === 0 ? [] : [paint('dim', row(counted(rest.length, 'other type'), restCount, ''))]),
  ];
}

const figureColumns = [
  { title: '', align: 'left' as const, limit: 36 },
  { title: 'count', align: 'right' as const },
  { title: 'median', align: 'right' as const },
  { title: '90 %', align: 'right' as const },
  { title: '99 %', align: 'right' as const },
  { title: 'longest', align: 'right' as const },
  { title: 'in all', align: 'right' as const },
];

function figureRow(name: string, figures: DurationFigures): string[] {
  return [
    safeText(name),
    countText(figures.count),
    durationText(figures.p50Ns),
    durationText(figures.p90Ns),
    durationText(figures.p99Ns),
    durationText(figures.maxNs),
    durationText(figures.totalNs),
  ];
}

function requestSection(summary: TraceSummary, { paint, rows = 12 }: ReportOptions): string[] {
  const { all, routes, failed, aborted, unfinished } = summary.requests;
  if (all.count === 0) return [];
  const troubles = [
    ...(failed === 0 ? [] : [`${countText(failed)} answered with a status from 500`]),
    ...(aborted === 0 ? [] : [`${countText(aborted)} aborted`]),
    ...(unfinished === 0 ? [] : [`${countText(unfinished)} unfinished`]),
  ];
  const shown = routes.slice(0, rows);
  const others = routes.length - shown.length;
  return [
    paint('title', 'HTTP requests served') +
      (troubles.length === 0 ? '' : `: ${paint('warn', troubles.join(', '))}`),
    ...table(
      figureColumns,
      [figureRow('all', all), ...shown.map((route) => figureRow(route.name, route))],
      paint,
    ).map((line) => indent + line),
    ...(others === 0 ? [] : [paint('dim', `${indent}${counted(others, 'other route')}`)]),
  ];
}

/** Parts of less than this share of a request are told of together. */
const smallShare = 0.01;

const partNames: Readonly<Record<string, string>> = {
  gc: 'garbage collection',
  others: 'busy with other requests',
  idle: 'waiting, no event tells for what',
  own: 'busy, no event tells with what',
};

function slowestSection(summary: TraceSummary, facts: TraceFacts, options: ReportOptions): string[] {
  const { slowest } = summary.requests;
  if (slowest.length === 0) return [];
  return [
    options.paint('title', 'Slowest requests') +
      options.paint('dim', ' of the slowest routes, and where their time went'),
    ...slowest.flatMap((one) => slowRequest(one, summary, facts, options)),
  ];
}

function slowRequest(
  one: RequestBreakdown,
  summary: TraceSummary,
  facts: TraceFacts,
  { paint, width }: ReportOptions,
): string[] {
  const { request, parts } = one;
  const { method, url } = request.beginData as RequestData;
  const { status, aborted } = request.endData as RequestEndData;
  const durationNs = request.endNs - request.beginNs;
  const answer = aborted
    ? paint('warn', 'aborted')
    : status >= 500
      ? paint('bad', String(status))
      : String(status);
  const at = placeText(request.beginNs - summary.beginNs);
  const where = `${threadName(summary, facts, request.thread)}, ${at}`;
  const shown = parts.filter((part) => part.durationNs >= durationNs * smallShare);
  const small = parts.filter((part) => part.durationNs < durationNs * smallShare);
  const row = (name: string, partNs: number): string =>
    `${indent}${indent}${cut(safeText(name), 34).padEnd(34)}  ${durationText(partNs).padStart(8)}  ` +
    `${shareText(partNs / durationNs).padStart(7)}  ${paint('accent', bar(partNs / durationNs, width - 61))}`;
  return [
    `${indent}${paint('title', durationText(durationNs).padStart(7))}  ${cut(safeText(`${method} ${url}`), width - 30)} → ${answer}`,
    paint('dim', `${indent}         ${cut(where, width - 12)}`),
    ...shown.map((part) => row(part.kind === 'span' ? part.name : partNames[part.kind]!, part.durationNs)),
    ...(small.length === 0
      ? []
      : [
          row(
            'the rest',
            small.reduce((sum, part) => sum + part.durationNs, 0),
          ),
        ]),
  ];
}

/** Where something began; what an event tells of afterwards may have begun before the first event. */
function placeText(sinceBeginNs: number): string {
  return sinceBeginNs < 0
    ? `${durationText(-sinceBeginNs)} before the first event`
    : `${durationText(sinceBeginNs)} into the trace`;
}

/** Spans that have a section of their own, or last as long as the thread. */
const toldElsewhere = new Set(['http_server:request', 'nodejs:gc', 'nodejs:thread']);

function spanSection(summary: TraceSummary, { paint, rows = 12 }: ReportOptions): string[] {
  const spans = summary.spans.filter((one) => !toldElsewhere.has(one.name));
  if (spans.length === 0) return [];
  const shown = spans.slice(0, rows);
  const others = spans.length - shown.length;
  return [
    paint('title', 'Other spans'),
    ...table(
      figureColumns,
      shown.map((one) => figureRow(one.name, one)),
      paint,
    ).map((line) => indent + line),
    ...(others === 0 ? [] : [paint('dim', `${indent}${counted(others, 'other kind')}`)]),
  ];
}

function gcSection(summary: TraceSummary, facts: TraceFacts, { paint }: ReportOptions): string[] {
  const { gc } = summary;
  if (gc.count === 0 || gc.longest === undefined) return [];
  const { longest } = gc;
  return [
    paint('title', 'Garbage collection'),
    `${indent}${counted(gc.count, 'pause')}, ${durationText(gc.totalNs)} in all, ` +
      `99 % within ${durationText(gc.p99Ns)}`,
    `${indent}longest ${durationText(gc.longestNs)} (${safeText(longest.kind)}) on ` +
      `${threadName(summary, facts, longest.thread)}, ${placeText(longest.beginNs - summary.beginNs)}`,
    ...table(
      [
        { title: 'kind', align: 'left' },
        { title: 'count', align: 'right' },
        { title: 'longest', align: 'right' },
        { title: 'in all', align: 'right' },
      ],
      gc.kinds.map((kind) => [
        safeText(kind.kind),
        countText(kind.count),
        durationText(kind.longestNs),
        durationText(kind.totalNs),
      ]),
      paint,
    ).map((line) => indent + line),
  ];
}

function loopSection(summary: TraceSummary, facts: TraceFacts, { paint }: ReportOptions): string[] {
  if (summary.loopDelays.length === 0) return [];
  return [
    paint('title', 'Event loops') + paint('dim', ', how late they were'),
    ...table(
      [
        { title: 'thread', align: 'left', limit: 44 },
        { title: 'longest', align: 'right' },
        { title: 'at', align: 'right' },
        { title: 'worst median', align: 'right' },
        { title: 'busy', align: 'right' },
      ],
      summary.loopDelays
        .slice(0, 8)
        .map((delay) => [
          threadName(summary, facts, delay.thread),
          durationText(delay.maxNs),
          durationText(delay.atNs - summary.beginNs),
          durationText(delay.worstP50Ns),
          shareText(delay.utilization),
        ]),
      paint,
    ).map((line) => indent + line),
  ];
}

function lossSection(summary: TraceSummary, facts: TraceFacts, { paint }: ReportOptions): string[] {
  const lines: string[] = [];
  const { unmatched } = summary;
  for (const loss of facts.losses) {
    const what = [
      ...(loss.discardedEvents === 0 ? [] : [counted(loss.discardedEvents, 'event')]),
      ...(loss.discardedPackets === 0 ? [] : [counted(loss.discardedPackets, 'packet')]),
    ];
    if (what.length > 0) lines.push(paint('bad', `${what.join(' and ')} lost in ${safeText(loss.stream)}`));
  }
  if (unmatched.ends > 0) lines.push(`${counted(unmatched.ends, 'end')} of a span without its begin`);
  if (unmatched.abandoned > 0)
    lines.push(`${counted(unmatched.abandoned, 'begin')} of a span without its end`);
  const open = unmatched.open.filter((one) => one.name !== 'nodejs:thread');
  if (open.length > 0) {
    const list = open.slice(0, 4).map((one) => `${countText(one.count)} × ${safeText(one.name)}`);
    lines.push(`still open at the end: ${list.join(', ')}${open.length > 4 ? ', …' : ''}`);
  }
  for (const warning of facts.warnings) lines.push(paint('warn', safeText(warning)));
  return lines.length === 0 ? [] : [paint('title', 'Notes'), ...lines.map((line) => indent + line)];
}

function lostEvents(facts: TraceFacts): number {
  return facts.losses.reduce((sum, loss) => sum + loss.discardedEvents, 0);
}

function dateText(date: Date): string {
  const two = (number: number): string => String(number).padStart(2, '0');
  return (
    `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ` +
    `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`
  );
}
