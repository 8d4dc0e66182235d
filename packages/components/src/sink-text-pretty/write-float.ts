/** Floating point numbers as C's `%g` prints them. */
import { putAscii, putUnsigned } from './write-text.ts';

/** Powers of ten that a double holds exactly. */
const powers = Array.from({ length: 23 }, (_, exponent) => Number(`1e${exponent}`));

/** Six digits and the decimal exponent of the first, for numbers that the quick way cannot round for sure. */
function exactDigits(value: number): { digits: number; exponent: number } {
  const exponent = Number(value.toExponential(5).split('e')[1]);
  // The number as a fraction of whole numbers, so that a half is told from nearly a half.
  let scaled = value;
  let twos = 0;
  while (!Number.isInteger(scaled)) {
    scaled *= 2;
    twos += 1;
  }
  const upper = BigInt(scaled);
  const lower = 1n << BigInt(twos);
  for (const shown of [exponent, exponent - 1]) {
    const scale = 5 - shown;
    const numerator = scale >= 0 ? upper * 10n ** BigInt(scale) : upper;
    const denominator = scale >= 0 ? lower : lower * 10n ** BigInt(-scale);
    let digits = numerator / denominator;
    const twice = (numerator % denominator) * 2n;
    // C rounds halves to even; the language's own conversions round them up.
    if (twice > denominator || (twice === denominator && digits % 2n === 1n)) digits += 1n;
    if (digits >= 1_000_000n) return { digits: 100_000, exponent: shown + 1 };
    if (digits >= 100_000n) return { digits: Number(digits), exponent: shown };
  }
  throw new RangeError(`no digits of ${value}`);
}

/**
 * A number with six significant digits, as `%g`.
 * @param negative its sign bit: that of a NaN cannot be seen in the number.
 */
export function putFloat(
  out: Uint8Array,
  view: DataView,
  at: number,
  value: number,
  negative: boolean,
): number {
  let to = at;
  if (negative) out[to++] = 45;
  const size = Math.abs(value);
  if (!(size <= Number.MAX_VALUE)) return putAscii(out, to, size === Infinity ? 'inf' : 'nan');
  if (size < 1e6 && size === (size | 0)) return putUnsigned(out, view, to, size | 0);
  let exponent = Math.floor(Math.log10(size));
  const scale = 5 - exponent;
  let digits = 0;
  if (scale >= -22 && scale <= 22) {
    // One correctly rounded operation: off by less than 1e-10 where a digit is 1.
    const scaled = scale >= 0 ? size * powers[scale]! : size / powers[-scale]!;
    if (scaled >= 1e5 && scaled < 999_999) {
      const whole = Math.floor(scaled);
      const rest = scaled - whole;
      if (rest < 0.499_999_999) digits = whole | 0;
      else if (rest > 0.500_000_001) digits = (whole + 1) | 0;
    }
  }
  if (digits === 0) ({ digits, exponent } = exactDigits(size));
  let count = 6;
  while (digits % 10 === 0) {
    digits = (digits / 10) | 0;
    count -= 1;
  }
  if (exponent < -4 || exponent >= 6) {
    to = putPointed(out, to, digits, count, 1);
    out[to++] = 101;
    out[to++] = exponent < 0 ? 45 : 43;
    const shown = Math.abs(exponent);
    if (shown < 10) out[to++] = 48;
    return putUnsigned(out, view, to, shown);
  }
  if (exponent < 0) {
    out[to++] = 48;
    out[to++] = 46;
    for (let zero = exponent + 1; zero < 0; zero++) out[to++] = 48;
    return putUnsigned(out, view, to, digits);
  }
  return putPointed(out, to, digits, count, exponent + 1);
}

/** `count` digits with the point after the first `whole` of them, filled up with zeros if they are fewer. */
function putPointed(out: Uint8Array, at: number, digits: number, count: number, whole: number): number {
  const end = Math.max(count, whole);
  let rest = digits;
  for (let index = end - 1; index >= 0; index--) {
    let digit = 0;
    if (index < count) {
      const next = (rest / 10) | 0;
      digit = rest - next * 10;
      rest = next;
    }
    out[at + index + (index >= whole ? 1 : 0)] = 48 + digit;
  }
  if (end === whole) return at + end;
  out[at + whole] = 46;
  return at + end + 1;
}
