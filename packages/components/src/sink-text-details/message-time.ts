/** The text of the times of messages: `[C cycles, N ns from origin]`. Guarded by bench/details.ts. */
import type { ClockClass } from '@spoor/ctf';
import { clockOffsetNs, nanosecondsOfClock, ticksOfNanoseconds } from '../source-ctf-fs/clock.ts';
import type { OpenStream } from '../source-ctf-fs/trace-set.ts';
import { putAscii } from '../sink-text-pretty/write-text.ts';
import { groupedDecimal, putNineGrouped, putWords, Words } from './grouped.ts';
import type { DetailsOptions } from './options.ts';
import type { TickReader } from './tick-reader.ts';

const nanosecondsPerSecond = 1_000_000_000n;

/** A growing number of nanoseconds of which the upper digits are kept as text. */
class SlowNumber {
  /** Text up to the last nine digits. */
  private head = new Words('');
  private start = Infinity;
  private end = -Infinity;
  private readonly baseNs: bigint;
  private readonly before: string;

  /** @param baseNs what is added to a time to get the number. */
  constructor(baseNs: bigint, before: string) {
    this.baseNs = baseNs;
    this.before = before;
  }

  /** Writes the number of a row; returns the position after it. */
  write(out: Uint8Array, view: DataView, at: number, times: Float64Array, row: number): number {
    const time = times[row]!;
    if (time < this.start || time >= this.end) {
      const value = this.baseNs + BigInt(time);
      if (value < nanosecondsPerSecond) {
        this.end = -Infinity;
        return putAscii(out, at, this.before + groupedDecimal(value));
      }
      this.enter(value);
    }
    return putNineGrouped(out, putWords(view, at, this.head), (time - this.start) | 0);
  }

  private enter(value: bigint): void {
    const whole = value - (value % nanosecondsPerSecond);
    this.start = Number(whole - this.baseNs);
    this.end = this.start + 1e9;
    // `N,000,000,000` without its last eleven characters.
    this.head = new Words(this.before + groupedDecimal(whole).slice(0, -11));
  }
}

/** Writes the times of one clock. */
export class MessageTime {
  private readonly options: DetailsOptions;
  private readonly clock: ClockClass;
  private readonly baseNs: bigint;
  private readonly cycles: SlowNumber | undefined;
  private readonly nanoseconds: SlowNumber | undefined;
  private readonly after: Words;
  private readonly tickReader: TickReader | undefined;

  /**
   * @param clock as its trace declares it.
   * @param tickReader gives clock values that cannot be got back from times.
   */
  constructor(
    clock: ClockClass,
    baseNs: bigint,
    options: DetailsOptions,
    tickReader: TickReader | undefined,
  ) {
    this.options = options;
    this.clock = clock;
    this.baseNs = baseNs;
    this.tickReader = tickReader;
    const { bold, brightBlue, reset } = options.colors;
    const on = `${bold}${brightBlue}`;
    const { compact } = options;
    if (clock.frequencyHz === nanosecondsPerSecond && options.withTime) {
      this.cycles = new SlowNumber(baseNs - clockOffsetNs(clock), `[${on}`);
      this.nanoseconds = new SlowNumber(baseNs, `${reset}${compact ? '' : ' cycles,'} ${on}`);
    }
    this.after = new Words(`${reset}${compact ? '' : ' ns from origin'}]${compact ? ' ' : '\n'}`);
  }

  /** Writes the time of an event; returns the position after it. */
  write(
    out: Uint8Array,
    view: DataView,
    at: number,
    times: Float64Array,
    row: number,
    stream: OpenStream,
    offsetBits: number,
  ): number {
    if (this.cycles !== undefined && this.nanoseconds !== undefined) {
      const between = this.cycles.write(out, view, at, times, row);
      return putWords(view, this.nanoseconds.write(out, view, between, times, row), this.after);
    }
    const ticks =
      this.tickReader?.ticksAt(stream, offsetBits) ??
      ticksOfNanoseconds(this.clock, this.baseNs + BigInt(times[row]!));
    return putAscii(out, at, this.text(ticks));
  }

  /** Clock value of the first event of the packet that a stream is in, where that cannot be got back from its time. */
  firstTicks(stream: OpenStream): bigint | undefined {
    return this.tickReader?.firstTicks(stream);
  }

  /** The text of a clock value. */
  text(ticks: bigint): string {
    if (!this.options.withTime) return '';
    const { compact, colors } = this.options;
    const { bold, brightBlue, reset } = colors;
    const shown = (value: bigint): string => `${bold}${brightBlue}${groupedDecimal(value)}${reset}`;
    const ns = nanosecondsOfClock(this.clock, ticks);
    return compact
      ? `[${shown(ticks)} ${shown(ns)}] `
      : `[${shown(ticks)} cycles, ${shown(ns)} ns from origin]\n`;
  }

  /** The text of a time that is not known. */
  static unknown(options: DetailsOptions): string {
    if (!options.withTime) return '';
    const { bold, brightBlue, reset } = options.colors;
    return `[${bold}${brightBlue}Unknown${reset}]${options.compact ? ' ' : '\n'}`;
  }
}

/** `{Trace T, Stream class ID C, Stream ID S}`: whose message it is. */
export function followTag(
  trace: number,
  streamClass: bigint,
  stream: number,
  options: DetailsOptions,
): string {
  const { cyan, bold, brightCyan, reset } = options.colors;
  const on = `${bold}${brightCyan}`;
  if (options.compact) {
    return `${cyan}{${on}${trace} ${streamClass} ${stream}${reset}${cyan}}${reset} `;
  }
  const part = (name: string, value: bigint | number): string => `${name} ${on}${value}${reset}${cyan}`;
  return (
    `${cyan}{${part('Trace', trace)}, ${part('Stream class ID', streamClass)}, ` +
    `${part('Stream ID', stream)}}${reset}\n`
  );
}
