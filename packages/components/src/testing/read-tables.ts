// Tables read back by readers that are not ours, and compared with the values that events have.
import { EnumValue, FlagsValue, type FieldClass, type FieldValue } from '@spoor/ctf';
import { StructRow, tableFromIPC, Vector } from 'apache-arrow';
import { parquetReadObjects } from 'hyparquet';
import { gunzipSync } from 'node:zlib';
import type { ByteOutput, TablePlaces } from '../columns/table-places.ts';

/** A row by column, in plain objects. */
export type Row = Readonly<Record<string, unknown>>;

/** Files of tables in memory. */
export class MemoryFiles implements TablePlaces {
  readonly files: Map<string, Uint8Array<ArrayBuffer>> = new Map();
  private readonly parts = new Map<string, Uint8Array[]>();

  open(fileName: string): ByteOutput {
    if (this.parts.has(fileName)) throw new Error(`${fileName} is written twice`);
    const parts: Uint8Array[] = [];
    this.parts.set(fileName, parts);
    return {
      write: (bytes, length) => {
        parts.push(bytes.slice(0, length));
      },
      close: () => {
        this.files.set(fileName, new Uint8Array(Buffer.concat(parts)));
      },
    };
  }
}

function plain(value: unknown): unknown {
  if (value instanceof Vector) return Array.from(value as Iterable<unknown>, plain);
  if (value instanceof StructRow) {
    const row: Record<string, unknown> = {};
    for (const [name, member] of value as Iterable<[string, unknown]>) {
      Object.defineProperty(row, name, { value: plain(member), enumerable: true, configurable: true });
    }
    return row;
  }
  return value;
}

/** Rows of an Arrow file or stream, by apache-arrow. */
export function arrowRows(bytes: Uint8Array): Row[] {
  return Array.from(tableFromIPC(bytes), (row) => plain(row) as Row);
}

/** Rows of a Parquet file, by hyparquet. */
export async function parquetRows(bytes: Uint8Array<ArrayBuffer>): Promise<Row[]> {
  const file = {
    byteLength: bytes.length,
    slice: (from: number, to?: number) => bytes.buffer.slice(from, to),
  };
  return parquetReadObjects({
    file,
    utf8: false,
    compressors: { GZIP: (input: Uint8Array) => gunzipSync(input) },
  });
}

function isInteger(value: unknown): value is number | bigint {
  return typeof value === 'bigint' || Number.isInteger(value);
}

function sameInteger(expected: unknown, found: unknown): boolean {
  return isInteger(expected) && isInteger(found) && BigInt(expected) === BigInt(found);
}

function member(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  return Object.getOwnPropertyDescriptor(value, name)?.value;
}

function isNothing(value: unknown): boolean {
  return value === null || value === undefined;
}

/** Whether what stands in a table is the value of a field. */
export function isSame(fieldClass: FieldClass, expected: FieldValue, found: unknown): boolean {
  switch (fieldClass.kind) {
    case 'integer': {
      const big = fieldClass.lengthBits > 64;
      const number = (value: number | bigint, cell: unknown): boolean =>
        big ? cell === String(value) : sameInteger(value, cell);
      if (!(expected instanceof EnumValue)) return number(expected as number | bigint, found);
      const label = expected.labels.length === 0 ? null : expected.labels.join(' | ');
      return number(expected.value, member(found, 'value')) && (member(found, 'label') ?? null) === label;
    }
    case 'bit-array':
      if (!(expected instanceof FlagsValue)) return sameInteger(expected as number | bigint, found);
      return (
        sameInteger(expected.value, member(found, 'value')) &&
        JSON.stringify(member(found, 'flags')) === JSON.stringify(expected.flags)
      );
    case 'float':
      return Object.is(expected, found);
    case 'boolean':
      return expected === found;
    case 'string':
    case 'static-string':
    case 'dynamic-string':
      return expected === found;
    case 'static-blob':
    case 'dynamic-blob':
      return (
        found instanceof Uint8Array &&
        expected instanceof Uint8Array &&
        Buffer.compare(Buffer.from(found), Buffer.from(expected)) === 0
      );
    case 'static-array':
    case 'dynamic-array': {
      // An array of characters is text.
      if (typeof expected === 'string') return expected === found;
      const items = expected as readonly FieldValue[];
      return (
        Array.isArray(found) &&
        found.length === items.length &&
        items.every((item, index) => isSame(fieldClass.element, item, found[index]))
      );
    }
    case 'structure':
      if (fieldClass.members.length === 0) return found === true;
      // Readers in JavaScript assign to members, by which one named __proto__ is lost.
      return fieldClass.members.every(
        ({ name, fieldClass: own }) =>
          name === '__proto__' || isSame(own, member(expected, name) as FieldValue, member(found, name)),
      );
    case 'optional':
      return expected === null ? isNothing(found) : isSame(fieldClass.fieldClass, expected, found);
    case 'variant': {
      if (typeof found !== 'object' || found === null) return false;
      const there = Object.values(found).filter((value) => !isNothing(value));
      if (there.length === 0) return expected === null;
      return (
        there.length === 1 &&
        fieldClass.options.some((option) => isSame(option.fieldClass, expected, there[0]))
      );
    }
    default:
      return fieldClass satisfies never;
  }
}
