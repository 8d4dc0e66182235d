/** Tables as Parquet files: a row group each time rows are written, and the footer at the end. */
import type { RowGroup, SchemaElement } from 'hyparquet';
import { ByteWriter } from 'hyparquet-writer/src/bytewriter.js';
import { writeMetadata } from 'hyparquet-writer/src/metadata.js';
import type { StructureColumn } from '../columns/column.ts';
import type { TableOutput, TableOutputs } from '../columns/columns-sink.ts';
import type { ByteOutput, TablePlaces } from '../columns/table-places.ts';
import { writeChunk, type Compression } from './column-chunk.ts';
import { parquetSchemaOf, type Leaf } from './parquet-schema.ts';

/** `PAR1`, at both ends of a file. */
const magic = 0x3152_4150;

class ParquetFile implements TableOutput {
  private readonly output: ByteOutput;
  private readonly compression: Compression;
  private readonly elements: SchemaElement[];
  private readonly leaves: readonly Leaf[];
  private readonly facts: ReadonlyMap<string, string>;
  private readonly groups: RowGroup[] = [];
  private rows = 0;
  private readonly writer = new ByteWriter(64 * 1024);

  constructor(
    output: ByteOutput,
    row: StructureColumn,
    facts: ReadonlyMap<string, string>,
    compression: Compression,
  ) {
    this.output = output;
    this.compression = compression;
    this.facts = facts;
    const { elements, leaves } = parquetSchemaOf(row);
    this.elements = elements;
    this.leaves = leaves;
    this.writer.appendUint32(magic);
  }

  write({ length }: StructureColumn): void {
    const { writer, leaves, compression } = this;
    const start = writer.offset;
    const columns = leaves.map((leaf) => {
      const chunk = writeChunk(writer, leaf, length, compression);
      // Column by column, so that no row group is held as a whole.
      this.flush();
      return chunk;
    });
    let uncompressedBytes = 0n;
    for (const { meta_data } of columns) uncompressedBytes += meta_data?.total_uncompressed_size ?? 0n;
    this.groups.push({
      columns,
      total_byte_size: uncompressedBytes,
      num_rows: BigInt(length),
      file_offset: BigInt(start),
      total_compressed_size: BigInt(writer.offset - start),
    });
    this.rows += length;
  }

  close(): void {
    const { writer, elements, groups, rows, facts } = this;
    writeMetadata(writer, {
      version: 2,
      created_by: 'spoor',
      schema: elements,
      num_rows: BigInt(rows),
      row_groups: groups,
      metadata_length: 0,
      ...(facts.size === 0 ? {} : { key_value_metadata: [...facts].map(([key, value]) => ({ key, value })) }),
    });
    writer.appendUint32(magic);
    this.flush();
    this.output.close();
  }

  private flush(): void {
    this.output.write(new Uint8Array(this.writer.buffer, 0, this.writer.index), this.writer.index);
    this.writer.index = 0;
  }
}

/** Writes tables as Parquet. */
export class ParquetOutputs implements TableOutputs {
  private readonly places: TablePlaces;
  private readonly compression: Compression;

  constructor(places: TablePlaces, compression: Compression) {
    this.places = places;
    this.compression = compression;
  }

  open(name: string, row: StructureColumn, facts: ReadonlyMap<string, string>): TableOutput {
    return new ParquetFile(this.places.open(`${name}.parquet`), row, facts, this.compression);
  }
}
