/** From clock values to time, as babeltrace2 counts it. */
import type { ClockClass } from '@spoor/ctf';

const nanosecondsPerSecond = 1_000_000_000n;

/** Nanoseconds of a number of ticks; beyond 1 GHz clocks rounded as a double and cut, as babeltrace2 does. */
export function nanosecondsOfTicks(frequencyHz: bigint, ticks: bigint): bigint {
  if (frequencyHz === nanosecondsPerSecond) return ticks;
  return BigInt(Math.floor((1e9 * Number(ticks)) / Number(frequencyHz)));
}

/** Nanoseconds from the Unix epoch (or the clock's own origin) to clock value 0. */
export function clockOffsetNs(clock: ClockClass): bigint {
  // Whole seconds are taken out of the tick offset first, so that the double keeps its precision.
  const seconds = clock.offsetSeconds + clock.offsetTicks / clock.frequencyHz;
  const ticks = clock.offsetTicks % clock.frequencyHz;
  return seconds * nanosecondsPerSecond + nanosecondsOfTicks(clock.frequencyHz, ticks);
}

/** Nanoseconds from the origin to a clock value. */
export function nanosecondsOfClock(clock: ClockClass, ticks: bigint): bigint {
  return clockOffsetNs(clock) + nanosecondsOfTicks(clock.frequencyHz, ticks);
}

/** The two constants that a cursor subtracts from its clock to get time after `baseNs`. */
export function cursorOrigin(
  clock: ClockClass,
  baseNs: bigint,
): { readonly hi: number; readonly lo: number } {
  const origin = baseNs - clockOffsetNs(clock);
  if (clock.frequencyHz === nanosecondsPerSecond) {
    return { hi: Number(origin >> 32n), lo: Number(origin & 0xffff_ffffn) };
  }
  // Both parts are exact doubles: the upper one is a multiple of 2^20 of at most 63 bits.
  const low = origin & 0xf_ffffn;
  return { hi: Number(origin - low), lo: Number(low) };
}

/** A clock value that is surely not after a time given in nanoseconds from the origin, a second before it; at least 0. */
export function ticksSurelyBefore(clock: ClockClass, ns: bigint): bigint {
  const sinceOffset = ns - clockOffsetNs(clock) - nanosecondsPerSecond;
  return sinceOffset <= 0n ? 0n : (sinceOffset * clock.frequencyHz) / nanosecondsPerSecond;
}

/** Ticks that a time came from; the nearest, where several ticks fall into one nanosecond. */
export function ticksOfNanoseconds(clock: ClockClass, ns: bigint): bigint {
  const sinceOffset = ns - clockOffsetNs(clock);
  if (clock.frequencyHz === nanosecondsPerSecond) return sinceOffset;
  const near = (sinceOffset * clock.frequencyHz) / nanosecondsPerSecond;
  for (let ticks = near > 2n ? near - 2n : 0n; ticks <= near + 3n; ticks++) {
    if (nanosecondsOfClock(clock, ticks) === ns) return ticks;
  }
  return near;
}

/** The clock value at a time, cut to whole ticks; 0 for times before the clock began. */
export function ticksAtNanoseconds(clock: ClockClass, ns: bigint): bigint {
  const sinceOffset = ns - clockOffsetNs(clock);
  return sinceOffset <= 0n ? 0n : (sinceOffset * clock.frequencyHz) / nanosecondsPerSecond;
}
