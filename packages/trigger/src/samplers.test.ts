import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { RateGate, parseRatePolicy } from './rate-policy.ts';
import { RateWatch, SilenceWatch, ThresholdWatch } from './samplers.ts';

it('a threshold is crossed once each time', () => {
  const watch = new ThresholdWatch('at-least', 10);
  expect([10, 12, 9, 10, 10].map((value) => watch.sample(value))).toEqual([true, false, false, true, false]);
  const low = new ThresholdWatch('at-most', 10);
  expect([11, 10, 3, 11, 0].map((value) => low.sample(value))).toEqual([false, true, false, false, true]);
});

it('a rate is that of its window', () => {
  const watch = new RateWatch(100, 1000);
  // 50 a second for two seconds, then 200 a second.
  const fired: number[] = [];
  let total = 0;
  for (let timeMs = 0; timeMs <= 4000; timeMs += 100) {
    if (watch.sample(timeMs, total)) fired.push(timeMs);
    total += timeMs < 2000 ? 5 : 20;
  }
  // After n tenths at 20 and 10 - n at 5, the window has 50 + 15 n: at least 100 from n = 4 on.
  expect(fired).toEqual([2400]);
  expect(watch.count).toBeCloseTo(200);
});

it('a rate never is higher than what came within a window, however late the looks are', () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ afterMs: fc.integer({ min: 0, max: 5000 }), more: fc.nat(1000) }), {
        minLength: 1,
      }),
      (looks) => {
        const watch = new RateWatch(1e9, 1000);
        let timeMs = 0;
        let total = 0;
        for (const { afterMs, more } of looks) {
          timeMs += afterMs;
          total += more;
          expect(watch.sample(timeMs, total)).toBe(false);
          expect(watch.count).toBeGreaterThanOrEqual(0);
          expect(watch.count).toBeLessThanOrEqual(total);
        }
      },
    ),
  );
});

it('silence is told once, and again after something came', () => {
  const watch = new SilenceWatch(500);
  const looks: readonly [number, number][] = [
    [0, 3],
    [400, 3],
    [500, 3],
    [900, 3],
    [1000, 4],
    [1499, 4],
    [1500, 4],
    [9000, 4],
  ];
  expect(looks.map(([timeMs, total]) => watch.sample(timeMs, total))).toEqual([
    false,
    false,
    true,
    false,
    false,
    false,
    true,
    false,
  ]);
  expect(watch.silentMs).toBe(8000);
});

it.each([
  ['every:3', [0, 1, 2, 3, 4, 5], [false, false, true, false, false, true]],
  ['once-after:2', [0, 1, 2, 3], [false, true, false, false]],
  ['at-most:1/1s', [0, 999, 1000, 1500, 2000, 9000], [true, false, true, false, true, true]],
  ['at-most:2/1s', [0, 1, 999, 1000, 1000, 1001], [true, true, false, true, false, true]],
])('the policy %s', (text, times, passes) => {
  const gate = new RateGate(parseRatePolicy(text));
  expect(times.map((timeMs) => gate.pass(timeMs))).toEqual(passes);
  expect(gate.count).toBe(times.length);
});
