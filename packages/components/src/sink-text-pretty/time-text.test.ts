import { describe, expect, test } from 'vitest';
import { defaultPrettyOptions, type PrettyOptions } from './options.ts';
import { CycleWriter, TimeWriter, wallTime } from './time-text.ts';

const gmt: PrettyOptions = { ...defaultPrettyOptions, clockGmt: true };

/** Texts of events at these times after a base. */
function textsOf(times: readonly number[], baseNs: bigint, options: PrettyOptions) {
  const out = new Uint8Array(256);
  const view = new DataView(out.buffer);
  const writer = new TimeWriter(baseNs, options);
  return times.map((_, row) => {
    const length = writer.write(out, view, 0, Float64Array.from(times), row);
    return Buffer.from(out.subarray(0, length)).toString('latin1');
  });
}

const base = 1_795_211_238_000_000_000n;

describe('times of events', () => {
  test('follow each other', () => {
    expect(textsOf([0, 1, 999_999_999, 1_000_000_000, 65_000_000_005], base, gmt)).toEqual([
      '[21:47:18.000000000] (+?.?????????) ',
      '[21:47:18.000000001] (+0.000000001) ',
      '[21:47:18.999999999] (+0.999999998) ',
      '[21:47:19.000000000] (+0.000000001) ',
      '[21:48:23.000000005] (+64.000000005) ',
    ]);
  });

  test('that step back are shown as babeltrace2 shows an unsigned difference', () => {
    expect(textsOf([5, 2], base, gmt)).toEqual([
      '[21:47:18.000000005] (+?.?????????) ',
      '[21:47:18.000000002] (+18446744073.709551613) ',
    ]);
  });

  test('before the epoch are seconds', () => {
    expect(textsOf([0, 1_500_000_000], -1_000_000_001n, gmt)).toEqual([
      '[-1.000000001] (+?.?????????) ',
      '[00:00:00.499999999] (+1.500000000) ',
    ]);
  });

  test('with names, dates, seconds, and without distances', () => {
    expect(textsOf([7], base, { ...gmt, nameHeader: true })).toEqual([
      'timestamp = 21:47:18.000000007, delta = +?.?????????',
    ]);
    expect(textsOf([7], base, { ...gmt, noDelta: true, clockDate: true })).toEqual([
      '[2026-11-20 21:47:18.000000007] ',
    ]);
    expect(textsOf([7], base, { ...gmt, clockSeconds: true, noDelta: true })).toEqual([
      '[1795211238.000000007] ',
    ]);
  });

  test('beyond the last date of JavaScript still have a time of day', () => {
    expect(wallTime(10n ** 22n + 3_723_000_000_004n, gmt)).toMatch(/^\d\d:\d\d:\d\d\.000000004$/);
  });
});

test('cycles', () => {
  const out = new Uint8Array(128);
  const writer = new CycleWriter(defaultPrettyOptions);
  const text = (cycles: bigint): string =>
    Buffer.from(out.subarray(0, writer.write(out, 0, cycles))).toString('latin1');
  expect(text(12_345n)).toBe('[00000000000000012345] (+????????????) ');
  expect(text(12_400n)).toBe('[00000000000000012400] (+000000000055) ');
});
