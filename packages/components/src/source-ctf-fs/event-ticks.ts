/** From times of a flow back to clock values. */
import type { ClockClass } from '@spoor/ctf';
import { clockOffsetNs, cursorOrigin, nanosecondsOfTicks } from './clock.ts';

const word = 0x1_0000_0000;
/** A tick conversion is off by rounding only, so the right one is near. */
const farthestTick = 64n;

/** The clock value of one time after the other, in two halves. */
export class EventTicks {
  hi = 0;
  lo = 0;
  private readonly clock: ClockClass | undefined;
  private readonly originHi: number;
  private readonly originLo: number;
  /** Nanoseconds from the clock's value 0 to the flow's base, for clocks that do not tick in them. */
  private readonly scaledOriginNs: bigint | undefined;

  constructor(clock: ClockClass | undefined, baseNs: bigint) {
    this.clock = clock;
    const ticksInNs = clock?.frequencyHz === 1_000_000_000n;
    const origin = clock !== undefined && ticksInNs ? cursorOrigin(clock, baseNs) : { hi: 0, lo: 0 };
    this.originHi = origin.hi;
    this.originLo = origin.lo;
    this.scaledOriginNs = clock === undefined || ticksInNs ? undefined : baseNs - clockOffsetNs(clock);
  }

  /** Sets the clock value of a time. */
  set(timeNs: number): void {
    if (this.scaledOriginNs !== undefined) {
      this.setScaled(BigInt(timeNs) + this.scaledOriginNs);
      return;
    }
    const high = Math.floor(timeNs / word);
    const low = this.originLo + (timeNs - high * word);
    this.hi = this.originHi + high + (low >= word ? 1 : 0);
    this.lo = low >>> 0;
  }

  /** The first clock value that becomes this many nanoseconds again when it is read. */
  private setScaled(ns: bigint): void {
    const { frequencyHz } = this.clock!;
    const least = (ns * frequencyHz + 999_999_999n) / 1_000_000_000n;
    let ticks = least;
    for (let away = 0n; away <= farthestTick; away++) {
      const found = [least + away, least - away].find(
        (candidate) => candidate >= 0n && nanosecondsOfTicks(frequencyHz, candidate) === ns,
      );
      if (found === undefined) continue;
      ticks = found;
      break;
    }
    this.hi = Number(ticks >> 32n);
    this.lo = Number(ticks & 0xffff_ffffn);
  }
}
