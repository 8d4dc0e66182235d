/** Columns as the schema of a Parquet file, and the leaves that its pages hold. */
import type { SchemaElement } from 'hyparquet';
import {
  BytesColumn,
  ListColumn,
  StructureColumn,
  type Column,
  type NumberColumn,
  type WideColumn,
} from '../columns/column.ts';

/** A column without members, with what leads to it. */
export interface Leaf {
  readonly column: NumberColumn | WideColumn | BytesColumn;
  /** From a column of the table down to the leaf. */
  readonly way: readonly Column[];
  /** Names in the schema, those of lists included. */
  readonly path: readonly string[];
  readonly element: SchemaElement;
  /** The levels of a value that is there, and of an element of the innermost list. */
  readonly mostDefinition: number;
  readonly mostRepetition: number;
}

/**
 * The physical type with its meaning. Integers have the older form of it alone (`converted_type`): the newer one has a
 * width of 8 bits, which hyparquet-writer 0.17 writes as 32, and DuckDB refuses the file.
 */
function typeOf(column: NumberColumn | WideColumn | BytesColumn): Omit<SchemaElement, 'name'> {
  if (column instanceof BytesColumn) {
    if (column.kind === 'blob') return { type: 'BYTE_ARRAY' };
    return { type: 'BYTE_ARRAY', converted_type: 'UTF8', logical_type: { type: 'STRING' } };
  }
  switch (column.kind) {
    case 'time':
      return { type: 'INT64', logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: true, unit: 'NANOS' } };
    case 'u64':
      return { type: 'INT64', converted_type: 'UINT_64' };
    case 'i64':
      return { type: 'INT64', converted_type: 'INT_64' };
    case 'u8':
      return { type: 'INT32', converted_type: 'UINT_8' };
    case 'i8':
      return { type: 'INT32', converted_type: 'INT_8' };
    case 'u16':
      return { type: 'INT32', converted_type: 'UINT_16' };
    case 'i16':
      return { type: 'INT32', converted_type: 'INT_16' };
    case 'u32':
      return { type: 'INT32', converted_type: 'UINT_32' };
    case 'i32':
      return { type: 'INT32', converted_type: 'INT_32' };
    case 'f32':
      return { type: 'FLOAT' };
    case 'f64':
      return { type: 'DOUBLE' };
    case 'boolean':
      return { type: 'BOOLEAN' };
    case 'code':
      return { type: 'BYTE_ARRAY', converted_type: 'UTF8', logical_type: { type: 'STRING' } };
    default: {
      const never: never = column;
      throw new TypeError(String(never));
    }
  }
}

interface Above {
  readonly way: readonly Column[];
  readonly path: readonly string[];
  readonly definition: number;
  readonly repetition: number;
}

/** The schema of a table's rows, in order of depth, with its leaves. */
export function parquetSchemaOf(row: StructureColumn): {
  readonly elements: SchemaElement[];
  readonly leaves: readonly Leaf[];
} {
  const elements: SchemaElement[] = [{ name: 'schema', num_children: row.members.length }];
  const leaves: Leaf[] = [];
  const add = (column: Column, above: Above): void => {
    const { name, nullable } = column;
    const repetition_type = nullable ? 'OPTIONAL' : 'REQUIRED';
    const way = [...above.way, column];
    const path = [...above.path, name];
    const definition = above.definition + (nullable ? 1 : 0);
    const { repetition } = above;
    if (column instanceof StructureColumn) {
      elements.push({ name, repetition_type, num_children: column.members.length });
      for (const member of column.members) add(member, { way, path, definition, repetition });
    } else if (column instanceof ListColumn) {
      elements.push(
        { name, repetition_type, converted_type: 'LIST', logical_type: { type: 'LIST' }, num_children: 1 },
        { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
      );
      add(column.element, {
        way,
        path: [...path, 'list'],
        definition: definition + 1,
        repetition: repetition + 1,
      });
    } else {
      const element: SchemaElement = { name, repetition_type, ...typeOf(column) };
      elements.push(element);
      leaves.push({ column, way, path, element, mostDefinition: definition, mostRepetition: repetition });
    }
  };
  for (const column of row.members) add(column, { way: [], path: [], definition: 0, repetition: 0 });
  return { elements, leaves };
}
