import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { GcPauses } from './gc.ts';
import { RequestBreakdowns } from './requests.ts';
import type { Span } from './spans.ts';
import { asTraceEvents, type PlainEvent } from './testing/events.ts';

function span(name: string, beginNs: number, endNs: number, id = 0, thread = 0): Span {
  return { name, thread, id, beginNs, endNs, request: 0, beginData: undefined, endData: undefined };
}

function breakDown(requests: readonly Span[], gc: readonly Span[], events: readonly PlainEvent[]) {
  const pauses = new GcPauses();
  for (const pause of gc) pauses.add(pause);
  const breakdowns = new RequestBreakdowns(requests, pauses);
  for (const event of asTraceEvents(events)) breakdowns.observe(event);
  return breakdowns.finish();
}

test('the time of a request is split without overlap', () => {
  const events: PlainEvent[] = [
    { name: 'http_server:request_begin', timeNs: 100, fields: { id: 1 } },
    { name: 'http_client:request_begin', timeNs: 110, fields: { id: 5, request: 1 } },
    { name: 'dns:lookup_begin', timeNs: 120, fields: { id: 9, request: 1 } },
    { name: 'dns:lookup_end', timeNs: 150, fields: { id: 9, request: 1 } },
    { name: 'http_client:request_end', timeNs: 200, fields: { id: 5, request: 1 } },
    { name: 'http_server:request_begin', timeNs: 220, fields: { id: 2 } },
    { name: 'shop:thing', timeNs: 240, fields: { request: 2 } },
    { name: 'shop:thing', timeNs: 250, fields: { request: 1 } },
    { name: 'http_server:request_end', timeNs: 300, fields: { id: 1 } },
    { name: 'nodejs:gc', timeNs: 310, fields: { start_ns: 170, duration_ns: 10 } },
    { name: 'http_server:request_end', timeNs: 400, fields: { id: 2 } },
  ];
  const [first, second] = breakDown(
    [span('http_server:request', 100, 300, 1), span('http_server:request', 220, 400, 2)],
    [span('nodejs:gc', 170, 180)],
    events,
  );
  expect(first!.parts).toEqual([
    { kind: 'own', name: 'own', durationNs: 10 + 20 + 50 },
    { kind: 'span', name: 'http_client:request', durationNs: 10 + 50 - 10 },
    { kind: 'span', name: 'dns:lookup', durationNs: 30 },
    { kind: 'others', name: 'others', durationNs: 30 },
    { kind: 'gc', name: 'gc', durationNs: 10 },
  ]);
  expect(second!.parts).toEqual([
    { kind: 'own', name: 'own', durationNs: 20 + 10 + 100 },
    { kind: 'others', name: 'others', durationNs: 50 },
  ]);
});

test('the measured idle time of the loop bounds what others took, and shows waits without events', () => {
  const request = { ...span('http_server:request', 100, 200, 1), endData: { idleNs: 70 } };
  const [only] = breakDown(
    [request],
    [span('nodejs:gc', 190, 195)],
    [
      { name: 'http_server:request_begin', timeNs: 100, fields: { id: 1 } },
      { name: 'shop:thing', timeNs: 120, fields: { request: 2 } },
      { name: 'shop:thing', timeNs: 180, fields: { request: 1 } },
    ],
  );
  // Busy at most 25 with others, so 35 of their 60 was sleep, as was the other half of the sleep of 70.
  expect(only!.parts).toEqual([
    { kind: 'idle', name: 'idle', durationNs: 70 },
    { kind: 'others', name: 'others', durationNs: 25 },
    { kind: 'gc', name: 'gc', durationNs: 5 },
  ]);
});

test('a request that ends the trace, or has no event at all, is still whole', () => {
  const [only] = breakDown([span('http_server:request', 10, 30, 1)], [], []);
  expect(only!.parts).toEqual([{ kind: 'own', name: 'own', durationNs: 20 }]);
});

/** Labels each nanosecond by itself. */
function bruteForce(
  request: Span,
  gc: readonly Span[],
  events: readonly PlainEvent[],
): Record<string, number> {
  const sums: Record<string, number> = {};
  for (let ns = request.beginNs; ns < request.endNs; ns += 1) {
    const open: { name: string; id: number }[] = [];
    let others = false;
    for (const event of events) {
      if (event.timeNs > ns) break;
      if (event.timeNs < request.beginNs || event.thread !== request.thread) continue;
      const fields = event.fields as { id: number; request?: number };
      const base = event.name.replace(/_(?:begin|end)$/, '');
      const owner = base === 'http_server:request' ? fields.id : (fields.request ?? 0);
      if (owner !== 0) others = owner !== request.id && event.name !== 'http_server:request_end';
      if (base === 'http_server:request') continue;
      if (event.name.endsWith('_begin') && owner === request.id) open.push({ name: base, id: fields.id });
      if (event.name.endsWith('_end')) {
        const at = open.findLastIndex((one) => one.name === base && one.id === fields.id);
        if (at >= 0) open.splice(at, 1);
      }
    }
    const inGc = gc.some((one) => one.thread === request.thread && one.beginNs <= ns && ns < one.endNs);
    const label = inGc ? 'gc' : (open.at(-1)?.name ?? (others ? 'others' : 'own'));
    sums[label] = (sums[label] ?? 0) + 1;
  }
  return sums;
}

test('the split equals labelling every nanosecond by itself', () => {
  const names = [
    'http_server:request_begin',
    'http_server:request_end',
    'c:r_begin',
    'c:r_end',
    'd:l_begin',
    'd:l_end',
    'a:tick',
  ];
  const event = fc.record({
    name: fc.constantFrom(...names),
    timeNs: fc.nat(80),
    thread: fc.nat(1),
    fields: fc.record({ id: fc.integer({ min: 1, max: 3 }), request: fc.nat(3) }),
  });
  const range = fc.record({
    from: fc.nat(80),
    length: fc.nat(30),
    thread: fc.nat(1),
    id: fc.integer({ min: 1, max: 3 }),
  });
  fc.assert(
    fc.property(
      fc.array(event, { maxLength: 40 }),
      fc.array(range, { maxLength: 4 }),
      fc.array(range, { minLength: 1, maxLength: 4 }),
      (unsorted, pauses, wanted) => {
        const events = unsorted.toSorted((a, b) => a.timeNs - b.timeNs);
        const gc = pauses.map(({ from, length, thread }) =>
          span('nodejs:gc', from, from + length, 0, thread),
        );
        const requests = wanted.map(({ from, length, thread, id }) =>
          span('http_server:request', from, from + length, id, thread),
        );
        const result = breakDown(requests, gc, events);
        for (const [at, request] of requests.entries()) {
          const sums = Object.fromEntries(result[at]!.parts.map((part) => [part.name, part.durationNs]));
          expect(sums).toEqual(bruteForce(request, gc, events));
        }
      },
    ),
    { numRuns: 300 },
  );
});
