// System calls in the report for people: which took the time, by name, and the slowest ones.
import type { SystemCall, SystemCallFigures, TraceSummary } from '@spoor/analysis';
import { countText, counted, durationText } from '../units.ts';
import { safeText, table, type Painter } from './layout.ts';

const right = (title: string) => ({ title, align: 'right' as const });

/** How the sections are to look. */
interface SectionOptions {
  readonly paint: Painter;
  readonly rows?: number;
}

/** A table of the calls that took most time, by name; no lines for a trace without system calls. */
export function systemCallSection(summary: TraceSummary, { paint, rows = 12 }: SectionOptions): string[] {
  const { calls, unfinished, unmatchedExits, knowsWaiting } = summary.systemCalls;
  if (calls.length === 0) return [];
  const shown = calls.slice(0, rows);
  const others = calls.length - shown.length;
  const columns = [
    { title: '', align: 'left' as const, limit: 26 },
    ...['count', 'failed', 'median', '99 %', 'longest', 'in all'].map(right),
    ...(knowsWaiting ? [right('waiting')] : []),
  ];
  const row = (one: SystemCallFigures): string[] => [
    safeText(one.name),
    countText(one.count),
    one.failed === 0 ? '' : countText(one.failed),
    ...[one.p50Ns, one.p99Ns, one.maxNs, one.totalNs].map(durationText),
    ...(knowsWaiting ? [durationText(one.waitingNs)] : []),
  ];
  const notes = [
    ...(others === 0 ? [] : [paint('dim', counted(others, 'other call'))]),
    ...(unfinished === 0 ? [] : [`${counted(unfinished, 'entry', 'entries')} without an exit in the trace`]),
    ...(unmatchedExits === 0 ? [] : [`${counted(unmatchedExits, 'exit')} without an entry in the trace`]),
  ];
  const title = paint('title', 'System calls') + paint('dim', ', most time first');
  return [title, ...[...table(columns, shown.map(row), paint), ...notes].map((line) => `  ${line}`)];
}

/** The slowest of them, whosever they are. */
export function slowestCallSection(summary: TraceSummary, { paint }: SectionOptions): string[] {
  const { slowest, knowsWaiting } = summary.systemCalls;
  if (slowest.length === 0) return [];
  const columns = [
    { title: '', align: 'left' as const, limit: 26 },
    { title: 'thread', align: 'left' as const, limit: 26 },
    ...['began at', 'took', ...(knowsWaiting ? ['waiting'] : []), 'returned'].map(right),
  ];
  const row = (call: SystemCall): string[] => [
    safeText(call.name),
    call.tid === undefined ? 'not known' : safeText(`${call.taskName} ${call.tid}`.trim()),
    durationText(call.beginNs - summary.beginNs),
    durationText(call.endNs - call.beginNs),
    ...(knowsWaiting ? [durationText(call.waitingNs)] : []),
    call.result === undefined ? '' : String(call.result),
  ];
  return [
    paint('title', 'Slowest system calls'),
    ...table(columns, slowest.map(row), paint).map((line) => `  ${line}`),
  ];
}
