import { expect, test } from 'vitest';
import * as fc from 'fast-check';
import { checkParameters, parseParameters, UnsignedValue, type ParameterValue } from './index.ts';

test('all forms of values', () => {
  const text =
    'a=null, b=yes,c=FALSE, d=-0x1f ,e=+23,f=0b101,g=010,h=1.5e3,i="a \\"b\\" \\\\ c",j=word.with:all*, ' +
    'k=[1, "x", [],], l={m=1, n={}}, o=-9223372036854775808';
  expect([...parseParameters(text)]).toEqual([
    ['a', null],
    ['b', true],
    ['c', false],
    ['d', -31n],
    ['e', new UnsignedValue(23n)],
    ['f', 5n],
    ['g', 8n],
    ['h', 1500],
    ['i', 'a "b" \\ c'],
    ['j', 'word.with:all*'],
    ['k', [1n, 'x', []]],
    [
      'l',
      new Map<string, ParameterValue>([
        ['m', 1n],
        ['n', new Map()],
      ]),
    ],
    ['o', -(1n << 63n)],
  ]);
  expect(parseParameters('').size).toBe(0);
});

test.each([
  ['compact', 'expecting `=`', 8],
  ['a=', 'expecting a value', 3],
  ['a=1 b=2', 'expecting `,`', 5],
  ['a=[1', 'expecting `,` or `]`', 5],
  ['a="x', 'expecting the end of the text', 5],
  ['=1', 'expecting the name of a parameter', 1],
  ['a=18446744073709551616', 'expecting an integer of 64 bits', 23],
])('%j is refused', (text, message, character) => {
  expect(() => parseParameters(text)).toThrow(message);
  expect(() => parseParameters(text)).toThrow(expect.objectContaining({ where: `character ${character}` }));
});

test('what a component does not know is refused by name', () => {
  const table = {
    compact: { kind: 'boolean', text: 'One line a message.' },
    color: { kind: 'choice', choices: ['never', 'always'], text: 'Colours.' },
  } as const;
  checkParameters('sink.x.y', parseParameters('compact=yes,color=never'), table);
  expect(() => checkParameters('sink.x.y', parseParameters('foo=1'), table)).toThrow(
    'sink.x.y has no parameter "foo"',
  );
  expect(() => checkParameters('sink.x.y', parseParameters('compact=1'), table)).toThrow(
    'sink.x.y: parameter "compact" must be a boolean (yes or no), not a signed integer',
  );
  expect(() => checkParameters('sink.x.y', parseParameters('colour=never'), table)).toThrow(
    expect.objectContaining({ code: 'parameters/unknown', hint: 'did you mean color?' }),
  );
  const needed = { inputs: { kind: 'strings', text: 'Where.', required: true } } as const;
  expect(() => checkParameters('source.x.y', parseParameters(''), needed)).toThrow(
    expect.objectContaining({
      code: 'parameters/missing',
      message: 'source.x.y needs the parameter "inputs"',
    }),
  );
  expect(() => checkParameters('sink.x.y', parseParameters('color=red'), table)).toThrow(
    'must be one of never, always, not "red"',
  );
});

test('any text is read or refused', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      try {
        parseParameters(text);
      } catch (error) {
        expect(error).toMatchObject({ code: 'parameters/syntax' });
      }
    }),
  );
});
