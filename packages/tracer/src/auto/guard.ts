/** Exceptions of our own code that were kept from the program. */
let failures = 0;

/** How many exceptions of automatic events were swallowed so far in this thread; 0 unless Spoor has a defect. */
export function autoEventFailures(): number {
  return failures;
}

/**
 * The same callback, but what it throws goes nowhere: a subscriber of a diagnostics channel that throws would
 * end the program by an uncaught exception.
 */
export function guarded<Args extends readonly unknown[]>(
  callback: (...args: Args) => void,
): (...args: Args) => void {
  return (...args) => {
    try {
      callback(...args);
    } catch {
      failures += 1;
    }
  };
}

/** As `guarded`, for a listener whose `this` is the emitter. */
export function guardedListener<Emitter, Args extends readonly unknown[]>(
  listener: (this: Emitter, ...args: Args) => void,
): (this: Emitter, ...args: Args) => void {
  return function onEvent(this: Emitter, ...args: Args): void {
    try {
      Reflect.apply(listener, this, args);
    } catch {
      failures += 1;
    }
  };
}
