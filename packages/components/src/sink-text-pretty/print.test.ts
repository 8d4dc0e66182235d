import {
  compileFunction,
  Emitter,
  emitWalk,
  interpret,
  makePlan,
  OverrunError,
  packetPaddingBytes,
} from '@spoor/ctf';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { payloads } from '../../../ctf/src/testing/random-model.ts';
import { PrintStrategy } from './emit-print.ts';
import { defaultPrettyOptions, type PrettyOptions } from './options.ts';
import { PlainPrinter } from './plain-print.ts';

const content = fc
  .array(fc.oneof({ weight: 3, arbitrary: fc.nat(3) }, { weight: 1, arbitrary: fc.nat(255) }), {
    maxLength: 600,
    size: 'max',
  })
  .map((bytes) => Uint8Array.from(bytes));

test.each([
  ['1.8', false],
  ['2', true],
])('generated printers of CTF %s print what the interpreter prints', (_version, withNew) => {
  fc.assert(
    fc.property(payloads(withNew), content, fc.boolean(), fc.boolean(), (fieldClass, data, named, scoped) => {
      const options: PrettyOptions = { ...defaultPrettyOptions, namePayload: named, nameScope: scoped };
      const bytes = new Uint8Array(data.length + packetPaddingBytes);
      bytes.set(data);
      const plan = makePlan('test', [{ scope: 'event-payload', fieldClass }], 8);
      const plain = new PlainPrinter(bytes, options, ', ', withNew);
      try {
        interpret(plan, bytes, 0, data.length * 8, plain);
      } catch (error) {
        if (error instanceof OverrunError) return;
        throw error;
      }
      const e = new Emitter();
      const strategy = new PrintStrategy(options, ', ', withNew);
      emitWalk(e, plan, strategy);
      strategy.flush(e);
      e.line('return o;');
      const print = compileFunction('print', ['bytes', 'view', 'p', 'ext', 'out', 'outView', 'o'], e) as (
        ...args: readonly unknown[]
      ) => number;
      const expected = plain.printed();
      // Elements without a size let few bytes print much.
      const out = new Uint8Array(Math.max(1 << 20, 2 * expected.length));
      const length = print(
        bytes,
        new DataView(bytes.buffer),
        0,
        new Float64Array(0),
        out,
        new DataView(out.buffer),
        0,
      );
      const text = (written: Uint8Array): string => Buffer.from(written).toString('latin1');
      expect(text(out.subarray(0, length))).toBe(text(expected));
    }),
    { numRuns: 500 },
  );
});
