import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { packetPaddingBytes } from './bits.ts';
import { compileFunction } from './compile.ts';
import { Emitter } from './emitter.ts';
import { ValueStrategy } from './emit-values.ts';
import { emitWalk } from './emit-walk.ts';
import { ValueBuilder } from './field-value.ts';
import { interpret, OverrunError } from './interpret.ts';
import type { Plan } from './plan.ts';
import { makePlan } from './planner.ts';
import { encodeRandom } from './testing/encode-random.ts';
import { payloads, payloadsWithOrder } from './testing/random-model.ts';

function padded(content: Uint8Array): { bytes: Uint8Array; view: DataView } {
  const bytes = new Uint8Array(content.length + packetPaddingBytes);
  bytes.set(content);
  return { bytes, view: new DataView(bytes.buffer) };
}

const noExternals = new Float64Array(0);

/** What the interpreter makes of the bytes: the end and the values, or nothing for bytes that are too few. */
function interpreted(plan: Plan, bytes: Uint8Array, start: number, end: number) {
  const builder = new ValueBuilder(bytes);
  try {
    const after = interpret(plan, bytes, start, end, builder);
    return { after, values: builder.scopes['event-payload'] };
  } catch (error) {
    if (error instanceof OverrunError) return undefined;
    throw error;
  }
}

// Small values make short sequences and right selectors; zeros end strings.
const content = fc
  .array(fc.oneof({ weight: 3, arbitrary: fc.nat(3) }, { weight: 1, arbitrary: fc.nat(255) }), {
    maxLength: 600,
    size: 'max',
  })
  .map((bytes) => Uint8Array.from(bytes));

describe('generated code does what the interpreter does', () => {
  test.each([
    ['1.8', false],
    ['2', true],
  ])('for random structures of CTF %s, random bytes and any start', (_version, withNew) => {
    fc.assert(
      fc.property(
        payloads(withNew),
        content,
        fc.constantFrom(1, 8, 32),
        fc.nat(9),
        (fieldClass, data, align, place) => {
          const start = place * align;
          const { bytes, view } = padded(data);
          const end = data.length * 8;
          const plan = makePlan('test', [{ scope: 'event-payload', fieldClass }], align);
          const expected = start > end ? undefined : interpreted(plan, bytes, start, end);

          const e = new Emitter();
          e.line(`return ${emitWalk(e, plan, undefined, 'return -1;')};`);
          const skip = compileFunction('skip', ['bytes', 'view', 'p', 'end', 'ext'], e) as (
            ...args: readonly unknown[]
          ) => number;
          const skipped = start > end ? -1 : skip(bytes, view, start, end, noExternals);
          if (expected === undefined) {
            // Elements of fixed size are passed over unread, so a wrong selector among them is not seen.
            if (skipped >= 0 && skipped <= end) {
              expect(
                JSON.stringify(fieldClass, (_, v: unknown) => (typeof v === 'bigint' ? `${v}` : v)),
              ).toContain('variant');
            }
            return;
          }
          expect(skipped).toBe(expected.after);
          if (plan.fixedBits !== undefined) expect(start + plan.fixedBits).toBe(expected.after);

          const values = new Emitter();
          values.line('let result;');
          emitWalk(values, plan, new ValueStrategy('event-payload'));
          values.line('return result;');
          const read = compileFunction('values', ['bytes', 'view', 'p', 'ext'], values) as (
            ...args: readonly unknown[]
          ) => unknown;
          expect(read(bytes, view, start, noExternals)).toEqual(expected.values);

          for (const { name } of fieldClass.members) {
            const one = new Emitter();
            one.line('let result;');
            emitWalk(one, plan, new ValueStrategy('event-payload', name));
            one.line('return result;');
            const readOne = compileFunction('value', ['bytes', 'view', 'p', 'ext'], one) as (
              ...args: readonly unknown[]
            ) => unknown;
            expect(readOne(bytes, view, start, noExternals)).toEqual(
              Object.getOwnPropertyDescriptor(expected.values, name)!.value,
            );
          }
        },
      ),
      { numRuns: withNew ? 250 : 500 },
    );
  });
});

test.each([
  ['1.8', false],
  ['2', true],
])('what an encoder of CTF %s wrote is read back', (_version, withNew) => {
  fc.assert(
    fc.property(payloadsWithOrder(withNew), fc.nat(), ({ fieldClass, order }, seed) => {
      const { bytes: data, bits, value } = encodeRandom(fieldClass, seed, order === 'le');
      const { bytes, view } = padded(data);
      const plan = makePlan('test', [{ scope: 'event-payload', fieldClass }], 8);
      expect(interpreted(plan, bytes, 0, bits)).toEqual({ after: bits, values: value });
      const e = new Emitter();
      e.line('let result;');
      emitWalk(e, plan, new ValueStrategy('event-payload'));
      e.line('return result;');
      const read = compileFunction('values', ['bytes', 'view', 'p', 'ext'], e) as (
        ...args: readonly unknown[]
      ) => unknown;
      expect(read(bytes, view, 0, noExternals)).toEqual(value);
    }),
    { numRuns: withNew ? 250 : 400 },
  );
});
