/** When tasks began, as /proc says it, on the clock of records. */
import { readProc } from './scan-tasks.node.ts';

/** What /proc counts starts in: USER_HZ is 100 on all machines. */
export const tickNs = 10_000_000n;

/** How far the clock of task starts (CLOCK_BOOTTIME) is ahead of the monotonic one: the time that the machine slept. */
export function sleptNs(): bigint {
  const uptime = /^(\d+)\.(\d\d)/.exec(readProc('/proc/uptime') ?? '');
  if (uptime === null) return 0n;
  const bootNs = BigInt(uptime[1]!) * 1_000_000_000n + BigInt(uptime[2]!) * tickNs;
  const ahead = bootNs - process.hrtime.bigint();
  return ahead > 1_000_000_000n ? ahead : 0n;
}

/**
 * Whether a task that is there now is another than the one of its number at some time.
 * @param startTicks of /proc's `stat`.
 * @param timeNs by CLOCK_MONOTONIC; within a tick nobody can tell.
 */
export function hasBegunAfter(startTicks: number, timeNs: number): boolean {
  return BigInt(startTicks) > (BigInt(Math.trunc(timeNs)) + sleptNs()) / tickNs;
}

/**
 * When a task began, by CLOCK_MONOTONIC: never later than it did, and some ticks before at most.
 * @param startTicks of /proc's `stat`.
 * @param slept what {@link sleptNs} says.
 */
export function startNs(startTicks: number, slept: bigint): number {
  // What it says of a machine that has slept is exact to a tick.
  return Number(BigInt(startTicks) * tickNs - slept - (slept > 0n ? tickNs : 0n));
}
