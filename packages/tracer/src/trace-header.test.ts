import { formatTraceTsdl } from '@spoor/ctf/encode';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { makeTraceClass } from './trace-class.ts';
import { traceHeader } from './trace-header.ts';

const name = fc.stringMatching(/^[a-z][a-z_]{0,8}$/);
const value = fc.oneof(
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.stringMatching(/^[ -~]{0,20}$/),
  fc.string({ unit: 'binary' }),
);

test('the header is what is written of the trace class, whatever the environment holds', () => {
  fc.assert(
    fc.property(
      fc.uuid(),
      fc.option(fc.uuid(), { nil: undefined }),
      fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
      fc.array(fc.tuple(name, value), { minLength: 1, maxLength: 5 }),
      (uuid, clockUuid, clockOffsetNs, members) => {
        const facts = { uuid, clockUuid, clockOffsetNs, environment: new Map(members) };
        expect(traceHeader(facts)).toBe(formatTraceTsdl(makeTraceClass(facts), []));
      },
    ),
  );
});
