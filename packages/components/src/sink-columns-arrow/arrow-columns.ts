/**
 * Columns as the types and buffers of Arrow. Buffers are handed on as they are: what is made of them must be written at
 * once.
 */
import {
  Binary,
  Bool,
  Dictionary,
  Field,
  Float32,
  Float64,
  Int16,
  Int32,
  Int64,
  Int8,
  List,
  makeData,
  RecordBatch,
  Schema,
  Struct,
  TimestampNanosecond,
  Uint16,
  Uint32,
  Uint64,
  Uint8,
  Utf8,
  vectorFromArray,
  type Data,
  type DataType,
  type Vector,
} from 'apache-arrow';
import {
  BytesColumn,
  ListColumn,
  NumberColumn,
  WideColumn,
  type Column,
  type StructureColumn,
} from '../columns/column.ts';

/** A list of texts, shared by all columns that have it, so that it is written once. */
type Dictionaries = Map<readonly string[], Vector<Utf8>>;

const numberTypes: Readonly<Record<Exclude<NumberColumn['kind'], 'code'>, () => DataType>> = {
  u8: () => new Uint8(),
  i8: () => new Int8(),
  u16: () => new Uint16(),
  i16: () => new Int16(),
  u32: () => new Uint32(),
  i32: () => new Int32(),
  f32: () => new Float32(),
  f64: () => new Float64(),
  boolean: () => new Bool(),
};

const wideTypes: Readonly<Record<WideColumn['kind'], () => DataType>> = {
  u64: () => new Uint64(),
  i64: () => new Int64(),
  time: () => new TimestampNanosecond('UTC'),
};

/** A bit a row, the lowest first. */
function packBits(bytes: Uint8Array, length: number): Uint8Array {
  const bits = new Uint8Array(Math.ceil(length / 8));
  for (let row = 0; row < length; row++) if (bytes[row] !== 0) bits[row >> 3]! |= 1 << (row & 7);
  return bits;
}

function wideValues({ words, kind }: WideColumn, length: number): BigInt64Array | BigUint64Array {
  const make = kind === 'u64' ? BigUint64Array : BigInt64Array;
  return new make(words.buffer, words.byteOffset, length);
}

/** Turns the rows of one table into record batches of one schema. */
export class ArrowTable {
  readonly schema: Schema;
  private readonly fields: readonly Field[];
  private readonly dictionaries: Dictionaries = new Map();
  private dictionaryId = 0;

  constructor(row: StructureColumn, facts: ReadonlyMap<string, string>) {
    this.fields = row.members.map((column) => this.fieldOf(column));
    this.schema = new Schema([...this.fields], new Map(facts));
  }

  private dictionaryOf(texts: readonly string[]): Vector<Utf8> {
    let dictionary = this.dictionaries.get(texts);
    if (dictionary === undefined) {
      dictionary = vectorFromArray([...texts], new Utf8());
      this.dictionaries.set(texts, dictionary);
    }
    return dictionary;
  }

  private fieldOf(column: Column): Field {
    return new Field(column.name, this.typeOf(column), column.nullable);
  }

  private typeOf(column: Column): DataType {
    if (column instanceof NumberColumn) {
      // Readers find a dictionary by its number; each column has one of its own.
      if (column.kind === 'code') return new Dictionary(new Utf8(), new Int32(), this.dictionaryId++);
      return numberTypes[column.kind]();
    }
    if (column instanceof WideColumn) return wideTypes[column.kind]();
    if (column instanceof BytesColumn) return column.kind === 'text' ? new Utf8() : new Binary();
    if (column instanceof ListColumn) return new List(this.fieldOf(column.element));
    return new Struct(column.members.map((member) => this.fieldOf(member)));
  }

  /** The rows as a record batch, whose buffers are those of the columns. */
  batchOf(row: StructureColumn): RecordBatch {
    const children = row.members.map((column, index) => this.dataOf(column, this.fields[index]!.type));
    const type = new Struct([...this.fields]);
    const data = makeData({ type, length: row.length, nullCount: 0, children });
    return new RecordBatch(this.schema, data);
  }

  private dataOf(column: Column, type: DataType): Data {
    const { length, nullable, valid } = column;
    let nullCount = 0;
    if (nullable) for (let row = 0; row < length; row++) if (valid[row] === 0) nullCount += 1;
    const common = {
      length,
      nullCount,
      ...(nullCount === 0 ? {} : { nullBitmap: packBits(valid, length) }),
    };
    if (column instanceof NumberColumn) {
      const { kind, values, labels } = column;
      if (kind === 'boolean') {
        return makeData({ ...common, type: type as Bool, data: packBits(values as Uint8Array, length) });
      }
      const data = values.subarray(0, length);
      if (kind === 'code') {
        const dictionary = this.dictionaryOf(labels?.texts ?? []);
        return makeData({
          ...common,
          type: type as Dictionary<Utf8, Int32>,
          data: data as Int32Array,
          dictionary,
        });
      }
      return makeData({ ...common, type: type as Float64, data: data as Float64Array });
    }
    if (column instanceof WideColumn) {
      return makeData({ ...common, type: type as Int64, data: wideValues(column, length) as BigInt64Array });
    }
    if (column instanceof BytesColumn) {
      return makeData({
        ...common,
        type: type as Utf8,
        valueOffsets: column.offsets.subarray(0, length + 1),
        data: column.data.subarray(0, column.offsets[length]),
      });
    }
    if (column instanceof ListColumn) {
      const element = (type as List).children[0]!;
      return makeData({
        ...common,
        type: type as List,
        valueOffsets: column.offsets.subarray(0, length + 1),
        child: this.dataOf(column.element, element.type),
      });
    }
    const children = column.members.map((member, index) =>
      this.dataOf(member, (type as Struct).children[index]!.type),
    );
    return makeData({ ...common, type: type as Struct, children });
  }
}
