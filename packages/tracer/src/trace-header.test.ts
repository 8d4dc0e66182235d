import { formatStreamTsdl, formatTraceTsdl, unsignedClass } from '@spoor/ctf/encode';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { makeStreamClass, makeTraceClass } from './trace-class.ts';
import { streamBlock, traceHeader } from './trace-header.ts';

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

test.each([
  ['without contexts', []],
  ['with contexts', [{ name: 'vpid', fieldClass: unsignedClass(32, []) }]],
])('the block of a stream %s is what is written of its class', (_, contexts) => {
  const traceClass = makeTraceClass({
    uuid: '3e0f3ae3-5b6b-4b1c-8b0a-2f5c1b9d7a11',
    clockUuid: undefined,
    clockOffsetNs: 0n,
    environment: new Map([['domain', 'ust']]),
  });
  expect(streamBlock(contexts)).toBe(formatStreamTsdl(traceClass, makeStreamClass(0, contexts)));
});
