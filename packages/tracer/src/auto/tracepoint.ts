// Tracepoints of the tracer itself. Some forty are declared at the start of each traced program, most of which it never
// comes by: what recording one takes is made at its first event, and its declaration, which is right, is not checked.
import type { Gate } from '../compile.ts';
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
  const gate = makeGate(declaration);
  const emit = adoptIdle(declaration, gate, fields.length);
  gates.set(emit, gate);
  return emit as Tracepoint<ValuesOfList<Fields>>;
}

/** What tells whether a tracepoint is recorded, and records its event; `write` is to be called only while it is `on`. */
export interface OwnGate<Values extends readonly unknown[]> extends Pick<Gate, 'on'> {
  readonly write: (...values: Values) => void;
}

const gates = new WeakMap<object, OwnGate<never>>();

/**
 * The gate of a tracepoint that {@link tracepoint} made, for what is told at each request. `enabled` is a getter of a function,
 * which V8 calls anew each time; and the function itself is one for all tracepoints with as many fields, so that V8 does
 * not know whom it calls, and comes to the serialiser by way of code that is in no cache.
 */
export function gateOf<Values extends readonly unknown[]>(emit: Tracepoint<Values>): OwnGate<Values> {
  return gates.get(emit)! as OwnGate<Values>;
}
