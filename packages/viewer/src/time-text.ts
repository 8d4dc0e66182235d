/** A duration for people, four significant digits at most: `12.3 µs`, `1.25 s`, `3 min 20 s`. */
export function formatDuration(durationNs: number): string {
  const sign = durationNs < 0 ? '−' : '';
  const ns = Math.abs(durationNs);
  if (ns < 1000) return `${sign}${trimmed(ns, 1)} ns`;
  if (ns < 999_950) return `${sign}${significant(ns / 1e3)} µs`;
  if (ns < 999_950_000) return `${sign}${significant(ns / 1e6)} ms`;
  if (ns < 60e9) return `${sign}${significant(ns / 1e9)} s`;
  const seconds = Math.round(ns / 1e9);
  if (seconds < 3600) return `${sign}${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  return `${sign}${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
}

function significant(value: number): string {
  return trimmed(value, value < 10 ? 2 : value < 100 ? 1 : 0);
}

function trimmed(value: number, digits: number): string {
  return String(Number(value.toFixed(digits)));
}

/** A number with thin groups of three digits. */
export function formatCount(count: number): string {
  return Math.round(count).toLocaleString('en-US').replaceAll(',', '\u202f');
}

/** Events a second. */
export function formatRate(count: number, durationNs: number): string {
  if (durationNs <= 0) return '–';
  const rate = count / (durationNs / 1e9);
  if (rate >= 1e6) return `${significant(rate / 1e6)} M/s`;
  if (rate >= 1e3) return `${significant(rate / 1e3)} k/s`;
  return `${significant(rate)} /s`;
}

/** A size in binary units. */
export function formatSize(sizeBytes: number): string {
  if (sizeBytes < 1024) return `${sizeBytes} B`;
  if (sizeBytes < 1024 ** 2) return `${significant(sizeBytes / 1024)} KiB`;
  if (sizeBytes < 1024 ** 3) return `${significant(sizeBytes / 1024 ** 2)} MiB`;
  return `${significant(sizeBytes / 1024 ** 3)} GiB`;
}

const two = (value: number): string => String(value).padStart(2, '0');

/** Writes points in time: as clock time where the trace has a wall clock, else as seconds. */
export class ClockText {
  readonly #baseNs: bigint;
  readonly #absolute: boolean;
  /** Whether the times lie in years that a Date knows. */
  readonly #hasDate: boolean;

  constructor(baseNs: bigint, absolute: boolean) {
    this.#baseNs = baseNs;
    this.#absolute = absolute;
    this.#hasDate = absolute && !Number.isNaN(new Date(Number(baseNs / 1_000_000n)).getTime());
  }

  /** `HH:MM:SS.nnnnnnnnn`, local time, as the text output prints it. */
  time(timeNs: number): string {
    const signed = this.#baseNs + BigInt(Math.round(timeNs));
    const total = signed < 0n ? -signed : signed;
    const nanoseconds = String(total % 1_000_000_000n).padStart(9, '0');
    const seconds = total / 1_000_000_000n;
    if (!this.#absolute) return `${signed < 0n ? '−' : ''}${seconds}.${nanoseconds}`;
    // Beyond the years that a Date knows (a wild clock offset) there are no time zones, but still a time of day.
    if (!this.#hasDate) {
      const ofDay = Number(seconds % 86_400n);
      const [hours, minutes] = [Math.floor(ofDay / 3600), Math.floor(ofDay / 60) % 60];
      return `${two(hours)}:${two(minutes)}:${two(ofDay % 60)}.${nanoseconds}`;
    }
    const date = new Date(Number(seconds) * 1000);
    return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${nanoseconds}`;
  }

  /** `YYYY-MM-DD`; empty where the clock has no date. */
  date(timeNs: number): string {
    if (!this.#hasDate) return '';
    const date = new Date(Number((this.#baseNs + BigInt(Math.round(timeNs))) / 1_000_000n));
    return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  }

  /**
   * Reads a time that a person typed: a clock time (`14:03:07.5`), or a time since the start of the trace in seconds
   * or with a unit (`1.5`, `250ms`, `40us`). Undefined when it is neither.
   */
  parse(text: string, firstNs: number): number | undefined {
    const clock = /^(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?$/.exec(text.trim());
    if (clock !== null && this.#hasDate) {
      const start = new Date(Number((this.#baseNs + BigInt(Math.round(firstNs))) / 1_000_000n));
      const fraction = BigInt((clock[4] ?? '').padEnd(9, '0') || '0');
      for (const day of [0, 1]) {
        const date = new Date(start);
        date.setDate(date.getDate() + day);
        date.setHours(Number(clock[1]), Number(clock[2]), Number(clock[3] ?? 0), 0);
        const relative = Number(BigInt(date.getTime()) * 1_000_000n + fraction - this.#baseNs);
        // A time before the first event is meant for the day after, in a trace that runs past midnight.
        if (relative >= firstNs - 60e9) return relative;
      }
      return undefined;
    }
    const offset = /^\+?(\d+(?:[.,]\d+)?)\s*(ns|us|µs|ms|s|min|h)?$/.exec(text.trim());
    if (offset === null) return undefined;
    const unit = { ns: 1, us: 1e3, µs: 1e3, ms: 1e6, s: 1e9, min: 60e9, h: 3600e9 }[offset[2] ?? 's'] ?? 1e9;
    return firstNs + Number(offset[1]!.replace(',', '.')) * unit;
  }
}

/** Marks of a time axis: round steps, at least `minPx` apart. */
export interface Axis {
  readonly stepNs: number;
  /** First mark at or after the start of the window, relative to the axis' origin. */
  readonly firstNs: number;
  /** The text of a mark, relative to the origin. */
  readonly label: (offsetNs: number) => string;
}

/** Chooses steps of 1, 2 or 5 times a power of ten for a window that starts `startNs` after the axis' origin. */
export function axisOf(startNs: number, nsPerPx: number, minPx: number): Axis {
  const wanted = Math.max(1, nsPerPx * minPx);
  const power = 10 ** Math.floor(Math.log10(wanted));
  const stepNs = [1, 2, 5, 10].map((one) => one * power).find((one) => one >= wanted)!;
  const [unitNs, unit] =
    stepNs >= 1e8 ? [1e9, 's'] : stepNs >= 1e5 ? [1e6, 'ms'] : stepNs >= 100 ? [1e3, 'µs'] : [1, 'ns'];
  const digits = Math.max(0, -Math.floor(Math.log10(stepNs / unitNs) + 1e-9));
  const label = (offsetNs: number): string => {
    const value = (offsetNs / unitNs).toFixed(digits);
    const [whole = '', fraction] = value.split('.');
    const grouped = whole.replace(/\B(?=(\d{3})+$)/g, '\u202f');
    return `${grouped}${fraction === undefined ? '' : `.${fraction}`} ${unit}`;
  };
  return { stepNs, firstNs: Math.ceil(startNs / stepNs) * stepNs, label };
}
