import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { GcPauses } from './gc.ts';
import type { Span } from './spans.ts';

function pause(beginNs: number, endNs: number, kind = 'minor', thread = 0): Span {
  return {
    name: 'nodejs:gc',
    thread,
    id: 0,
    beginNs,
    endNs,
    request: 0,
    beginData: kind,
    endData: undefined,
  };
}

test('pauses are summed by kind', () => {
  const pauses = new GcPauses();
  pauses.add(pause(0, 10));
  pauses.add(pause(20, 25));
  pauses.add(pause(50, 150, 'major', 3));
  expect(pauses.summary()).toMatchObject({
    count: 3,
    totalNs: 115,
    longestNs: 100,
    longest: { beginNs: 50, thread: 3, kind: 'major' },
    kinds: [
      { kind: 'major', count: 1, totalNs: 100, longestNs: 100 },
      { kind: 'minor', count: 2, totalNs: 15, longestNs: 10 },
    ],
  });
});

test('the overlap is right for pauses in any order, touching and nested', () => {
  const range = fc.tuple(fc.nat(100), fc.nat(20));
  fc.assert(
    fc.property(fc.array(range, { maxLength: 100 }), range, (ranges, [from, length]) => {
      const pauses = new GcPauses();
      for (const [begin, duration] of ranges) pauses.add(pause(begin, begin + duration));
      let expected = 0;
      for (let ns = from; ns < from + length; ns += 1) {
        if (ranges.some(([begin, duration]) => begin <= ns && ns < begin + duration)) expected += 1;
      }
      expect(pauses.overlapNs(0, from, from + length)).toBe(expected);
      expect(pauses.overlapNs(1, from, from + length)).toBe(0);
    }),
  );
});
