// What is to be made of pages goes through a file.
import { expect, test } from 'vitest';
import { formatRawTrace, parseRawTrace, type RawTrace } from './raw-trace.ts';

const trace: RawTrace = {
  naming: 'lttng',
  channel: 'channel0',
  events: ['sched:sched_switch', 'spoor:probe_1'],
  eventNames: new Map([['spoor:probe_1', 'shop:order']]),
  contexts: ['tid', 'procname'],
  filter: 'count > 3',
};

test('it is read as it was written', () => {
  expect(parseRawTrace(formatRawTrace(trace), 'f')).toEqual(trace);
  const { filter: _, ...plain } = trace;
  expect(parseRawTrace(formatRawTrace(plain), 'f')).toEqual(plain);
});

test('what is not understood is refused with its place', () => {
  const right = JSON.parse(formatRawTrace(trace)) as object;
  for (const change of [
    { version: 2 },
    { naming: 'other' },
    { channel: 3 },
    { events: 'sched:*' },
    { events: [3] },
    { eventNames: {} },
    { eventNames: [3] },
    { contexts: undefined },
    { filter: 3 },
  ]) {
    expect(() => parseRawTrace(JSON.stringify({ ...right, ...change }), 'f')).toThrow(
      expect.objectContaining({ where: 'f' }),
    );
  }
  for (const text of ['{', 'null', '7'])
    expect(() => parseRawTrace(text, 'f')).toThrow(expect.objectContaining({ where: 'f' }));
});
