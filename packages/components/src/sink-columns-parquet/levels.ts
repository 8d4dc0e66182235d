/** Definition and repetition levels of a leaf (Dremel's way of writing nested values), from the columns above it. */
import { ListColumn } from '../columns/column.ts';
import type { Leaf } from './parquet-schema.ts';

/** Levels, one a value or absence of one, and the rows of the leaf that have a value. */
export interface Levels {
  /** Values and absences. */
  readonly count: number;
  /** Absent where every value is there: all levels are the greatest. */
  readonly definition: Uint8Array | undefined;
  /** Absent outside of lists. */
  readonly repetition: Uint8Array | undefined;
  /** Rows of the leaf's column that are there, in order; absent where all `count` rows are. */
  readonly present: Int32Array | undefined;
}

/** Slots while the way is gone down: the row of the present column each stands for, or that it ended above. */
interface Slots {
  count: number;
  /** Row in the column reached, or -1 where an absence ended the way. */
  row: Int32Array;
  definition: Uint8Array;
  repetition: Uint8Array;
}

/** Works out the levels of a leaf for all rows of its table. */
export function levelsOf(leaf: Leaf, rows: number): Levels {
  const { way, mostDefinition, mostRepetition } = leaf;
  if (mostDefinition === 0) {
    return { count: rows, definition: undefined, repetition: undefined, present: undefined };
  }
  let slots: Slots = {
    count: rows,
    row: Int32Array.from({ length: rows }, (_, row) => row),
    definition: new Uint8Array(rows),
    repetition: new Uint8Array(rows),
  };
  let definition = 0;
  let repetition = 0;
  for (const column of way) {
    if (column.nullable) {
      definition += 1;
      const { valid } = column;
      for (let slot = 0; slot < slots.count; slot++) {
        const row = slots.row[slot]!;
        if (row < 0) continue;
        if (valid[row] === 1) slots.definition[slot] = definition;
        else slots.row[slot] = -1;
      }
    }
    if (column instanceof ListColumn) {
      definition += 1;
      repetition += 1;
      slots = unfold(slots, column, definition, repetition);
    }
  }
  const present = new Int32Array(slots.count);
  let found = 0;
  for (let slot = 0; slot < slots.count; slot++) {
    if (slots.definition[slot] === mostDefinition) present[found++] = slots.row[slot]!;
  }
  return {
    count: slots.count,
    definition: slots.definition.subarray(0, slots.count),
    repetition: mostRepetition === 0 ? undefined : slots.repetition.subarray(0, slots.count),
    present: present.subarray(0, found),
  };
}

/** A slot for each element of each list, and one for each list that has none. */
function unfold(slots: Slots, list: ListColumn, definition: number, repetition: number): Slots {
  const { offsets } = list;
  let count = 0;
  for (let slot = 0; slot < slots.count; slot++) {
    const row = slots.row[slot]!;
    count += row < 0 ? 1 : Math.max(1, offsets[row + 1]! - offsets[row]!);
  }
  const unfolded: Slots = {
    count,
    row: new Int32Array(count),
    definition: new Uint8Array(count),
    repetition: new Uint8Array(count),
  };
  let at = 0;
  for (let slot = 0; slot < slots.count; slot++) {
    const row = slots.row[slot]!;
    unfolded.repetition[at] = slots.repetition[slot]!;
    const first = row < 0 ? 0 : offsets[row]!;
    const end = row < 0 ? 0 : offsets[row + 1]!;
    if (first === end) {
      unfolded.row[at] = -1;
      unfolded.definition[at++] = slots.definition[slot]!;
      continue;
    }
    for (let element = first; element < end; element++) {
      unfolded.row[at] = element;
      unfolded.definition[at] = definition;
      if (element > first) unfolded.repetition[at] = repetition;
      at += 1;
    }
  }
  return unfolded;
}
