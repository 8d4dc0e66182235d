// Functions in the report for people: which took the time, by calls whose entry and exit were recorded.
import type { FunctionFigures, TraceSummary } from '@spoor/analysis';
import { countText, counted, durationText } from '../units.ts';
import { safeText, table, type Painter } from './layout.ts';

const columns = [
  { title: '', align: 'left' as const, limit: 38 },
  { title: 'calls', align: 'right' as const },
  { title: 'itself', align: 'right' as const },
  { title: 'in all', align: 'right' as const },
  { title: 'median', align: 'right' as const },
  { title: '99 %', align: 'right' as const },
  { title: 'longest', align: 'right' as const },
];

/** A table of the functions that took most time themselves; no lines for a trace without calls. */
export function functionSection(
  summary: TraceSummary,
  { paint, rows = 12 }: { readonly paint: Painter; readonly rows?: number },
): string[] {
  const { functions, unmatchedExits } = summary.calls;
  if (functions.length === 0) return [];
  const sum = (of: (one: FunctionFigures) => number): number =>
    functions.reduce((all, one) => all + of(one), 0);
  const threw = sum((one) => one.threw);
  const unfinished = sum((one) => one.unfinished);
  const shown = functions.slice(0, rows);
  const others = functions.length - shown.length;
  const notes = [
    ...(functions.some((one) => one.waitingNs > 0)
      ? [
          `durations of async functions and generators have their waiting in them: ${durationText(sum((one) => one.waitingNs))}`,
        ]
      : []),
    ...(threw === 0 ? [] : [`${counted(threw, 'call')} threw`]),
    ...(unfinished === 0 ? [] : [`${counted(unfinished, 'call')} without an end in the trace`]),
    ...(unmatchedExits === 0 ? [] : [`${counted(unmatchedExits, 'exit')} without an entry in the trace`]),
  ];
  return [
    paint('title', 'Functions') + paint('dim', ', most time of their own first'),
    ...table(columns, shown.map(row), paint),
    ...(others === 0 ? [] : [paint('dim', counted(others, 'other function'))]),
    ...notes,
  ].map((line, at) => (at === 0 ? line : `  ${line}`));
}

function row(one: FunctionFigures): string[] {
  // The line is enough to find it; with the column there would be no room for the name.
  const place = one.source.slice(one.source.lastIndexOf('/') + 1).replace(/(:\d+):\d+$/, '$1');
  return [
    safeText(place === '' ? one.name : `${one.name} ${place}`),
    countText(one.calls),
    durationText(one.selfNs),
    durationText(one.totalNs),
    ...[one.p50Ns, one.p99Ns, one.maxNs].map((ns) => (one.calls === 0 ? '–' : durationText(ns))),
  ];
}
