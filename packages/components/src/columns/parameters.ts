/** Parameters of the sinks that write tables. */
import { SpoorError } from '@spoor/base';
import type { Parameters, ParameterTable } from '@spoor/graph';
import type { TableLayout } from './columns-sink.ts';

/** Rows of a table that are written together, unless told otherwise. */
const usualRows = 65_536;

const common = {
  path: {
    kind: 'string',
    text: 'Directory that the tables are written to, one file each; --output names it too.',
  },
  layout: {
    kind: 'choice',
    choices: ['classes', 'wide'],
    text: 'classes: one table for each class of events. wide: one for all, in which each class has its own columns below payload.',
  },
  rows: {
    kind: 'integer',
    text: `Most rows of a table that are written together, from 1 to 1048576 (default: ${usualRows}).`,
  },
} as const satisfies ParameterTable;

/** Parameters of `sink.columns.parquet`. */
export const parquetParameters: ParameterTable = {
  ...common,
  compression: {
    kind: 'choice',
    choices: ['snappy', 'gzip', 'zstd', 'none'],
    text: 'How pages are compressed (default: snappy). zstd needs Node.js 22.15 or newer.',
  },
};

/** Parameters of `sink.columns.arrow`. */
export const arrowParameters: ParameterTable = {
  ...common,
  form: {
    kind: 'choice',
    choices: ['file', 'stream'],
    text: 'Files with a footer by which batches are found (the default for a directory), or the streaming format (what standard output gets).',
  },
};

/** Compresses the bytes of a page. */
export type Compressor = (bytes: Uint8Array) => Uint8Array;

/** What a platform can do beyond Snappy, which is always there. */
export interface Compressors {
  readonly gzip?: Compressor;
  readonly zstd?: Compressor;
}

/** Rows that checked parameters ask for. @throws SpoorError `columns/parameters`. */
export function rowsOf(component: string, parameters: Parameters): number {
  const rows = parameters.get('rows');
  if (typeof rows !== 'bigint') return usualRows;
  if (rows < 1n || rows > 1_048_576n) {
    throw new SpoorError('columns/parameters', `${component}: parameter "rows" is ${rows}`, {
      hint: 'give a number from 1 to 1048576',
    });
  }
  return Number(rows);
}

/** Layout that checked parameters ask for. */
export function layoutOf(parameters: Parameters, usual: TableLayout): TableLayout {
  const layout = parameters.get('layout');
  return layout === 'wide' || layout === 'classes' ? layout : usual;
}
