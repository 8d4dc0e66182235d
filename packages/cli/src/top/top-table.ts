/** The table of `spoor top`. */
import { stripVTControlCharacters, styleText } from 'node:util';
import { binarySizeText } from '../units.ts';
import { type Advice, adviceText } from './advice.ts';
import type { ThroughputRow, TopFrame } from './usage-history.ts';

/** What rows can be sorted by, each with its key on the keyboard. */
export const SORT_KEYS = {
  throughput: 'b',
  events: 'e',
  lost: 'l',
  used: 'u',
  name: 'n',
} as const;

export type SortKey = keyof typeof SORT_KEYS;

/** Where and how the table is shown. */
export interface TableLayout {
  readonly sortKey: SortKey;
  /** Columns and lines of the terminal; no end when undefined. */
  readonly width?: number;
  readonly height?: number;
  readonly hasColors: boolean;
  /** What stands in the last line, such as the keys. */
  readonly footer?: string;
}

const values: Readonly<Record<SortKey, (row: ThroughputRow) => number>> = {
  throughput: (row) => row.bytesPerSecond,
  events: (row) => row.eventsPerSecond,
  lost: (row) => row.lostPerSecond * 1e6 + row.lostCount,
  used: (row) => row.usedRatio,
  name: () => 0,
};

const nameOf = ({ session, channel, procname, pid }: ThroughputRow): string =>
  `${session}/${channel} ${procname} ${String(pid).padStart(10)}`;

/** Rows with the most of what is asked for first; equal ones by name. */
export function sortedRows(rows: readonly ThroughputRow[], key: SortKey): readonly ThroughputRow[] {
  const value = values[key];
  return [...rows].sort((a, b) => value(b) - value(a) || (nameOf(a) < nameOf(b) ? -1 : 1));
}

interface Column {
  readonly title: string;
  readonly isText?: true;
  readonly cell: (row: ThroughputRow) => string;
}

const columns: readonly Column[] = [
  { title: 'SESSION', isText: true, cell: (row) => row.session },
  { title: 'CHANNEL', isText: true, cell: (row) => row.channel },
  { title: 'PID', cell: (row) => String(row.pid) },
  { title: 'PROCESS', isText: true, cell: (row) => row.procname },
  { title: 'RINGS', cell: (row) => String(row.ringCount) },
  { title: 'MEMORY', cell: (row) => binarySizeText(row.capacityBytes) },
  { title: 'USED', cell: (row) => `${Math.round(row.usedRatio * 100)} %` },
  { title: 'PEAK', cell: (row) => `${Math.round(row.peakUsedRatio * 100)} %` },
  { title: 'EVENTS/s', cell: (row) => countText(row.eventsPerSecond) },
  { title: 'BYTES/s', cell: (row) => binarySizeText(Math.round(row.bytesPerSecond)) },
  { title: 'LOST/s', cell: (row) => countText(row.lostPerSecond) },
  { title: 'LOST', cell: (row) => countText(row.lostCount) },
];

/** Columns that a narrow terminal goes without, the least needed first. */
const dispensable: readonly string[] = ['RINGS', 'MEMORY', 'PEAK', 'PID', 'LOST', 'BYTES/s', 'SESSION'];
const GAP = '  ';

/** Names longer than this are cut. */
const LONGEST_NAME = 24;

/** A number in four or five characters. */
export function countText(value: number): string {
  if (value < 1000) return value < 10 && value % 1 !== 0 ? value.toFixed(1) : String(Math.round(value));
  const [scaled, unit] =
    value < 1e6 ? [value / 1e3, 'k'] : value < 1e9 ? [value / 1e6, 'M'] : [value / 1e9, 'G'];
  return `${scaled >= 100 ? Math.round(scaled) : scaled.toFixed(1)} ${unit}`;
}

function cut(text: string, width: number): string {
  // Control characters of a name would change the terminal.
  const plain = stripVTControlCharacters(text).replaceAll(/\p{Cc}/gu, '?');
  return plain.length <= width ? plain : `${plain.slice(0, Math.max(0, width - 1))}…`;
}

/** The whole picture, ended by a line feed. */
export function tableText(frame: TopFrame, advices: readonly Advice[], layout: TableLayout): string {
  const { width = Infinity, height = Infinity, hasColors, footer } = layout;
  const style = (format: Parameters<typeof styleText>[0], text: string): string =>
    hasColors ? styleText(format, text, { validateStream: false }) : text;
  const rows = sortedRows(frame.rows, layout.sortKey);
  const all = columns.map((column) => columnOf(column, rows));
  const shownColumns = fitting(all, width);
  const lineOf = (at: number): string =>
    cut(
      shownColumns
        .map(({ texts, isText, width: own }) => (isText ? texts[at]!.padEnd(own) : texts[at]!.padStart(own)))
        .join(GAP)
        .trimEnd(),
      width,
    );
  const advice = adviceText(advices)
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => cut(line, width));
  const troubles = frame.troubles.map((line) => style('red', cut(line, width)));
  const below = [...troubles, ...advice, ...(footer === undefined ? [] : [cut(footer, width)])];
  const head = [
    style('bold', cut(summary(frame), width)),
    '',
    style('inverse', lineOf(0).padEnd(Number.isFinite(width) ? width : 0)),
  ];
  // Rows have what is left; one line tells of those that have no room.
  const room = Math.max(1, height - head.length - (below.length === 0 ? 0 : below.length + 1));
  const shown = rows.length <= room ? rows.length : Math.max(0, room - 1);
  const lines = rows.slice(0, shown).map(({ lostPerSecond, lostCount, usedRatio }, at) => {
    const text = lineOf(at + 1);
    if (lostPerSecond > 0) return style('red', text);
    return lostCount > 0 || usedRatio >= 0.75 ? style('yellow', text) : text;
  });
  if (shown < rows.length) lines.push(`… ${rows.length - shown} more`);
  if (rows.length === 0) lines.push(cut(emptyText(frame), width));
  const picture = [...head, ...lines, ...(below.length === 0 ? [] : ['', ...below])];
  return `${picture.slice(0, Number.isFinite(height) ? height : undefined).join('\n')}\n`;
}

interface FilledColumn {
  readonly title: string;
  readonly isText: boolean;
  /** Title, then the rows. */
  readonly texts: readonly string[];
  readonly width: number;
}

function columnOf({ title, cell, isText }: Column, rows: readonly ThroughputRow[]): FilledColumn {
  const texts = [title, ...rows.map((row) => (isText ? cut(cell(row), LONGEST_NAME) : cell(row)))];
  return {
    title,
    isText: isText === true,
    texts,
    width: texts.reduce((most, text) => Math.max(most, text.length), 0),
  };
}

/** The columns that a width has room for. */
function fitting(all: readonly FilledColumn[], width: number): readonly FilledColumn[] {
  let left = all;
  for (const title of dispensable) {
    const total = left.reduce((sum, column) => sum + column.width + GAP.length, -GAP.length);
    if (total <= width) break;
    left = left.filter((column) => column.title !== title);
  }
  return left;
}

function emptyText({ sessionCount, activeCount }: TopFrame): string {
  if (sessionCount === 0) return 'There is no session: spoor create makes one.';
  if (activeCount === 0) return 'No session records: spoor start starts one.';
  return 'No program has recorded anything yet.';
}

function summary({ timeMs, sessionCount, activeCount, processCount, rows }: TopFrame): string {
  const sum = (pick: (row: ThroughputRow) => number): number => rows.reduce((all, row) => all + pick(row), 0);
  const time = new Date(timeMs).toTimeString().slice(0, 8);
  return [
    `spoor top  ${time}`,
    `${activeCount} of ${sessionCount} sessions record`,
    `${processCount} processes`,
    `${countText(sum((row) => row.eventsPerSecond))} events/s`,
    `${binarySizeText(Math.round(sum((row) => row.bytesPerSecond)))}/s`,
    `${countText(sum((row) => row.lostPerSecond))} lost/s`,
  ].join('  ');
}
