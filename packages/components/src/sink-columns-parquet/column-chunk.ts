/** A column chunk: the values of a leaf in one row group, as a page (and the page of its dictionary, if it has one). */
import type { ColumnChunk, CompressionCodec, Encoding } from 'hyparquet';
import { ByteWriter } from 'hyparquet-writer/src/bytewriter.js';
import { writePageHeader } from 'hyparquet-writer/src/datapage.js';
import { writeRleBitPackedHybrid } from 'hyparquet-writer/src/encoding.js';
import { BytesColumn, NumberColumn } from '../columns/column.ts';
import { levelsOf } from './levels.ts';
import type { Leaf } from './parquet-schema.ts';
import { extremesOf, plainBytes } from './plain-values.ts';
import { TextDictionary } from './text-dictionary.ts';

/** How pages are compressed. */
export interface Compression {
  readonly codec: CompressionCodec;
  readonly compress: (bytes: Uint8Array) => Uint8Array;
}

/** Codes into a dictionary. */
interface Coded {
  readonly codes: Int32Array;
  /** Texts in the PLAIN encoding. */
  readonly dictionary: Uint8Array;
  readonly size: number;
}

function bitsFor(most: number): number {
  return most === 0 ? 0 : 32 - Math.clz32(most);
}

const encoder = new TextEncoder();

/** The labels of a column of codes: only those that occur, for a kernel's list of system calls is long. */
function codedLabels(column: NumberColumn, present: Int32Array | undefined): Coded {
  const texts = column.labels?.texts ?? [];
  const count = present?.length ?? column.length;
  const numberOf = new Int32Array(texts.length).fill(-1);
  const codes = new Int32Array(count);
  const page = new ByteWriter();
  let size = 0;
  for (let at = 0; at < count; at++) {
    const code = column.values[present === undefined ? at : present[at]!]!;
    if (numberOf[code]! < 0) {
      numberOf[code] = size++;
      const text = encoder.encode(texts[code]!);
      page.appendUint32(text.length);
      page.appendBytes(text);
    }
    codes[at] = numberOf[code]!;
  }
  return { codes, dictionary: page.getBytes(), size };
}

function codedOf(column: Leaf['column'], present: Int32Array | undefined): Coded | undefined {
  if (column instanceof NumberColumn && column.kind === 'code') return codedLabels(column, present);
  return column instanceof BytesColumn ? TextDictionary.of(column, present) : undefined;
}

/** Writes the chunk; what it returns is for the file's footer. */
export function writeChunk(
  writer: ByteWriter,
  leaf: Leaf,
  rows: number,
  { codec, compress }: Compression,
): ColumnChunk {
  const { column, element, path, mostDefinition, mostRepetition } = leaf;
  const start = writer.offset;
  let uncompressedBytes = 0;
  const levels = levelsOf(leaf, rows);
  const valueCount = levels.present?.length ?? levels.count;
  const coded = codedOf(column, levels.present);

  let dictionaryOffset: number | undefined;
  if (coded !== undefined) {
    dictionaryOffset = writer.offset;
    const packed = compress(coded.dictionary);
    writePageHeader(writer, {
      type: 'DICTIONARY_PAGE',
      uncompressed_page_size: coded.dictionary.length,
      compressed_page_size: packed.length,
      dictionary_page_header: { num_values: coded.size, encoding: 'PLAIN' },
    });
    uncompressedBytes += writer.offset - dictionaryOffset + coded.dictionary.length;
    writer.appendBytes(packed);
  }

  const levelBytes = new ByteWriter();
  const repetitionBytes =
    levels.repetition === undefined
      ? 0
      : writeRleBitPackedHybrid(levelBytes, levels.repetition, bitsFor(mostRepetition));
  const definitionBytes =
    levels.definition === undefined
      ? 0
      : writeRleBitPackedHybrid(levelBytes, levels.definition, bitsFor(mostDefinition));

  let encoding: Encoding = 'PLAIN';
  let values: Uint8Array;
  if (coded === undefined) {
    values = plainBytes(column, levels.present);
  } else {
    encoding = 'RLE_DICTIONARY';
    const page = new ByteWriter();
    const bits = bitsFor(Math.max(0, coded.size - 1));
    page.appendUint8(bits);
    writeRleBitPackedHybrid(page, coded.codes, bits);
    values = page.getBytes();
  }
  const packed = compress(values);
  const pageOffset = writer.offset;
  writePageHeader(writer, {
    type: 'DATA_PAGE_V2',
    uncompressed_page_size: levelBytes.offset + values.length,
    compressed_page_size: levelBytes.offset + packed.length,
    data_page_header_v2: {
      num_values: levels.count,
      num_nulls: levels.count - valueCount,
      num_rows: rows,
      encoding,
      definition_levels_byte_length: definitionBytes,
      repetition_levels_byte_length: repetitionBytes,
      is_compressed: codec !== 'UNCOMPRESSED',
    },
  });
  uncompressedBytes += writer.offset - pageOffset + levelBytes.offset + values.length;
  writer.appendBytes(levelBytes.getBytes());
  writer.appendBytes(packed);

  return {
    file_offset: BigInt(start),
    meta_data: {
      type: element.type!,
      encodings: coded === undefined ? ['PLAIN', 'RLE'] : ['PLAIN', 'RLE', 'RLE_DICTIONARY'],
      path_in_schema: [...path],
      codec,
      num_values: BigInt(levels.count),
      total_uncompressed_size: BigInt(uncompressedBytes),
      total_compressed_size: BigInt(writer.offset - start),
      data_page_offset: BigInt(pageOffset),
      ...(dictionaryOffset === undefined ? {} : { dictionary_page_offset: BigInt(dictionaryOffset) }),
      statistics: {
        null_count: BigInt(levels.count - valueCount),
        ...extremesOf(column, levels.present),
      },
    },
  };
}
