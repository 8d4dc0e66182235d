// A serialiser that becomes generated code when its class turns out to be emitted often. To generate and compile one takes
// some 170 µs, to walk the declaration a few: a program of fifty classes that come once or twice each need not compile them.
import { apply } from './primordials.ts';
import type { Serialise } from './serialiser.ts';

/**
 * Events of a class that are walked before it is compiled. So few that V8 has not begun to note what the program's call leads to:
 * it inlines what is compiled only where it has seen nothing else.
 */
export const WALKED_EVENTS = 8;

/**
 * A serialiser that walks, and compiles at the event after {@link WALKED_EVENTS}: this and all later ones are recorded by the
 * compiled one, whoever still calls what is returned here.
 * @param whenCompiled takes the compiled one, in the middle of an event.
 */
export function walkFirst(
  walk: Serialise,
  compile: () => Serialise,
  whenCompiled: (compiled: Serialise) => void,
): Serialise {
  let current = walk;
  let left = WALKED_EVENTS;
  return (...values) => {
    left -= 1;
    if (left < 0 && current === walk) {
      try {
        current = compile();
        whenCompiled(current);
      } catch {
        // For want of stack or memory; it is tried again.
        left = WALKED_EVENTS;
      }
    }
    apply(current, undefined, values);
  };
}
