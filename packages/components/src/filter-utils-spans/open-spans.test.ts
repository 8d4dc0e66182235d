import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { OpenSpans } from './open-spans.ts';

interface Step {
  readonly kind: 'begin' | 'end' | 'expire';
  readonly key: string;
  readonly label: string;
}

const steps = fc.array(
  fc.record<Step>({
    kind: fc.constantFrom('begin', 'begin', 'end', 'end', 'expire'),
    key: fc.constantFrom('a', 'b', 'c'),
    label: fc.constantFrom('x', 'y'),
  }),
  { maxLength: 200 },
);

/** The same by a plain list of what is open, oldest first. */
function plainly(list: readonly Step[], nested: boolean, most: number) {
  let open: { key: string; label: string; at: number }[] = [];
  const log: string[] = [];
  for (const [at, { kind, key, label }] of list.entries()) {
    if (kind === 'expire') {
      const old = open.filter((span) => span.at < at - 20);
      open = open.filter((span) => !old.includes(span));
      for (const span of old) log.push(`expired ${span.at}`);
      continue;
    }
    const last = open.findLast((span) => span.key === key);
    if (kind === 'begin') {
      if (!nested) open = open.filter((span) => span.key !== key);
      if (open.length >= most) open.shift();
      open.push({ key, label, at });
      continue;
    }
    if (last === undefined) continue;
    open = open.filter((span) => span !== last);
    if (last.label === label) log.push(`ended ${last.at} by ${at}`);
  }
  return { log, open: open.map(({ at }) => at) };
}

test('spans end as in a plain list, nested or not, and never more are open than may be', () => {
  fc.assert(
    fc.property(steps, fc.boolean(), fc.integer({ min: 1, max: 8 }), (list, nested, most) => {
      const spans = new OpenSpans(nested, most);
      const log: string[] = [];
      let begun = 0;
      let ends = 0;
      for (const [at, { kind, key, label }] of list.entries()) {
        if (kind === 'begin') {
          spans.begin(key, label, at, []);
          begun += 1;
        } else if (kind === 'end') {
          ends += 1;
          const found = spans.end(key, label);
          if (found !== undefined) log.push(`ended ${found.beginNs} by ${at}`);
        } else {
          for (const span of spans.expire(at - 20)) log.push(`expired ${span.beginNs}`);
        }
        expect(spans.size).toBeLessThanOrEqual(most);
      }
      const rest = [...spans.rest()].map(({ beginNs }) => beginNs);
      expect({ log, open: rest }).toEqual(plainly(list, nested, most));
      const { complete, withoutBegin, withoutEnd, timedOut, dropped } = spans.counts;
      expect(complete + withoutEnd + timedOut + dropped).toBe(begun);
      expect(complete + withoutBegin).toBe(ends);
    }),
  );
});

test('the depth says how many spans of the key lie around', () => {
  const spans = new OpenSpans(true, 10);
  for (const at of [1, 2, 3]) spans.begin('key', 'name', at, []);
  spans.begin('other', 'name', 4, []);
  expect(spans.end('key', undefined)).toMatchObject({ beginNs: 3, depth: 2 });
  expect(spans.end('key', undefined)).toMatchObject({ beginNs: 2, depth: 1 });
  expect(spans.end('other', undefined)).toMatchObject({ beginNs: 4, depth: 0 });
});
