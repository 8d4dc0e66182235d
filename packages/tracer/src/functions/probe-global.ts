import { PROBE_NAME } from './probe-text.ts';
import type { Probe } from './runtime.ts';

/** Whether another copy of the tracer records functions of this thread. */
export function isProbePublished(): boolean {
  return Object.hasOwn(globalThis, PROBE_NAME);
}

/**
 * Puts the probe where rewritten functions find it: a global, for a module's own variables do not exist yet when another
 * module of a cycle calls its functions. Not listed among the global object's properties, and not replaceable, so that
 * the optimising compiler takes it for a constant.
 */
export function publishProbe(probe: Probe): void {
  Object.defineProperty(globalThis, PROBE_NAME, {
    value: probe,
    enumerable: false,
    configurable: false,
    writable: false,
  });
}
