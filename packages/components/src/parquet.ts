/** `sink.columns.parquet`. A module of its own, for it loads hyparquet-writer. */
import { snappyCompress } from 'hyparquet-writer/src/snappy.js';
import { SpoorError } from '@spoor/base';
import type { Parameters } from '@spoor/graph';
import { ColumnsSink } from './columns/columns-sink.ts';
import { layoutOf, rowsOf, type Compressors } from './columns/parameters.ts';
import type { TablePlaces } from './columns/table-places.ts';
import type { Compression } from './sink-columns-parquet/column-chunk.ts';
import { ParquetOutputs } from './sink-columns-parquet/parquet-outputs.ts';

const name = 'sink.columns.parquet';

function compressionOf(parameters: Parameters, { gzip, zstd }: Compressors): Compression {
  const given = parameters.get('compression');
  const asked = typeof given === 'string' ? given : 'snappy';
  if (asked === 'none') return { codec: 'UNCOMPRESSED', compress: (bytes) => bytes };
  if (asked === 'gzip' && gzip !== undefined) return { codec: 'GZIP', compress: gzip };
  if (asked === 'zstd' && zstd !== undefined) return { codec: 'ZSTD', compress: zstd };
  if (asked !== 'snappy') {
    throw new SpoorError('columns/compression', `${name}: this platform does not compress by ${asked}`, {
      hint: 'take snappy, or a newer Node.js',
    });
  }
  return { codec: 'SNAPPY', compress: snappyCompress };
}

/**
 * Makes the sink of checked parameters.
 * @param messages hears of lost events and packets, one line each.
 * @throws SpoorError `columns/compression` or `columns/parameters`.
 */
export function parquetSink(
  places: TablePlaces,
  parameters: Parameters,
  compressors: Compressors,
  messages: (line: string) => void,
): ColumnsSink {
  return new ColumnsSink({
    name,
    layout: layoutOf(parameters, 'classes'),
    outputs: new ParquetOutputs(places, compressionOf(parameters, compressors)),
    rowLimit: rowsOf(name, parameters),
    messages,
  });
}
