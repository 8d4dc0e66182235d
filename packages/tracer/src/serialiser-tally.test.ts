// Counting and waking beside recording: generated code does what the plain walk does, for any mixture of rings and counts.
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { compileSerialiser } from './compile.ts';
import { ContextCatalogue } from './contexts.ts';
import { declare } from './declaration.ts';
import { RuleSet } from './event-rules.ts';
import type { Sink, Tally } from './serialiser.ts';
import { makeMemoryRing, type MemoryRing } from './testing/memory-trace.ts';
import { makeWalkingSerialiser } from './walk.ts';

const declaration = declare('test:event', { n: 'i32', text: 'cached-string', more: 'string' });
const contexts = new ContextCatalogue(new Map(), () => {});

function filtersOf(filter: string | undefined): Sink['filters'] {
  const rule = { name: '*', exclude: [], ...(filter === undefined ? {} : { filter }) };
  const verdict = new RuleSet([rule]).verdict(declaration, contexts);
  if (verdict === 'none') throw new Error(`${filter} fits nothing`);
  return verdict === 'all' ? undefined : verdict;
}

interface Mixture {
  readonly rings: readonly MemoryRing[];
  readonly wakes: number[];
  readonly counts: Float64Array;
  readonly emit: (...args: unknown[]) => void;
}

function mixture(
  make: typeof compileSerialiser,
  ringFilters: readonly (string | undefined)[],
  countFilters: readonly (string | undefined)[],
): Mixture {
  const rings = ringFilters.map(() => makeMemoryRing());
  const wakes = rings.map(() => 0);
  const counts = new Float64Array(countFilters.length + 1);
  const sinks = rings.map(({ writer }, index): Sink => ({
    writer,
    eventId: 0,
    contexts: [contexts.find('vtid')!],
    filters: filtersOf(ringFilters[index]),
    // Every other one: most rings wake nobody.
    wake: index % 2 === 1 ? undefined : () => void (wakes[index]! += 1),
  }));
  const tallies = countFilters.map((filter, index): Tally => ({
    cell: { values: counts, index: index + 1 },
    filters: filtersOf(filter),
  }));
  const { stacks } = rings[0] ?? makeMemoryRing();
  return { rings, wakes, counts, emit: make(declaration, sinks, stacks, tallies) };
}

const filter = fc.constantFrom(
  undefined,
  'n > 3',
  'text == "a*"',
  '$ctx.request_id == 0 && n < 100',
  'n < n',
);
const matching: Readonly<Record<string, (n: number, text: string) => boolean>> = {
  undefined: () => true,
  'n > 3': (n) => n > 3,
  'text == "a*"': (_, text) => text.startsWith('a'),
  '$ctx.request_id == 0 && n < 100': (n) => n < 100,
  'n < n': () => false,
};
const calls = fc.array(
  fc.tuple(fc.integer({ min: -5, max: 105 }), fc.constantFrom('', 'a', 'abc', 'b'), fc.string()),
  { maxLength: 12 },
);

test.each([
  ['generated', compileSerialiser],
  ['walked', makeWalkingSerialiser],
] as const)('%s: each ring and each count gets the events of its filter', (_, make) => {
  fc.assert(
    fc.property(
      fc.array(filter, { maxLength: 3 }),
      fc.array(filter, { maxLength: 3 }),
      calls,
      (ringFilters, countFilters, all) => {
        fc.pre(ringFilters.length + countFilters.length > 0);
        const made = mixture(make, ringFilters, countFilters);
        for (const args of all) made.emit(...args);
        const expected = (one: string | undefined): number =>
          all.filter(([n, text]) => matching[String(one)]!(n, text)).length;
        const recorded = made.rings.map(({ writer }) => writer.ring.committed[0]!);
        expect(recorded).toEqual(ringFilters.map(expected));
        expect([...made.counts]).toEqual([0, ...countFilters.map(expected)]);
        expect(made.wakes).toEqual(recorded.map((count, index) => (index % 2 === 1 ? 0 : count)));
        for (const { stacks } of made.rings) {
          expect([stacks.numbers.top, stacks.texts.top]).toEqual([0, 0]);
        }
      },
    ),
    { numRuns: 150 },
  );
});

test('events are counted although their ring is full', () => {
  const made = mixture(compileSerialiser, [undefined], [undefined]);
  const { ring } = made.rings[0]!.writer;
  for (let number = 0; number < 30_000; number += 1) made.emit(number, 'a', 'x'.repeat(40));
  expect(ring.lostEvents).toBeGreaterThan(0);
  expect(ring.committed[0]! + ring.lostEvents).toBe(30_000);
  expect([...made.counts]).toEqual([0, 30_000]);
  expect(made.wakes).toEqual([ring.committed[0]]);
});
