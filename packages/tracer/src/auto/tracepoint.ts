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

/** What tells whether a tracepoint is recorded. */
export type OwnGate = Pick<Gate, 'on'>;

const gates = new WeakMap<object, OwnGate>();

/**
 * The gate of a tracepoint that {@link tracepoint} made: what is asked at each request asks this, for `enabled` is a
 * getter of a function, which V8 calls anew each time.
 */
export function gateOf(emit: object): OwnGate {
  return gates.get(emit)!;
}
