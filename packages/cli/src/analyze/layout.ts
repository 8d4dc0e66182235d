import { styleText } from 'node:util';

/** What text is for; how that looks is the painter's matter. */
export type Tone = 'title' | 'dim' | 'good' | 'bad' | 'warn' | 'accent';

/** Gives text a look, or leaves it as it is. */
export type Painter = (tone: Tone, text: string) => string;

const looks = {
  title: 'bold',
  dim: 'gray',
  good: 'green',
  bad: 'red',
  warn: 'yellow',
  accent: 'cyan',
} as const;

/** Leaves text as it is. */
export const plainPainter: Painter = (_tone, text) => text;

/** Paints with the terminal's own colours. */
export const colourPainter: Painter = (tone, text) =>
  text === '' ? text : styleText(looks[tone], text, { validateStream: false });

/** What a program may know of the stream that it writes to. */
export interface OutputStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
}

/** Colours only for a terminal, and not when `NO_COLOR` is set to anything or the terminal is `dumb`. */
export function painterFor(
  stream: OutputStream,
  environment: Readonly<Record<string, string | undefined>>,
): Painter {
  const refused = (environment['NO_COLOR'] ?? '') !== '' || environment['TERM'] === 'dumb';
  return stream.isTTY === true && !refused ? colourPainter : plainPainter;
}

/** Columns to fill: the terminal's, but from 80 to 100. */
export function widthFor(stream: OutputStream): number {
  return Math.min(100, Math.max(80, stream.columns ?? 100));
}

/** A bar of eighths of a character, as long as the share (0 to 1) of the width. */
export function bar(share: number, width: number): string {
  const eighths = Math.round(Math.min(1, Math.max(0, share)) * width * 8);
  const rest = eighths % 8;
  const whole = '█'.repeat(Math.floor(eighths / 8));
  if (rest > 0) return whole + '▏▎▍▌▋▊▉'[rest - 1]!;
  return whole === '' && share > 0 ? '▏' : whole;
}

/**
 * Text from a trace for a terminal: its escape sequences are left out, and other control characters, which could
 * move the cursor or turn the writing round, become visible.
 */
export function safeText(text: string): string {
  return text.replace(/\p{Cc}\[[\d;?]*[@-~]/gu, '').replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, '�');
}

/** Cuts text at a width, with an ellipsis. */
export function cut(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, Math.max(0, width - 1))}…`;
}

/** A column of a table. */
export interface Column {
  readonly title: string;
  readonly align: 'left' | 'right';
  /** Widest that it may be; longer cells are cut. */
  readonly limit?: number;
}

/** Lines of a table: a dim head, then the rows, two spaces between columns. Cells are plain text. */
export function table(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  paint: Painter,
): string[] {
  const cells = rows.map((row) => row.map((cell, at) => cut(cell, columns[at]?.limit ?? Infinity)));
  const widths = columns.map((column, at) =>
    Math.max(column.title.length, ...cells.map((row) => row[at]?.length ?? 0)),
  );
  const line = (row: readonly string[]): string =>
    columns
      .map((column, at) => {
        const cell = row[at] ?? '';
        return column.align === 'left' ? cell.padEnd(widths[at]!) : cell.padStart(widths[at]!);
      })
      .join('  ')
      .trimEnd();
  const head = line(columns.map((column) => column.title));
  return [...(head === '' ? [] : [paint('dim', head)]), ...cells.map(line)];
}
