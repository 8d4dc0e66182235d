// The one module of the package that makes code from text: calls of tracepoints, and what emit-serialiser.ts wrote.
import type { Declaration } from './declaration.ts';
import { contextsOf, runtime, serialiserText } from './emit-serialiser.ts';
import type { Serialise, Sink, Stacks, Tally } from './serialiser.ts';

/** What the call of a tracepoint tests: off, or on with the way to record. */
export interface Gate {
  on: boolean;
  write: Serialise;
}

/** Makes the function that the program calls: the test of the gate and the hand-over of the arguments. */
export function compileCall(declaration: Declaration, gate: Gate): Serialise {
  const args = declaration.fields.map((_, index) => `a${index}`).join(', ');
  const text = [
    `'use strict';`,
    `return function emit(${args}) {`,
    // Compared with `true`, for V8 does not know that it is a boolean and would ask for all that is true.
    `  if (gate.on === true) gate.write(${args});`,
    `};`,
    `//# sourceURL=spoor:call/${declaration.name}`,
  ].join('\n');
  return new Function('gate', text)(gate) as Serialise;
}

/** Makes the serialiser of one event class that records into any number of rings, and counts. */
export function compileSerialiser(
  declaration: Declaration,
  sinks: readonly Sink[],
  stacks: Stacks,
  tallies: readonly Tally[] = [],
): Serialise {
  const { text, conversions } = serialiserText(declaration, sinks, tallies);
  const contexts = contextsOf(sinks, tallies);
  return new Function('sinks', 'stacks', 'contexts', 'runtime', 'conversions', 'tallies', text)(
    sinks,
    stacks,
    contexts,
    runtime,
    conversions,
    tallies,
  ) as Serialise;
}
