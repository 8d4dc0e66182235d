import { describeError } from '@spoor/base';
import { currentSession } from '../session-slot.ts';
import { apply } from '../primordials.ts';

/**
 * Has the summary of the recording say that automatic events are missing, and why: either this version of Node.js
 * lacks what they watch, or Spoor has a defect.
 */
export function tellMissing(what: string, error: unknown): void {
  try {
    currentSession()?.tell(`${what} are missing: ${describeError(error)}`);
  } catch {
    // A thrown value that cannot even be turned into text.
  }
}

/** {@link tellMissing} of an event that could not be made. */
export function tellMissed(error: unknown): void {
  tellMissing('some automatic events', error);
}

/**
 * The same callback, but what it throws goes nowhere: a subscriber of a diagnostics channel that throws would
 * end the program by an uncaught exception. Callbacks that many requests come by do so by themselves: V8 learns of one
 * guarded callback and another together, and makes no code of both.
 */
export function guarded<Args extends readonly unknown[]>(
  callback: (...args: Args) => void,
): (...args: Args) => void {
  return (...args) => {
    try {
      callback(...args);
    } catch (error) {
      tellMissed(error);
    }
  };
}

/** As `guarded`, for a listener whose `this` is the emitter. */
export function guardedListener<Emitter, Args extends readonly unknown[]>(
  listener: (this: Emitter, ...args: Args) => void,
): (this: Emitter, ...args: Args) => void {
  return function onEvent(this: Emitter, ...args: Args): void {
    try {
      apply(listener, this, args);
    } catch (error) {
      tellMissed(error);
    }
  };
}
