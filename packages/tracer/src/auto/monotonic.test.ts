import { PerformanceObserver, performance } from 'node:perf_hooks';
import { expect, test } from 'vitest';
import { MonotonicClock } from './monotonic.ts';

test('times of performance entries become monotonic times', () => {
  const clock = new MonotonicClock();
  // 0.1 µs on an idle machine; what is said here holds on any.
  expect(clock.uncertaintyNs).toBeLessThan(2_000_000);
  for (let round = 0; round < 1000; round += 1) {
    const before = Number(process.hrtime.bigint());
    const converted = clock.monotonicNs(performance.now());
    const after = Number(process.hrtime.bigint());
    expect(converted).toBeGreaterThanOrEqual(before - clock.uncertaintyNs - 1);
    expect(converted).toBeLessThanOrEqual(after + clock.uncertaintyNs + 1);
  }
});

test('two clocks agree as well as they say', () => {
  const [first, second] = [new MonotonicClock(), new MonotonicClock(1)];
  const difference = Math.abs(first.originNs - second.originNs);
  expect(difference).toBeLessThanOrEqual(first.uncertaintyNs + second.uncertaintyNs + 1);
});

test('a garbage collection is placed between the readings of the clock around it', async () => {
  const clock = new MonotonicClock();
  const ranges: (readonly [number, number])[] = [];
  const seen = new Promise<void>((resolve) => {
    const observer = new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) {
        const begin = clock.monotonicNs(entry.startTime);
        ranges.push([begin, begin + Math.round(entry.duration * 1e6)]);
      }
      observer.disconnect();
      resolve();
    });
    observer.observe({ entryTypes: ['gc'] });
  });
  const before = Number(process.hrtime.bigint());
  const garbage: object[] = [];
  for (let count = 0; count < 10_000_000; count += 1) garbage[count % 10_000] = { count };
  const after = Number(process.hrtime.bigint());
  await seen;
  const inside = ranges.filter(
    ([begin, end]) => begin >= before - clock.uncertaintyNs && end <= after + clock.uncertaintyNs,
  );
  expect(inside.length).toBeGreaterThan(0);
});
