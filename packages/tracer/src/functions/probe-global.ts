import { runInThisContext } from 'node:vm';
import { PROBE_NAME } from './probe-text.ts';
import type { Probe } from './runtime.ts';

/** Whether another copy of the tracer records functions of this thread. */
export function isProbePublished(): boolean {
  return runInThisContext(`typeof ${PROBE_NAME}`) !== 'undefined';
}

/**
 * Puts the probe where rewritten functions find it: in a global variable, for a module's own variables do not exist yet
 * when another module of a cycle calls its functions. A constant of a script is no property of the global object: programs
 * that look at that do not see it, and the optimising compiler takes it for what it is.
 */
export function publishProbe(probe: Probe): void {
  const publish = runInThisContext(`let ${PROBE_NAME}_p;(probe)=>{${PROBE_NAME}_p=probe}`) as (
    probe: Probe,
  ) => void;
  publish(probe);
  runInThisContext(`const ${PROBE_NAME}=${PROBE_NAME}_p`);
}
