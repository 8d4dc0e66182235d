import { parseTsdl } from '@spoor/ctf';
import { expect, test } from 'vitest';
import type { TraceInfo } from '../source-ctf-fs/trace-info.ts';
import { clockNotices, referenceRules, withClockRules, type ClockRule } from './clock-rules.ts';

const traceClass = parseTsdl(`
  trace { major = 1; minor = 8; byte_order = le; };
  clock { name = boot; freq = 1000000000; offset = 5; };
  clock { name = tsc; freq = 3000000000; offset_s = 10; offset = 2999999999; };
  stream {
    event.header := struct { integer { size = 64; align = 8; map = clock.boot.value; } timestamp; };
  };
  event { name = e; fields := struct { integer { size = 8; align = 8; } a; }; };
`);
const names = { name: 'host/ust/pid', path: '/traces/a/ust/pid' };

function originsOf(...rules: readonly ClockRule[]): readonly string[] {
  return withClockRules(traceClass, names, rules).clockClasses.map(
    ({ offsetSeconds, offsetTicks, absolute }) =>
      `${offsetSeconds} ${offsetTicks}${absolute ? ' epoch' : ''}`,
  );
}

test('offsets are whole ticks, add up and carry over into seconds', () => {
  expect(originsOf()).toEqual(['0 5', '10 2999999999']);
  expect(originsOf({ offset: { seconds: -1n, nanoseconds: 1n } })).toEqual(['-1 6', '10 2']);
  expect(originsOf({ offset: { seconds: 0n, nanoseconds: -6n } })).toEqual(['-1 999999999', '10 2999999981']);
  const nanosecond = { offset: { seconds: 0n, nanoseconds: 1n } };
  expect(originsOf(nanosecond, nanosecond)).toEqual(['0 7', '11 5']);
});

test('a rule is for the traces and clocks that it names', () => {
  const offset = { seconds: 7n, nanoseconds: 0n };
  expect(originsOf({ clocks: ['ts*'], offset })).toEqual(['0 5', '17 2999999999']);
  for (const pattern of ['host/*', '/traces/*', 'pid', '*']) {
    expect(originsOf({ traces: ['none', pattern], offset }), pattern).toEqual(['7 5', '17 2999999999']);
  }
  expect(originsOf({ traces: ['ust'], offset })).toEqual(originsOf());
  expect(originsOf({ clocks: ['boot'], unixEpoch: true })).toEqual(['0 5 epoch', '10 2999999999']);
});

test('the clock of the stream is moved like the one declared', () => {
  const moved = withClockRules(traceClass, names, [{ offset: { seconds: 1n, nanoseconds: 0n } }]);
  expect(moved.streamClasses[0]?.clockClass?.offsetSeconds).toBe(1n);
});

function trace(path: string, ...beginsNs: readonly number[]): TraceInfo {
  const streams = beginsNs.map((beginNs) => ({ beginNs }));
  return { path, name: path.slice(1), traceClass, streams } as unknown as TraceInfo;
}

test('traces begin with their reference', () => {
  const traces = [trace('/a', 500, 300), trace('/b*', 1000, 2000), trace('/c', 100), trace('/d')];
  const rules = referenceRules([{ startWith: 'a' }], traces);
  expect(rules).toEqual([
    { traces: ['/b\\*'], offset: { seconds: 0n, nanoseconds: -700n } },
    { traces: ['/c'], offset: { seconds: 0n, nanoseconds: 200n } },
  ]);
  expect(referenceRules([{ startWith: 'a', traces: ['c'] }], traces)).toHaveLength(1);
  expect(() => referenceRules([{ startWith: 'd' }], traces)).toThrow('does not say when it begins');
  expect(() => referenceRules([{ startWith: 'cc' }], traces)).toThrow('no trace is named "cc"');
  expect(clockNotices([{ traces: ['c', 'x'] }], traces)).toEqual([
    'filter.utils.clock: no trace is named "x"',
  ]);
});
