/** The times of `--begin` and `--end`, in the forms of babeltrace2's `filter.utils.trimmer`. */
import { SpoorError } from '@spoor/base';

const secondsForm = /^(-?)(\d+)(?:\.(\d{1,9}))?$/;
const dateForm = /^(?:(\d{4})-(\d{2})-(\d{2})\s+)?(\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?$/;

/** A day alone is its beginning. */
function withTime(text: string): string {
  return /^\d{4}-\d{2}-\d{2}$/.test(text) ? `${text} 00:00` : text;
}

/**
 * Nanoseconds from the epoch of `YYYY-MM-DD[ hh:mm[:ss[.nnn]]]`, `hh:mm[:ss[.nnn]]` (on the day of `firstNs`), or
 * `[-]seconds[.nnn]`.
 * @param gmt whether dates and times of day are UTC rather than local.
 * @throws SpoorError `convert/time` for any other text; `convert/no-date` where `firstNs` is on no day of the calendar.
 */
export function parseTimeBound(text: string, gmt: boolean, firstNs: bigint): bigint {
  const seconds = secondsForm.exec(text);
  if (seconds !== null) {
    const [, sign = '', whole = '0', fraction = ''] = seconds;
    const size = BigInt(whole) * 1_000_000_000n + BigInt(fraction.padEnd(9, '0'));
    return sign === '-' ? -size : size;
  }
  const date = dateForm.exec(withTime(text));
  if (date === null) {
    throw noTime(text);
  }
  const first = new Date(Number(firstNs / 1_000_000n));
  const [, year, month, day, hours, minutes, second = '0', fraction = ''] = date;
  const time = [Number(hours), Number(minutes), Number(second)] as const;
  // A Date would roll 25:00 over into the next day, and the output would be empty for no visible reason.
  const isPossible =
    time[0] < 24 &&
    time[1] < 60 &&
    time[2] <= 60 &&
    (year === undefined || (inRange(month, 1, 12) && inRange(day, 1, 31)));
  if (!isPossible) throw noTime(text);
  let ms: number;
  if (gmt) {
    ms =
      year === undefined
        ? Date.UTC(first.getUTCFullYear(), first.getUTCMonth(), first.getUTCDate(), ...time)
        : Date.UTC(Number(year), Number(month) - 1, Number(day), ...time);
  } else {
    ms = (
      year === undefined
        ? new Date(first.getFullYear(), first.getMonth(), first.getDate(), ...time)
        : new Date(Number(year), Number(month) - 1, Number(day), ...time)
    ).getTime();
  }
  if (Number.isNaN(ms)) {
    throw new SpoorError(
      'convert/no-date',
      `${JSON.stringify(text)} needs a date that the trace does not tell`,
      {
        hint: 'its clock is beyond the calendar; write seconds since the epoch',
      },
    );
  }
  return BigInt(ms) * 1_000_000n + BigInt(fraction.padEnd(9, '0'));
}

/** Whether a bound says a time of day without its day, which is then that of the first event. */
export function needsFirstTime(text: string): boolean {
  return dateForm.exec(withTime(text))?.[1] === undefined && !secondsForm.test(text);
}

function inRange(digits: string | undefined, least: number, greatest: number): boolean {
  return Number(digits) >= least && Number(digits) <= greatest;
}

function noTime(text: string): SpoorError {
  return new SpoorError('convert/time', `${JSON.stringify(text)} is not a time`, {
    hint: 'write YYYY-MM-DD hh:mm:ss.nnn, YYYY-MM-DD, hh:mm:ss.nnn, or seconds since the epoch',
  });
}
