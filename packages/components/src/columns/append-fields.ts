/** What appends the fields of an event to columns: generated, or the interpreter where no code may be made. */
import {
  canCompile,
  compileFunction,
  emitExternals,
  emitWalk,
  Emitter,
  interpret,
  type Plan,
} from '@spoor/ctf';
import type { StructureColumn } from './column.ts';
import { ColumnStrategy, type ScopeColumns } from './emit-columns.ts';
import { ColumnVisitor } from './plain-columns.ts';

/** Appends the contexts and the payload of the event that a scan noted at bit `p`. */
export type AppendFields = (bytes: Uint8Array, view: DataView, p: number, ext: Float64Array) => void;

/**
 * Makes the function for the events of a plan.
 * @param externals indexes, in the packet's values, of those that the plan asks for.
 * @param row the structure that is a row of the table; the columns are filled up to its length first if it is sparse.
 */
export function makeAppend(
  plan: Plan,
  externals: readonly number[],
  scopes: ScopeColumns,
  row: StructureColumn,
  compile: boolean,
): AppendFields {
  if (!compile || !canCompile()) {
    return (bytes, _view, p, ext) => {
      if (row.sparse) for (const column of Object.values(scopes)) column.padTo(row.length);
      const values = externals.map((index) => ext[index]!);
      interpret(plan, bytes, p, bytes.length * 8, new ColumnVisitor(bytes, scopes), values);
    };
  }
  const e = new Emitter();
  emitExternals(e, externals);
  emitWalk(e, plan, new ColumnStrategy(scopes, row));
  return compileFunction(
    `${plan.name}/columns`,
    ['bytes', 'view', 'p', externals.length === 0 ? 'ext' : 'packetValues'],
    e,
  ) as AppendFields;
}
