import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SpanMatcher, type Span } from './spans.ts';
import { asTraceEvents, type PlainEvent } from './testing/events.ts';

function match(events: readonly PlainEvent[], options = {}): { spans: Span[]; matcher: SpanMatcher } {
  const matcher = new SpanMatcher(options);
  const spans: Span[] = [];
  for (const event of asTraceEvents(events)) {
    const span = matcher.observe(event);
    if (span !== undefined) spans.push(span);
  }
  return { spans, matcher };
}

describe('pairs of events', () => {
  test('interleaved spans of one name are told apart by id', () => {
    const { spans } = match([
      { name: 'a:x_begin', timeNs: 1, fields: { id: 1, request: 7 } },
      { name: 'a:x_begin', timeNs: 2, fields: { id: 2, request: 0 } },
      { name: 'a:x_end', timeNs: 3, fields: { id: 1 } },
      { name: 'a:x_end', timeNs: 5, fields: { id: 2 } },
    ]);
    expect(spans).toMatchObject([
      { name: 'a:x', id: 1, beginNs: 1, endNs: 3, request: 7 },
      { name: 'a:x', id: 2, beginNs: 2, endNs: 5, request: 0 },
    ]);
  });

  test('provider, name and thread are part of the key', () => {
    const { spans, matcher } = match([
      { name: 'a:x_begin', timeNs: 1, thread: 0, fields: { id: 1 } },
      { name: 'b:x_end', timeNs: 2, thread: 0, fields: { id: 1 } },
      { name: 'a:x_end', timeNs: 3, thread: 1, fields: { id: 1 } },
      { name: 'a:y_end', timeNs: 4, thread: 0, fields: { id: 1 } },
    ]);
    expect(spans).toEqual([]);
    expect(matcher.unmatchedEnds).toBe(3);
    expect(matcher.openSpans()).toMatchObject([{ name: 'a:x', thread: 0, id: 1, beginNs: 1 }]);
  });

  test('ids beyond the exact numbers, and texts, are told apart', () => {
    const ids = [2n ** 60n, 2n ** 60n + 1n, 'a', 'b', 5];
    const { spans } = match([
      ...ids.map((id, timeNs) => ({ name: 'a:x_begin', timeNs, fields: { id } })),
      ...ids.map((id, index) => ({ name: 'a:x_end', timeNs: 10 + index, fields: { id } })),
    ]);
    expect(spans.map(({ beginNs, endNs }) => endNs - beginNs)).toEqual([10, 10, 10, 10, 10]);
    expect(spans.at(-1)?.id).toBe(5);
  });

  test('a second begin of the same key gives the first one up', () => {
    const { spans, matcher } = match([
      { name: 'a:x_begin', timeNs: 1, fields: { id: 1 } },
      { name: 'a:x_begin', timeNs: 4, fields: { id: 1 } },
      { name: 'a:x_end', timeNs: 6, fields: { id: 1 } },
    ]);
    expect(spans).toMatchObject([{ beginNs: 4, endNs: 6 }]);
    expect(matcher.abandonedBegins).toBe(1);
  });

  test('the number of open spans is bounded; the oldest go first', () => {
    const events = Array.from({ length: 10 }, (_, id) => ({ name: 'a:x_begin', timeNs: id, fields: { id } }));
    const { matcher } = match(events, { maxOpen: 3 });
    expect(matcher.abandonedBegins).toBe(7);
    expect(matcher.openSpans().map((span) => span.id)).toEqual([7, 8, 9]);
  });
});

describe('complete events', () => {
  const fields = { start_ns: 5_000_000_000_123n, duration_ns: 1500n, kind: 'minor' };

  test('their start is converted from the monotonic clock exactly', () => {
    const offsetNs = 1_790_000_000_000_000_000n - 1_790_000_005_000_000_000n;
    const { spans } = match([{ name: 'nodejs:gc', timeNs: 9999, fields }], {
      monotonicOffsetNs: () => offsetNs,
    });
    expect(spans).toMatchObject([
      { name: 'nodejs:gc', beginNs: 4_995_000_000_123, endNs: 4_995_000_001_623 },
    ]);
  });

  test('without the clock they end at the time of their event', () => {
    const { spans } = match([{ name: 'nodejs:gc', timeNs: 9999, fields }]);
    expect(spans).toMatchObject([{ beginNs: 8499, endNs: 9999 }]);
  });

  test('fields that are numbers do as well', () => {
    const { spans } = match([{ name: 'x:y', timeNs: 50, fields: { start_ns: 10, duration_ns: 5 } }], {
      monotonicOffsetNs: () => 7n,
    });
    expect(spans).toMatchObject([{ beginNs: 17, endNs: 22 }]);
  });
});

test('any sequence of events gives what a search backwards for the latest begin gives', () => {
  const step = fc.record({
    name: fc.constantFrom('p:a_begin', 'p:a_end', 'p:b_begin', 'p:b_end', 'p:tick'),
    thread: fc.nat(2),
    id: fc.nat(2),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const events = steps.map(({ name, thread, id }, timeNs) => ({ name, timeNs, thread, fields: { id } }));
      const used = new Set<number>();
      const expected: string[] = [];
      for (const [at, event] of events.entries()) {
        if (!event.name.endsWith('_end')) continue;
        const begin = event.name.replace('_end', '_begin');
        const same = (index: number): boolean => {
          const other = events[index]!;
          return other.thread === event.thread && other.fields.id === event.fields.id && other.name === begin;
        };
        let from = at - 1;
        while (from >= 0 && !same(from)) from -= 1;
        if (from < 0 || used.has(from)) continue;
        used.add(from);
        expected.push(`${begin.slice(0, -6)} ${event.thread} ${event.fields.id} ${from}-${at}`);
      }
      const { spans, matcher } = match(events);
      expect(spans.map((s) => `${s.name} ${s.thread} ${s.id} ${s.beginNs}-${s.endNs}`)).toEqual(expected);
      const begins = events.filter((event) => event.name.endsWith('_begin')).length;
      const ends = events.filter((event) => event.name.endsWith('_end')).length;
      expect(matcher.unmatchedEnds).toBe(ends - expected.length);
      expect(matcher.abandonedBegins + matcher.openSpans().length).toBe(begins - expected.length);
    }),
  );
});
