/** `sink.columns.arrow`. A module of its own, for it loads apache-arrow. */
import type { Parameters } from '@spoor/graph';
import { ColumnsSink } from './columns/columns-sink.ts';
import { layoutOf, rowsOf } from './columns/parameters.ts';
import type { TablePlaces } from './columns/table-places.ts';
import { ArrowOutputs } from './sink-columns-arrow/arrow-outputs.ts';

const name = 'sink.columns.arrow';

/**
 * Makes the sink of checked parameters.
 * @param piped whether there is one pipe, which takes a single table.
 * @param messages hears of lost events and packets, one line each.
 * @throws SpoorError `columns/parameters`.
 */
export function arrowSink(
  places: TablePlaces,
  parameters: Parameters,
  piped: boolean,
  messages: (line: string) => void,
): ColumnsSink {
  const form = parameters.get('form');
  const usual = piped ? 'stream' : 'file';
  return new ColumnsSink({
    name,
    layout: layoutOf(parameters, piped ? 'wide' : 'classes'),
    outputs: new ArrowOutputs(places, form === 'file' || form === 'stream' ? form : usual),
    rowLimit: rowsOf(name, parameters),
    messages,
  });
}
