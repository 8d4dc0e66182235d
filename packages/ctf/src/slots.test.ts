import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { packetPaddingBytes } from './bits.ts';
import { compileFunction } from './compile.ts';
import { emitSlots } from './emit-slots.ts';
import { Emitter } from './emitter.ts';
import { interpret } from './interpret.ts';
import { SlotVisitor } from './interpret-slots.ts';
import { makePlan } from './planner.ts';
import { FieldSlots, slotLayoutOf } from './slots.ts';
import { encodeRandom } from './testing/encode-random.ts';
import { payloadsWithOrder } from './testing/random-model.ts';

test.each([
  ['1.8', false],
  ['2', true],
])('slots hold what an encoder of CTF %s wrote, generated and interpreted', (_version, withNew) => {
  // One for all runs: what events before left there must not show.
  const generated = new FieldSlots();
  const plain = new FieldSlots();
  fc.assert(
    fc.property(payloadsWithOrder(withNew), fc.nat(), ({ fieldClass, order }, seed) => {
      const { bytes: data, bits, value } = encodeRandom(fieldClass, seed, order === 'le');
      const bytes = new Uint8Array(data.length + packetPaddingBytes);
      bytes.set(data);
      const plan = makePlan('test', [{ scope: 'event-payload', fieldClass }], 8);
      const layout = slotLayoutOf(plan);
      const payload = layout.scopes[0]!.field;

      plain.reserve(layout.slotCount);
      plain.bytes = bytes;
      interpret(plan, bytes, 0, bits, new SlotVisitor(plain, layout));
      expect(plain.value(payload)).toEqual(value);

      const e = new Emitter();
      emitSlots(e, plan, layout);
      const decode = compileFunction('slots', ['bytes', 'view', 'p', 'ext', 'slots'], e) as (
        ...args: readonly unknown[]
      ) => void;
      generated.reserve(layout.slotCount);
      generated.bytes = bytes;
      decode(bytes, new DataView(bytes.buffer), 0, new Float64Array(0), generated);
      expect(generated.value(payload)).toEqual(value);
    }),
    { numRuns: withNew ? 250 : 400 },
  );
});

test('an event of more fields than memory is made for is refused', () => {
  const slots = new FieldSlots();
  slots.take(1000);
  expect(slots.numbers.length).toBeGreaterThanOrEqual(1000);
  expect(() => slots.take(2 ** 26)).toThrow(expect.objectContaining({ code: 'ctf/too-many-fields' }));
});
