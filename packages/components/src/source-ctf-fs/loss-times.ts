import { nanosecondsOfClock } from './clock.ts';
import type { Loss } from './trace-info.ts';

/** When a loss began, in nanoseconds after the base; undefined where the trace does not say it. */
export function lossBeginNs({ stream, beginTicks }: Loss, baseNs: bigint): number | undefined {
  const clock = stream.streamClass.clockClass;
  if (clock === undefined || beginTicks === undefined) return undefined;
  return Number(nanosecondsOfClock(clock, beginTicks) - baseNs);
}
