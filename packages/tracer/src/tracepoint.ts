import type { Gate } from './compile.ts';
import { checkOptions, declare, type Declaration } from './declaration.ts';
import type { FieldList, FieldTypes, ValueOf } from './field-types.ts';
import type { LogLevel } from './log-level.ts';
import type { Serialise } from './serialiser.ts';
import { currentSession, keepIdle, loadedSession } from './session-slot.ts';
import { apply, define } from './primordials.ts';

/** The values of a list of fields, in its order. */
export type ValuesOfList<Fields extends FieldList> = {
  readonly [Index in keyof Fields]: ValueOf<Fields[Index][1]>;
};

/** A value that one of the fields takes. */
type AnyValueOf<Fields extends FieldTypes> = ValueOf<Fields[keyof Fields]>;

type UnionToIntersection<U> = (U extends unknown ? (value: U) => void : never) extends (
  value: infer I,
) => void
  ? I
  : never;
type LastOf<U> = UnionToIntersection<U extends unknown ? () => U : never> extends () => infer R ? R : never;
/** As many `Value`s as there are names in the union. */
type OneEach<Name, Value, Taken extends readonly unknown[] = []> = [Name] extends [never]
  ? Taken
  : OneEach<Exclude<Name, LastOf<Name>>, Value, [...Taken, Value]>;

/**
 * What the emit function of fields declared as an object takes: one argument a field, in the order of declaration.
 * The language keeps no order of an object type's members, so each argument is checked to be a value of one of the
 * fields; declare the fields as a list to have each checked against its own.
 */
export type ValuesOfObject<Fields extends FieldTypes> = OneEach<keyof Fields, AnyValueOf<Fields>>;

/** Records an event. Never throws; costs a flag test when nothing is recorded. */
export interface Tracepoint<Values extends readonly unknown[]> {
  (...values: Values): void;
  /** Whether a call records anything: guards the work of preparing arguments. */
  readonly enabled: boolean;
}

/** What a declaration may say beside the fields. */
export interface TracepointOptions {
  readonly logLevel?: LogLevel;
}

/**
 * Declares a tracepoint and returns the function that emits its event.
 *
 * ```ts
 * const orderPlaced = tracepoint('shop:order_placed', { order: 'u32', customer: 'string', total: 'f64' });
 * orderPlaced(42, 'ann', 19.9);
 * ```
 *
 * An event without fields needs its name alone. Values are recorded as C would store them: integers modulo their
 * size, strings in UTF-8 up to any length that fits a sub-buffer. A NUL in a string is recorded as `␀`.
 * @throws SpoorError `tracer/declaration` when the declaration itself is wrong.
 */
export function tracepoint(name: string): Tracepoint<readonly []>;
export function tracepoint<const Fields extends FieldList>(
  name: string,
  fields: Fields,
  options?: TracepointOptions,
): Tracepoint<ValuesOfList<Fields>>;
export function tracepoint<const Fields extends FieldTypes>(
  name: string,
  fields: Fields,
  options?: TracepointOptions,
): Tracepoint<ValuesOfObject<Fields>>;
export function tracepoint(
  name: string,
  fields: FieldTypes | FieldList = {},
  options: TracepointOptions = {},
): Tracepoint<readonly never[]> {
  checkOptions(name, options);
  const declaration = declare(name, fields, options.logLevel);
  const session = loadedSession();
  const gate = makeGate(declaration);
  if (session === undefined) return adoptIdle(declaration, gate, declaration.fields.length);
  return withEnabled(session.callOf(declaration, gate), gate);
}

/** The gate of a tracepoint that a session will adopt; closed until then. */
export function makeGate(declaration: Declaration): Gate {
  const gate: Gate = {
    on: false,
    // The first event makes what is needed to record it, then is recorded like all others.
    write(...values) {
      const replace = (compiled: Serialise): void => {
        if (gate.write === serialise) gate.write = compiled;
      };
      const serialise = currentSession()?.serialiserOf(declaration, replace) ?? 'off';
      if (serialise === 'busy') return;
      if (serialise === 'off') {
        gate.on = false;
        return;
      }
      gate.write = serialise;
      apply(serialise, undefined, values);
    },
  };
  return gate;
}

/** The function of a tracepoint with `count` fields that need not be the fastest, in this thread's session if it has one. */
export function adoptIdle(declaration: Declaration, gate: Gate, count: number): Tracepoint<readonly never[]> {
  const session = loadedSession();
  if (session === undefined) keepIdle({ declaration, gate });
  else session.adopt({ declaration, gate });
  return withEnabled(idleCall(gate, count), gate);
}

/**
 * What the program calls while nothing records it, and the tracer's own events. The functions share what V8 learns of
 * them, so that one that is recorded (by a subscription of the program's own) is a few nanoseconds slower than those that
 * are made for a recording, but they need not be compiled one by one.
 */
function idleCall(gate: Gate, count: number): (...values: unknown[]) => void {
  switch (count) {
    case 0:
      return () => {
        if (gate.on) gate.write();
      };
    case 1:
      return (a) => {
        if (gate.on) gate.write(a);
      };
    case 2:
      return (a, b) => {
        if (gate.on) gate.write(a, b);
      };
    case 3:
      return (a, b, c) => {
        if (gate.on) gate.write(a, b, c);
      };
    case 4:
      return (a, b, c, d) => {
        if (gate.on) gate.write(a, b, c, d);
      };
    case 5:
      return (a, b, c, d, e) => {
        if (gate.on) gate.write(a, b, c, d, e);
      };
    case 6:
      return (a, b, c, d, e, f) => {
        if (gate.on) gate.write(a, b, c, d, e, f);
      };
    default:
      return (...values) => {
        if (gate.on) apply(gate.write, undefined, values);
      };
  }
}

function withEnabled(
  emit: (...values: never[]) => void,
  gate: Pick<Gate, 'on'>,
): Tracepoint<readonly never[]> {
  define(emit, 'enabled', { get: () => gate.on });
  return emit as Tracepoint<readonly never[]>;
}
