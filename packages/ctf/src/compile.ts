/**
 * The one module of the package that makes code from text. What it is given was written by an Emitter, in which
 * names of a trace are string literals only.
 */
import type { Emitter } from './emitter.ts';

let possible: boolean | undefined;

/** Whether code may be made from text here (a content security policy or a flag of Node.js may forbid it). */
export function canCompile(): boolean {
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
 * Makes the function that the emitter's text is the body of.
 * The caller knows its type and asserts it.
 * @param title shown by debuggers and profilers as `spoor:decode/TITLE`.
 */
export function compileFunction(title: string, parameters: readonly string[], emitter: Emitter): unknown {
  const names = [...emitter.bindings.keys()];
  const source =
    `"use strict";\nreturn function (${parameters.join(', ')}) {\n${emitter.text()}};\n` +
    `//# sourceURL=spoor:decode/${encodeURI(title).replaceAll(/[\s'"]/g, '')}`;
  const make = new Function(...names, source) as (...values: unknown[]) => unknown;
  return make(...emitter.bindings.values());
}
