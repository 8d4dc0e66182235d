/** The text of event times: `[HH:MM:SS.nnnnnnnnn] (+S.nnnnnnnnn) `. */
import type { PrettyOptions } from './options.ts';
import { putAscii, putBytes, putNine, putUnsigned } from './write-text.ts';

const nanosecondsPerSecond = 1_000_000_000n;

function twoDigits(value: number): string {
  return String(value).padStart(2, '0');
}

/** The wall-clock text of a time in nanoseconds from the epoch, without brackets. */
export function wallTime(ns: bigint, options: PrettyOptions): string {
  const negative = ns < 0n;
  const size = negative ? -ns : ns;
  const seconds = size / nanosecondsPerSecond;
  const fraction = String(size % nanosecondsPerSecond).padStart(9, '0');
  if (options.clockSeconds || negative) return `${negative ? '-' : ''}${seconds}.${fraction}`;
  return `${timeOfDay(Number(seconds), options)}.${fraction}`;
}

/** `HH:MM:SS` of seconds from the epoch, with the date before it if asked for. */
function timeOfDay(seconds: number, options: PrettyOptions): string {
  const date = new Date(seconds * 1000);
  // Dates end in the year 275760; clocks that were never set go further.
  if (Number.isNaN(date.getTime())) return timeOfDay(seconds % 86_400, options);
  const [year, month, day, hours, minutes, second] = options.clockGmt
    ? [
        date.getUTCFullYear(),
        date.getUTCMonth(),
        date.getUTCDate(),
        date.getUTCHours(),
        date.getUTCMinutes(),
        date.getUTCSeconds(),
      ]
    : [
        date.getFullYear(),
        date.getMonth(),
        date.getDate(),
        date.getHours(),
        date.getMinutes(),
        date.getSeconds(),
      ];
  const dateText = options.clockDate ? `${year}-${twoDigits(month + 1)}-${twoDigits(day)} ` : '';
  return `${dateText}${twoDigits(hours)}:${twoDigits(minutes)}:${twoDigits(second)}`;
}

/** What stands before a time. */
function timeBegin({ nameHeader, colors }: PrettyOptions): string {
  const { bold, brightYellow, reset } = colors;
  return `${nameHeader ? `${bold}timestamp${reset} = ` : '['}${bold}${brightYellow}`;
}

/** What stands between a time and the distance to the one before. */
function timeBetween({ nameHeader, colors }: PrettyOptions): string {
  const { bold, reset } = colors;
  return `${reset}${nameHeader ? `, ${bold}delta${reset} = +` : '] (+'}`;
}

/** What stands after both, or after the time where it stands alone. */
function timeEnd({ nameHeader, noDelta, colors }: PrettyOptions): string {
  if (!noDelta) return nameHeader ? '' : ') ';
  return `${colors.reset}${nameHeader ? '' : '] '}`;
}

/** Writes the time of each event, and its distance to the one before. */
export class TimeWriter {
  /** Start and end of the present second, after the base. */
  private secondStart = Infinity;
  private secondEnd = -Infinity;
  /** Text up to the fraction's point, of the present second. */
  private head = new Uint8Array(160);
  private headLength = 0;
  /** Time of the event before, in nanoseconds after the base; NaN where there is none. */
  last: number = NaN;
  private readonly baseNs: bigint;
  private readonly options: PrettyOptions;
  /** Whether times have the usual form, for which there is a quick way. */
  private readonly plain: boolean;
  private readonly before: string;
  private readonly between: Uint8Array;
  private readonly after: string;

  constructor(baseNs: bigint, options: PrettyOptions) {
    this.baseNs = baseNs;
    this.options = options;
    const { colors } = options;
    this.plain = !options.nameHeader && !options.noDelta && colors.reset === '';
    this.before = timeBegin(options);
    const between = timeBetween(options);
    this.between = new TextEncoder().encode(between);
    this.after = timeEnd(options);
  }

  /**
   * Writes the time of a row, in nanoseconds after the base; returns the position after it. The time comes as an
   * array and a row because a double as an argument would be boxed.
   */
  write(out: Uint8Array, view: DataView, at: number, times: Float64Array, row: number): number {
    const timeNs = times[row]!;
    if (timeNs < this.secondStart || timeNs >= this.secondEnd) this.enterSecond(timeNs);
    const { head, headLength } = this;
    for (let index = 0; index < headLength; index++) out[at + index] = head[index]!;
    let to = at + headLength;
    // Times before the epoch have their whole text in the head, and no second to stay in.
    if (this.secondEnd > timeNs) to = putNine(out, view, to, (timeNs - this.secondStart) | 0);
    if (this.plain) {
      const delta = timeNs - this.last;
      if (delta >= 0 && delta < 1e9) {
        // `] (+0.` and `) `.
        view.setUint32(to, 0x2b28205d, true);
        view.setUint16(to + 4, 0x2e30, true);
        view.setUint16(to + 15, 0x2029, true);
        putNine(out, view, to + 6, delta | 0);
        this.last = timeNs;
        return to + 17;
      }
    }
    return this.writeRest(out, view, to, timeNs);
  }

  /** What follows the time, in all its forms. */
  private writeRest(out: Uint8Array, view: DataView, at: number, timeNs: number): number {
    let to = at;
    if (!this.options.noDelta) {
      to = putBytes(out, to, this.between, this.between.length);
      to = this.putDelta(out, view, to, timeNs - this.last);
    }
    this.last = timeNs;
    return this.after === '' ? to : putAscii(out, to, this.after);
  }

  private putDelta(out: Uint8Array, view: DataView, at: number, delta: number): number {
    if (Number.isNaN(delta)) return putAscii(out, at, '?.?????????');
    if (delta < 0) {
      // A step back in time shows as babeltrace2's unsigned difference does.
      const wrapped = BigInt.asUintN(64, BigInt(delta));
      const fraction = String(wrapped % nanosecondsPerSecond).padStart(9, '0');
      return putAscii(out, at, `${wrapped / nanosecondsPerSecond}.${fraction}`);
    }
    const seconds = Math.floor(delta / 1e9);
    const to = putUnsigned(out, view, at, seconds);
    out[to] = 46;
    return putNine(out, view, to + 1, delta - seconds * 1e9);
  }

  private enterSecond(timeNs: number): void {
    const ns = this.baseNs + BigInt(timeNs);
    const text = wallTime(ns, this.options);
    if (ns < 0n) {
      this.secondStart = Infinity;
      this.secondEnd = -Infinity;
      this.headLength = putAscii(this.head, 0, this.before + text);
      return;
    }
    this.secondStart = Number((ns / nanosecondsPerSecond) * nanosecondsPerSecond - this.baseNs);
    this.secondEnd = this.secondStart + 1e9;
    this.headLength = putAscii(this.head, 0, this.before + text.slice(0, -9));
  }
}

/** Writes clock values in ticks: `[00000000000000000000] (+000000000000) `. */
export class CycleWriter {
  private last: bigint | undefined;
  private readonly options: PrettyOptions;

  constructor(options: PrettyOptions) {
    this.options = options;
  }

  /** Writes the clock value of an event; returns the position after it. */
  write(out: Uint8Array, at: number, cycles: bigint): number {
    const { noDelta } = this.options;
    let text = `${timeBegin(this.options)}${String(cycles).padStart(20, '0')}`;
    if (!noDelta) {
      const delta = this.last === undefined ? undefined : BigInt.asUintN(64, cycles - this.last);
      text += timeBetween(this.options);
      text += delta === undefined ? '????????????' : String(delta).padStart(12, '0');
    }
    this.last = cycles;
    return putAscii(out, at, text + timeEnd(this.options));
  }
}
