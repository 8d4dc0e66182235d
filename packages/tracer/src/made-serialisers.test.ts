import { expect, test } from 'vitest';
import { declare } from './declaration.ts';
import { MadeSerialisers } from './made-serialisers.ts';
import type { Sink, Tally } from './serialiser.ts';
import { makeMemoryRing } from './testing/memory-trace.ts';

const declaration = declare('a:b', [['n', 'u32']]);

test('a serialiser is made again when something is different that it was made for, and only then', () => {
  const made = new MadeSerialisers();
  let count = 0;
  const take = (sinks: readonly Sink[], tallies: readonly Tally[] = []): number => {
    const before = count;
    const serialise = made.take(declaration, sinks, tallies, () => {
      count += 1;
      return () => undefined;
    });
    expect(made.take(declaration, sinks, tallies, () => expect.unreachable())).toBe(serialise);
    return count - before;
  };
  const { writer } = makeMemoryRing();
  const { writer: otherWriter } = makeMemoryRing();
  const contexts: Sink['contexts'] = [];
  const sink: Sink = { writer, eventId: 1, contexts };
  expect(take([sink])).toBe(1);
  expect(take([{ ...sink }])).toBe(0);
  expect(take([{ ...sink, writer: otherWriter }])).toBe(1);
  expect(take([sink])).toBe(1);
  expect(take([sink, { ...sink, writer: otherWriter }])).toBe(1);
  expect(take([{ ...sink, eventId: 2 }])).toBe(1);
  expect(take([{ ...sink, contexts: [] }])).toBe(1);
  expect(take([{ ...sink, filters: [] }])).toBe(1);
  expect(take([{ ...sink, wake: () => undefined }])).toBe(1);
  const tally: Tally = { cell: { values: new Float64Array(2), index: 0 } };
  expect(take([sink], [tally])).toBe(1);
  expect(take([sink], [{ cell: { ...tally.cell } }])).toBe(0);
  expect(take([sink], [{ cell: { ...tally.cell, index: 1 } }])).toBe(1);
  expect(take([sink], [{ ...tally, filters: [] }])).toBe(1);
});

test('what is forgotten is made again', () => {
  const made = new MadeSerialisers();
  const first = made.take(declaration, [], [], () => () => undefined);
  made.forget();
  expect(made.take(declaration, [], [], () => () => undefined)).not.toBe(first);
});
