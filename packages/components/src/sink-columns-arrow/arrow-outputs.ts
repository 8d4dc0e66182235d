/** Tables as Arrow IPC: files with a footer, or a stream that a reader can follow. */
import { RecordBatchFileWriter, RecordBatchStreamWriter } from 'apache-arrow';
import type { StructureColumn } from '../columns/column.ts';
import type { TableOutput, TableOutputs } from '../columns/columns-sink.ts';
import type { ByteOutput, TablePlaces } from '../columns/table-places.ts';
import { ArrowTable } from './arrow-columns.ts';

/** The bytes of a chunk that the library's writers hand on. */
function bytesOf(chunk: unknown): Uint8Array {
  if (chunk instanceof Uint8Array) return chunk;
  if (ArrayBuffer.isView(chunk)) return new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength);
  throw new TypeError('the Arrow writer wrote what is no bytes');
}

/** The library's writers gather what is written for somebody to await; these hand it on at once. */
class DirectStreamWriter extends RecordBatchStreamWriter {
  private readonly output: ByteOutput;

  constructor(output: ByteOutput) {
    super();
    this.output = output;
  }

  protected override _write(chunk: unknown): this {
    if (this._started) this._position += handOn(this.output, chunk);
    return this;
  }
}

class DirectFileWriter extends RecordBatchFileWriter {
  private readonly output: ByteOutput;

  constructor(output: ByteOutput) {
    super();
    this.output = output;
  }

  protected override _write(chunk: unknown): this {
    if (this._started) this._position += handOn(this.output, chunk);
    return this;
  }
}

function handOn(output: ByteOutput, chunk: unknown): number {
  const bytes = bytesOf(chunk);
  if (bytes.length > 0) output.write(bytes, bytes.length);
  return bytes.length;
}

/** How tables are written: `file` ends in a footer by which batches are found, `stream` has none. */
export type ArrowForm = 'file' | 'stream';

/** Writes tables as Arrow IPC. */
export class ArrowOutputs implements TableOutputs {
  private readonly places: TablePlaces;
  private readonly form: ArrowForm;

  constructor(places: TablePlaces, form: ArrowForm) {
    this.places = places;
    this.form = form;
  }

  open(name: string, row: StructureColumn, facts: ReadonlyMap<string, string>): TableOutput {
    const output = this.places.open(`${name}.${this.form === 'file' ? 'arrow' : 'arrows'}`);
    const writer = this.form === 'file' ? new DirectFileWriter(output) : new DirectStreamWriter(output);
    const table = new ArrowTable(row, facts);
    // A table without rows has a schema all the same.
    writer.reset(undefined, table.schema);
    return {
      write: (rows) => writer.write(table.batchOf(rows)),
      close: () => {
        writer.finish();
        output.close();
      },
    };
  }
}
