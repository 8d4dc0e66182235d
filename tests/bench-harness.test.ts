// The benchmarks' harness measures what it says: known work is found again, the judging is arithmetic.
import { expect, test } from 'vitest';
import { countCollections, faster, nsPerIteration, ratioAtMost, spend, verdictOf } from '../bench/harness.ts';
import { median, medianBounds } from '../bench/support/statistics.ts';
import { command, describeNeeding } from './support/needs.ts';

test('medians', () => {
  expect(median([3, 1, 2])).toBe(2);
  expect(median([4, 1, 2, 3])).toBe(2.5);
  expect(median([])).toBeNaN();
});

test('bounds of a median: the tabled ranks of the binomial distribution', () => {
  const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => count - index);
  expect(medianBounds(upTo(5))).toBeUndefined();
  expect(medianBounds([])).toBeUndefined();
  expect(medianBounds(upTo(6))).toEqual([1, 6]);
  expect(medianBounds(upTo(9))).toEqual([2, 8]);
  expect(medianBounds(upTo(20))).toEqual([6, 15]);
  expect(medianBounds(upTo(60))).toEqual([22, 39]);
});

test('a ratio is taken within each round, then the median', () => {
  const samples = new Map([
    ['a', [{ cpuS: 1 }, { cpuS: 10 }, { cpuS: 3 }]],
    ['b', [{ cpuS: 2 }, { cpuS: 60 }, { cpuS: 12 }]],
  ]);
  const quick = verdictOf(faster('a', 'b', 'cpuS', 4), samples);
  expect(quick.value).toEqual({ median: 4, min: 2, max: 6 });
  expect(quick.met).toBe(true);
  expect(verdictOf(ratioAtMost('a', 'b', 'cpuS', 0.2), samples).met).toBe(false);
  expect(() => verdictOf(faster('a', 'c', 'cpuS'), samples)).toThrow('no contender named c');
});

test('nanoseconds per iteration of a loop', () => {
  let sink = 0;
  const ns = nsPerIteration((count) => {
    for (let i = 0; i < count; i++) sink += i & 3;
  }, 1_000_000);
  expect(sink).toBeGreaterThan(0);
  expect(ns).toBeGreaterThan(0);
  expect(ns).toBeLessThan(1000);
});

test('garbage collections are counted', async () => {
  const kept: object[] = [];
  const count = await countCollections(() => {
    for (let i = 0; i < 2_000_000; i++) kept[i & 1023] = { i };
  });
  expect(count).toBeGreaterThan(0);
});

describeNeeding([command('gcc')], 'spending of a command', () => {
  const node = (code: string): string[] => [process.execPath, '-e', code];

  test('CPU time, wall time and peak memory', async () => {
    const idle = await spend(['sleep', '0.2']);
    expect(idle.wallS).toBeGreaterThanOrEqual(0.2);
    expect(idle.cpuS).toBeLessThan(0.1);
    // The peak is the command's own, not that of the Node.js process that started it.
    expect(idle.peakRssBytes).toBeLessThan(16e6);
    const busy = await spend(
      node(
        'const b = Buffer.alloc(2e8, 1); const t = process.cpuUsage(); while (process.cpuUsage(t).user < 3e5);',
      ),
    );
    expect(busy.cpuS).toBeGreaterThan(0.3);
    expect(busy.peakRssBytes).toBeGreaterThan(2e8);
    expect(busy.peakRssBytes).toBeLessThan(4e8);
  });

  test('output is handed over, a wrong status is an error', async () => {
    expect((await spend(['echo', 'two words'], { stdout: 'text' })).stdout).toBe('two words\n');
    await expect(spend(['sh', '-c', 'exit 3'])).rejects.toThrow('status 3');
    expect((await spend(['sh', '-c', 'exit 3'], { status: 3 })).wallS).toBeGreaterThan(0);
  });
});
