/** The one module of the package that makes code from text: what `emit.ts` wrote. */
import { emitPredicate } from './emit.ts';
import { plainPredicate, type FieldReader } from './evaluate.ts';
import type { Program } from './program.ts';

/** Choices for predicates. */
export interface PredicateOptions {
  /** `false` never makes code from text; the default makes it where that is possible. */
  readonly compile?: boolean;
}

let possible: boolean | undefined;

/** Whether code may be made from text here (a content security policy or a flag of Node.js may forbid it). */
function canCompile(): boolean {
  if (possible === undefined) {
    try {
      possible = (new Function('return true') as () => boolean)();
    } catch {
      possible = false;
    }
  }
  return possible;
}

/**
 * Makes the predicate of a program: true of an event when the expression is.
 * @param readers one for each of the program's slots; each field is read at most once a call, and only if needed.
 * @param arity how many arguments predicate and readers take.
 */
export function makePredicate<Arguments extends readonly unknown[]>(
  program: Program,
  readers: readonly FieldReader<Arguments>[],
  arity: Arguments['length'],
  options: PredicateOptions = {},
): (...at: Arguments) => boolean {
  if (options.compile === false || !canCompile()) return plainPredicate(program, readers);
  const { parameters, body, bindings } = emitPredicate(program, readers, arity);
  const source = `"use strict";\nreturn function (${parameters.join(', ')}) {\n${body}};\n//# sourceURL=spoor:filter`;
  const make = new Function(...bindings.keys(), source) as (
    ...values: readonly unknown[]
  ) => (...at: Arguments) => boolean;
  return make(...bindings.values());
}
