import * as fc from 'fast-check';
import { SpoorError } from '@spoor/base';
import { describe, expect, test } from 'vitest';
import { makePredicate } from './compile.ts';
import { emitPredicate } from './emit.ts';
import type { Reference } from './expression.ts';
import { parseFilter } from './parser.ts';
import { printReference } from './print.ts';
import { checkFilter, makeProgram, type FieldType } from './program.ts';
import { arbitraryExpression, integer } from './testing/arbitrary-expression.ts';

type Event = Readonly<Record<string, unknown>>;

const types: Readonly<Record<string, FieldType>> = {
  i: 'integer',
  j: 'integer',
  u: 'integer',
  x: 'float',
  y: 'float',
  s: 'string',
  t: 'string',
  v: 'varying',
  e: 'enumeration',
  '$ctx.vpid': 'integer',
};

const typeOf = (reference: Reference): FieldType | undefined => {
  const name = printReference(reference);
  return Object.hasOwn(types, name) ? types[name] : undefined;
};

function predicates(text: string): readonly ((event: Event) => boolean)[] {
  const program = makeProgram(parseFilter(text), typeOf);
  const readers = program.slots.map(({ reference, type }) => (event: Event) => {
    const name = printReference(reference);
    return event[type === 'string' && types[name] === 'enumeration' ? `${name}-label` : name];
  });
  return [true, false].map((compile) => makePredicate<[Event]>(program, readers, 1, { compile }));
}

const event: Event = {
  i: 7,
  j: -3,
  u: (1n << 63n) + 5n,
  x: 1.5,
  y: -0.5,
  s: 'abc.log',
  t: 'abc.log',
  v: 7,
  e: 3,
  'e-label': 'running',
  '$ctx.vpid': 42,
};

describe('is true', () => {
  test.each([
    '2 & 2 == 2',
    'i == 7 && j == -3',
    'i',
    '!!i',
    '!i == 0',
    '+j == j',
    '$ctx.vpid == 42',
    // Integers are signed 64-bit ones.
    'u < 0',
    'u == 0x8000000000000005',
    '0xffffffffffffffff == -1',
    '18446744073709551615 < 0',
    '9223372036854775807 + 1 == 0x8000000000000000',
    '9007199254740993 != 9007199254740992',
    '9007199254740992 + 1 == 9007199254740993',
    '3037000500 * 3037000500 == 9223372037000250000',
    '4294967296 * 4294967296 == 0',
    '~0 == -1',
    '~u == 9223372036854775802',
    '-1 >> 60 == 15',
    '1 << 63 < 0',
    '1 << 40 == 1099511627776',
    '0x100000000 | 1 == 4294967297',
    '0xf0f0f0f0f0 & 0xff00000000 == 0xf000000000',
    '5 ^ 0x100000001 == 0x100000004',
    '7 / 2 == 3',
    '-7 / 2 == -3',
    '-7 % 3 == -1',
    'i / 2.0 == 3.5',
    'x * 2 == 3',
    'x + y == 1.0',
    'x > y && y < 0',
    '-x == -1.5',
    'x',
    '(i > 3) + (j < 0) == 2',
    's == "abc.log"',
    's == "*.log"',
    's == "a*c*"',
    's != "b*"',
    '"*.log" == s',
    's == t',
    '"abc" == "a*"',
    'v == 7',
    'v != 8.5',
    'v',
    // Enumerations are numbers, and their labels beside a text.
    'e == 3 && e == "run*" && "running" == e && e != "idle" && e != s',
    'e + 1 == 4 && e & 1 == 1 && e < 3.5 && e',
    'e != v && e == e',
    // What is not looked at may be missing.
    'i == 7 || 1 / 0',
    'j > 0 && 1 / 0 || i',
  ])('%s', (text) => {
    for (const predicate of predicates(text)) expect(predicate(event)).toBe(true);
  });
});

describe('is false, whatever stands around it', () => {
  test.each([
    '!(1 / 0)',
    '!(i % 0)',
    'i / (j + 3) == 1 || 1',
    '!(1 << 64)',
    '!(1 >> -1)',
    '!(1 << u)',
    'v == "7" || 1',
    '!(v == "7")',
  ])('%s', (text) => {
    for (const predicate of predicates(text)) expect(predicate(event)).toBe(false);
  });

  test('a field that the event has not, or not of its type', () => {
    for (const predicate of predicates('!(i == 1) && !(s == "x") && x < 9')) {
      expect(predicate(event)).toBe(true);
      for (const name of ['i', 's', 'x']) {
        expect(predicate({ ...event, [name]: undefined })).toBe(false);
        expect(predicate({ ...event, [name]: [1] })).toBe(false);
        expect(predicate({ ...event, [name]: null })).toBe(false);
      }
    }
  });
});

describe('types that do not fit', () => {
  test.each([
    ['"a"', 'column 1: a text cannot be the whole of a filter'],
    ['!"a"', 'column 2: a text cannot be true or false'],
    ['"a" && i', 'column 1: a text cannot be true or false'],
    ['i + "a"', 'column 5: a text cannot be an operand of `+`'],
    ['i < "a"', 'column 3: `<` has a text on one side and a number on the other'],
    ['s < t', 'column 3: `<` cannot compare texts'],
    ['s == 5', 'column 3: `==` has a text on one side and a number on the other'],
    ['x & 1', 'column 1: `&` takes integers, not a float'],
    ['~1.5', 'column 2: `~` takes integers, not a float'],
    ['s & 1', 'column 1: `&` takes integers, not a text'],
    ['e < "a"', 'column 3: `<` cannot compare texts'],
    ['"a*" == "*b"', 'column 6: two patterns cannot be compared'],
    ['v + 1', 'column 1: the type of v changes from event to event, so `+` cannot take it'],
    ['v == v', 'column 3: the types of v and v change from event to event'],
    ['gone == 1', 'column 1: there is no gone'],
    ['i || gone', 'column 6: there is no gone'],
  ])('%s', (text, expected) => {
    expect(() => makeProgram(parseFilter(text), typeOf)).toThrow(expected.replace(/^column \d+: /, ''));
    try {
      makeProgram(parseFilter(text), typeOf);
    } catch (error) {
      expect((error as SpoorError).where).toBe(`filter, ${expected.split(':')[0]!}`);
    }
  });

  test('some are known without the fields, and no right expression is refused', () => {
    for (const text of [
      '"a"',
      'a + "b"',
      'a & 1.5',
      '(a + b) == "x"',
      '"x*" == "*y"',
      'a < "x"',
      '~(a < 1.5 && "x")',
    ]) {
      expect(() => checkFilter(parseFilter(text)), text).toThrow(SpoorError);
    }
    fc.assert(
      fc.property(fieldExpressions(), (tree) => {
        try {
          makeProgram(tree, typeOf);
        } catch {
          return;
        }
        checkFilter(tree);
      }),
      { numRuns: 2000 },
    );
  });
});

test('generated code agrees with the evaluator', () => {
  const signed = integer.map((value) => {
    const wrapped = BigInt.asIntN(64, value);
    return Number.isSafeInteger(Number(wrapped)) ? Number(wrapped) : value;
  });
  const float = fc.oneof(fc.double(), fc.constantFrom(0, 1.5, 7));
  const text = fc.string({ unit: fc.constantFrom('a', 'b', '*') });
  const rarely = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<unknown> =>
    fc.oneof({ arbitrary: value, weight: 20 }, fc.constantFrom(undefined, 'text', null, true));
  const events = fc.record({
    i: rarely(signed),
    j: rarely(signed),
    u: rarely(signed),
    x: rarely(float),
    y: rarely(float),
    s: rarely(text),
    t: rarely(text),
    v: fc.oneof(signed, float, text),
  });
  let made = 0;
  let positive = 0;
  fc.assert(
    fc.property(fieldExpressions(), fc.array(events, { minLength: 1, maxLength: 5 }), (tree, values) => {
      let program;
      try {
        program = makeProgram(tree, typeOf);
      } catch (error) {
        if (error instanceof SpoorError) return;
        throw error;
      }
      made++;
      const readers = program.slots.map(
        ({ reference }) =>
          (at: Event) =>
            at[printReference(reference)],
      );
      const compiled = makePredicate<[Event]>(program, readers, 1);
      const plain = makePredicate<[Event]>(program, readers, 1, { compile: false });
      for (const value of values) {
        const expected = plain(value);
        if (expected) positive++;
        expect(compiled(value)).toBe(expected);
      }
    }),
    { numRuns: 4000 },
  );
  // Enough of them are right by their types, and not all are false.
  expect(made).toBeGreaterThan(500);
  expect(positive).toBeGreaterThan(100);
});

/** Expressions over the fields of `types`. */
function fieldExpressions() {
  const reference = fc
    .constantFrom('i', 'i', 'j', 'j', 'u', 'x', 'y', 's', 't', 'v')
    .map((name): Reference => ({ scope: 'payload', steps: [name] }));
  const parts = fc.array(fc.constantFrom('', 'a', 'b', 'ab'), { minLength: 1, maxLength: 3 });
  return arbitraryExpression({ reference, parts, depth: 3 });
}

test('integers of 64 bits are computed as BigInts would be', () => {
  const operators: Readonly<Record<string, (a: bigint, b: bigint) => bigint | undefined>> = {
    '+': (a, b) => a + b,
    '-': (a, b) => a - b,
    '*': (a, b) => a * b,
    '/': (a, b) => (b === 0n ? undefined : a / b),
    '%': (a, b) => (b === 0n ? undefined : a % b),
    '&': (a, b) => a & b,
    '|': (a, b) => a | b,
    '^': (a, b) => a ^ b,
    '<<': (a, b) => (b < 0n || b > 63n ? undefined : a << b),
    '>>': (a, b) => (b < 0n || b > 63n ? undefined : BigInt.asUintN(64, a) >> b),
  };
  fc.assert(
    fc.property(fc.constantFrom(...Object.keys(operators)), integer, integer, (operator, left, right) => {
      const result = operators[operator]!(BigInt.asIntN(64, left), BigInt.asIntN(64, right));
      const expected = result === undefined ? undefined : BigInt.asUintN(64, result);
      const text = `(${left} ${operator} ${right}) == ${expected ?? 0n}`;
      for (const predicate of predicates(text)) expect(predicate({}), text).toBe(expected !== undefined);
    }),
    { numRuns: 3000 },
  );
});

test('the code that is made', () => {
  const program = makeProgram(
    parseFilter('i > 3 && (s == "a*" || s == "\u2028\'\\"") && i / j != 2.5'),
    typeOf,
  );
  const readers = program.slots.map(() => () => undefined);
  expect(emitPredicate(program, readers, 2).body).toMatchSnapshot();
});

test('names and texts of an expression do no harm in the code', () => {
  const nasty = '`"\'\\\n\u2028${1};}alert(1)//';
  const program = makeProgram(
    {
      kind: 'binary',
      at: 0,
      operator: '==',
      left: { kind: 'reference', at: 0, reference: { scope: 'payload', steps: [nasty] } },
      right: { kind: 'string', at: 0, parts: [nasty] },
    },
    () => 'string',
  );
  const predicate = makePredicate<[string]>(program, [(text) => text], 1);
  expect(predicate(nasty)).toBe(true);
  expect(predicate('a')).toBe(false);
});
