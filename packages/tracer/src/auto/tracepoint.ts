// Tracepoints of the tracer itself. Some forty are declared at the start of each traced program, most of which it never
// comes by: what recording one takes is made at its first event, and its declaration, which is right, is not checked.
import { LazyDeclaration } from '../declaration.ts';
import type { FieldList } from '../field-types.ts';
import {
  adoptIdle,
  makeGate,
  type Tracepoint,
  type TracepointOptions,
  type ValuesOfList,
} from '../tracepoint.ts';

export type { Tracepoint };

/** As `tracepoint` of the package, for declarations that cannot be wrong. */
export function tracepoint<const Fields extends FieldList>(
  name: string,
  fields: Fields,
  options: TracepointOptions,
): Tracepoint<ValuesOfList<Fields>> {
  const declaration = new LazyDeclaration(name, fields, options.logLevel);
  return adoptIdle(declaration, makeGate(declaration), fields.length) as Tracepoint<ValuesOfList<Fields>>;
}
