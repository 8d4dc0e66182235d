import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SpanMatcher } from './span-matcher.ts';

type Step =
  | { readonly kind: 'begin' | 'end'; readonly key: string; readonly afterNs: number }
  | { readonly kind: 'look'; readonly afterNs: number };

const key = fc.constantFrom('a', 'b', 'c', 'd');
const afterNs = fc.integer({ min: 0, max: 60 });
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constantFrom('begin' as const, 'end' as const), key, afterNs }),
    fc.record({ kind: fc.constant('look' as const), afterNs }),
  ),
  { maxLength: 60 },
);

describe('spans among beginnings and ends', () => {
  it('finds those that have ended and are long enough, as a plain list of open ones does', () => {
    fc.assert(
      fc.property(steps, (all) => {
        const matcher = new SpanMatcher<number>(100, 'end');
        const open = new Map<string, number>();
        let nowNs = 0;
        for (const [number, step] of all.entries()) {
          nowNs += step.afterNs;
          if (step.kind === 'look') {
            expect(matcher.overdue(nowNs)).toEqual([]);
          } else if (step.kind === 'begin') {
            matcher.begin(step.key, nowNs, number);
            open.set(step.key, nowNs);
          } else {
            const beganNs = open.get(step.key);
            open.delete(step.key);
            const isLong = beganNs !== undefined && nowNs - beganNs >= 100;
            const found = matcher.end(step.key, nowNs);
            expect(found?.durationNs).toBe(isLong ? nowNs - beganNs : undefined);
            expect(found?.beginNs).toBe(isLong ? beganNs : undefined);
          }
          expect(matcher.openCount).toBe(open.size);
        }
      }),
    );
  });

  it('tells of each that is open too long once, ended or not', () => {
    fc.assert(
      fc.property(steps, (all) => {
        const matcher = new SpanMatcher<number>(100, 'threshold');
        /** Begin times, without those that were told of. */
        const open = new Map<string, number>();
        let nowNs = 0;
        for (const [number, step] of all.entries()) {
          nowNs += step.afterNs;
          const told = matcher.overdue(nowNs).map(({ beginNs }) => beginNs);
          const due = [...open.values()].filter((beganNs) => nowNs - beganNs >= 100);
          expect([...told].sort((a, b) => a - b)).toEqual(due.sort((a, b) => a - b));
          for (const [name, beganNs] of open) if (due.includes(beganNs)) open.delete(name);
          if (step.kind === 'begin') {
            matcher.begin(step.key, nowNs, number);
            open.set(step.key, nowNs);
          } else if (step.kind === 'end') {
            expect(matcher.end(step.key, nowNs)).toBeUndefined();
            open.delete(step.key);
          }
          const earliest = Math.min(...open.values());
          expect(matcher.nextOverdueNs).toBe(open.size === 0 ? undefined : earliest + 100);
        }
      }),
    );
  });

  it('forgets the oldest beyond its room, and those of a process that is over', () => {
    const matcher = new SpanMatcher<string>(10, 'end', 2);
    matcher.begin('a', 0, 'one');
    matcher.begin('b', 1, 'two');
    matcher.begin('c', 2, 'two');
    expect(matcher.forgottenCount).toBe(1);
    expect(matcher.end('a', 50)).toBeUndefined();
    expect(matcher.end('b', 50)?.begin).toBe('two');
    matcher.forget((facts) => facts === 'two');
    expect(matcher.openCount).toBe(0);
  });
});
