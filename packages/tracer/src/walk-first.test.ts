import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { compileSerialiser } from './compile.ts';
import { ContextCatalogue } from './contexts.ts';
import { declare } from './declaration.ts';
import { makeStacks, type Serialise } from './serialiser.ts';
import { anyText, arbitraryEvent } from './testing/arbitrary-event.ts';
import { makeMemoryRing, payloadBytes, sinksOf } from './testing/memory-trace.ts';
import { WALKED_EVENTS, walkFirst } from './walk-first.ts';
import { makeWalkingSerialiser } from './walk.ts';

test('events have the same bytes before and after their class is compiled', () => {
  const event = arbitraryEvent(0, anyText).chain(({ name, fields, calls }) =>
    fc.record({
      name: fc.constant(name),
      fields: fc.constant(fields),
      calls: fc.array(calls, { minLength: 1, maxLength: 4 }),
    }),
  );
  fc.assert(
    fc.property(event, ({ name, fields, calls }) => {
      const declaration = declare(name, fields);
      const [one, other] = [makeMemoryRing(), makeMemoryRing()];
      const generated = compileSerialiser(declaration, sinksOf(other, 0), other.stacks);
      const compiled: Serialise[] = [];
      const serialise = walkFirst(
        makeWalkingSerialiser(declaration, sinksOf(one, 0), one.stacks),
        () => compileSerialiser(declaration, sinksOf(one, 0), one.stacks),
        (made) => compiled.push(made),
      );
      for (let index = 0; index < WALKED_EVENTS + 3; index += 1) {
        const { args } = calls[index % calls.length]!;
        expect(payloadBytes(one, () => serialise(...args))).toEqual(
          payloadBytes(other, () => generated(...args)),
        );
        expect(compiled).toHaveLength(index < WALKED_EVENTS ? 0 : 1);
      }
    }),
    { numRuns: 40 },
  );
});

test('an event during the compilation is recorded, and one that fails is tried again', () => {
  const walked: unknown[] = [];
  const taken: unknown[] = [];
  let failures = 1;
  const serialise = walkFirst(
    (value) => walked.push(value),
    () => {
      serialise('meanwhile');
      if (failures-- > 0) throw new RangeError('Maximum call stack size exceeded');
      return (value) => taken.push(value);
    },
    () => undefined,
  );
  for (let index = 0; index < 3 * WALKED_EVENTS; index += 1) serialise(index);
  expect(walked.filter((value) => value === 'meanwhile').length).toBeGreaterThan(0);
  const own = [...walked, ...taken].filter((value) => value !== 'meanwhile');
  expect(own).toEqual(Array.from({ length: 3 * WALKED_EVENTS }, (_, index) => index));
  expect(taken.length).toBeGreaterThan(0);
});

test('a context has one value an event in all rings, before and after the class is compiled', () => {
  let reads = 0;
  const contexts = new ContextCatalogue(new Map([['test:reads', () => (reads += 1)]]), () => undefined);
  const context = contexts.find('$app.test:reads')!;
  const declaration = declare('test:event', { n: 'u32' });
  const rings = [makeMemoryRing(), makeMemoryRing()];
  const sinks = rings.map(({ writer }) => ({ writer, eventId: 0, contexts: [context] }));
  const stacks = makeStacks();
  const serialise = walkFirst(
    makeWalkingSerialiser(declaration, sinks, stacks),
    () => compileSerialiser(declaration, sinks, stacks),
    () => undefined,
  );
  for (let index = 1; index <= WALKED_EVENTS + 3; index += 1) {
    const [one, other] = rings;
    let otherBytes: Uint8Array | undefined;
    const bytes = payloadBytes(one!, () => {
      otherBytes = payloadBytes(other!, () => serialise(7));
    });
    expect(otherBytes).toEqual(bytes);
    expect(reads).toBe(index);
  }
});
