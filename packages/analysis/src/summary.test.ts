import { expect, test } from 'vitest';
import { routeOf, RouteTable } from './route.ts';
import { summarise } from './summary.ts';
import { asTraceEvents, type PlainEvent } from './testing/events.ts';

const events: readonly PlainEvent[] = [
  { name: 'nodejs:thread_begin', timeNs: 1, fields: { id: 0, name: 'main' } },
  { name: 'nodejs:process_start', timeNs: 2, fields: { pid: 7, script: '/app/a.mjs' } },
  {
    name: 'http_server:request_begin',
    timeNs: 100,
    fields: { id: 1, method: 'GET', url: '/order/7?full=1' },
  },
  { name: 'http_server:request_begin', timeNs: 150, fields: { id: 2, method: 'GET', url: '/order/8' } },
  {
    name: 'nodejs:gc',
    timeNs: 180,
    fields: { start_ns: 1160n, duration_ns: 10n, kind: { value: 1, label: 'minor' } },
  },
  { name: 'http_server:request_end', timeNs: 200, fields: { id: 1, status: 200, aborted: 0 } },
  { name: 'http_server:request_end', timeNs: 450, fields: { id: 2, status: 503, aborted: 0 } },
  {
    name: 'nodejs:event_loop_delay',
    timeNs: 500,
    fields: { samples: 9, max_ns: 40n, p50_ns: 3n, utilization: 0.5 },
  },
  {
    name: 'nodejs:event_loop_delay',
    timeNs: 600,
    fields: { samples: 8, max_ns: 20n, p50_ns: 4n, utilization: 0.6 },
  },
  {
    name: 'nodejs:event_loop_delay',
    timeNs: 650,
    fields: { samples: 1, max_ns: 9n, p50_ns: 9n, utilization: 0.7 },
  },
  { name: 'http_server:request_begin', timeNs: 700, fields: { id: 3, method: 'PUT', url: '/late' } },
  { name: 'a:x_end', timeNs: 710, thread: 1, fields: { id: 3 } },
];

test('a trace is summarised in all respects', () => {
  const summary = summarise(() => asTraceEvents(events), { monotonicOffsetNs: () => -1000n, slowest: 1 });
  expect(summary.events).toBe(12);
  expect([summary.beginNs, summary.endNs]).toEqual([1, 710]);
  expect(summary.eventCounts[0]).toEqual({
    name: 'http_server:request_begin',
    count: 3,
    firstNs: 100,
    lastNs: 700,
  });
  expect(summary.threads).toEqual([
    { thread: 0, events: 11, name: 'main', script: '/app/a.mjs' },
    { thread: 1, events: 1, name: '', script: '' },
  ]);
  expect(summary.requests.all).toMatchObject({ count: 2, totalNs: 400, maxNs: 300 });
  expect(summary.requests.routes).toMatchObject([{ name: 'GET /order/:n', count: 2 }]);
  expect(summary.requests.failed).toBe(1);
  expect(summary.requests.unfinished).toBe(1);
  expect(summary.requests.slowest).toMatchObject([
    {
      request: { id: 2, endData: { status: 503, idleNs: 0 } },
      parts: [
        { kind: 'own', durationNs: 290 },
        { kind: 'gc', durationNs: 10 },
      ],
    },
  ]);
  expect(summary.gc).toMatchObject({ count: 1, totalNs: 10, longest: { beginNs: 160, kind: 'minor' } });
  expect(summary.loopDelays).toEqual([
    { thread: 0, maxNs: 40, atNs: 500, worstP50Ns: 4, utilization: 0.6, periods: 3 },
  ]);
  expect(summary.unmatched).toEqual({
    ends: 1,
    abandoned: 0,
    open: [
      { name: 'nodejs:thread', count: 1 },
      { name: 'http_server:request', count: 1 },
    ],
  });
});

test('of the slowest requests, those of different routes come first', () => {
  const requests = [
    ['/a', 100],
    ['/a', 90],
    ['/a', 80],
    ['/b', 50],
    ['/c', 10],
  ] as const;
  const trace = requests.flatMap(([url, durationNs], index): PlainEvent[] => [
    {
      name: 'http_server:request_begin',
      timeNs: index * 1000,
      fields: { id: index + 1, method: 'GET', url },
    },
    {
      name: 'http_server:request_end',
      timeNs: index * 1000 + durationNs,
      fields: { id: index + 1, status: 200 },
    },
  ]);
  const slowest = (count: number): number[] =>
    summarise(() => asTraceEvents(trace), { slowest: count }).requests.slowest.map(
      ({ request }) => request.endNs - request.beginNs,
    );
  expect(slowest(2)).toEqual([100, 50]);
  expect(slowest(4)).toEqual([100, 90, 50, 10]);
  expect(slowest(9)).toEqual([100, 90, 80, 50, 10]);
  expect(slowest(0)).toEqual([]);
});

test('an empty trace has an empty summary', () => {
  const summary = summarise(() => []);
  expect(summary).toMatchObject({ events: 0, beginNs: 0, endNs: 0, eventCounts: [], gc: { count: 0 } });
  expect(summary.requests.slowest).toEqual([]);
});

test('routes leave out what differs between requests of one kind', () => {
  expect(routeOf('GET', '/orders/17?x=1')).toBe('GET /orders/:n');
  expect(routeOf('GET', '/items/sku-42')).toBe('GET /items/:n');
  expect(routeOf('PUT', '/a/0b9b4bd8-9d5c-4b8e-a3a1-0123456789ab/b')).toBe('PUT /a/:n/b');
  expect(routeOf('GET', '/about')).toBe('GET /about');
  const table = new RouteTable(() => ({ count: 0 }));
  for (let number = 0; number < 1000; number += 1) table.group(`GET /${number}`).count += 1;
  expect(table.entries().length).toBe(201);
  expect(table.entries().at(-1)).toEqual(['(other routes)', { count: 800 }]);
});
