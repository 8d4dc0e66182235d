import { SpoorError } from '@spoor/base';
import { describe, expect, expectTypeOf, test } from 'vitest';
import { LazyDeclaration, declare } from './declaration.ts';
import { array, enumeration, hex, sequence, struct, type FieldTypes } from './field-types.ts';
import { metadataText } from './testing/memory-trace.ts';
import { tracepoint } from './tracepoint.ts';

describe('a declaration', () => {
  test('that is planned when somebody looks at it is the same', () => {
    const fields = [
      ['count', 'u32'],
      ['text', 'cached-string'],
      ['kind', enumeration('u8', { a: 1 })],
      ['list', sequence('i16')],
    ] as const;
    const lazy = new LazyDeclaration('test:lazy', fields, 'warning');
    const { name, logLevel, fields: planned } = lazy;
    expect({ name, logLevel, fields: planned }).toEqual(declare('test:lazy', fields, 'warning'));
    expect(lazy.fields).toBe(planned);
  });

  test.each<[string, string, FieldTypes]>([
    ['a name without a provider', 'order', {}],
    ['a name that would end its string', 'a:b";', {}],
    ['a field name that is none', 'a:b', { 'two words': 'u8' }],
    ['a type that there is not', 'a:b', { x: 'u7' as 'u8' }],
    ['no type', 'a:b', { x: undefined as unknown as 'u8' }],
    ['a list of lists', 'a:b', { x: sequence(sequence('u8') as unknown as 'u8') }],
    ['a negative length', 'a:b', { x: array('u8', -1) }],
    ['a label outside its integer', 'a:b', { x: enumeration('u8', { big: 256 }) }],
    ['a label whose range is upside down', 'a:b', { x: enumeration('u8', { big: [2, 1] }) }],
    ['an enumeration without labels', 'a:b', { x: enumeration('u8', {}) }],
    ['two fields that differ in an underscore', 'a:b', { x: 'u8', _x: 'u8' }],
    [
      'a field that differs from the length of another in an underscore',
      'a:b',
      { x: sequence('u8'), x_length: 'u8' },
    ],
    ['a field named as the length of another', 'a:b', { _x_length: 'u8', x: sequence('u8') }],
    ['no fields', 'a:b', null as unknown as FieldTypes],
    ['fields that are none', 'a:b', 'u8' as unknown as FieldTypes],
    ['a list with something else in it', 'a:b', [5] as unknown as FieldTypes],
    ['a field name that is no string', 'a:b', [[Symbol('n'), 'u8']] as unknown as FieldTypes],
    ['a length that only looks like one', 'a:b', { x: array('u8', Object(3) as number) }],
    ['a hexadecimal of no type', 'a:b', { x: hex(Symbol('u8') as unknown as 'u8') }],
    ['labels that are none', 'a:b', { x: enumeration('u8', undefined as unknown as {}) }],
    ['a label without a range', 'a:b', { x: enumeration('u8', { big: null as unknown as number }) }],
  ])('is refused for %s', (_, name, fields) => {
    let thrown: unknown;
    try {
      declare(name, fields);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(SpoorError);
    expect((thrown as SpoorError).code).toBe('tracer/declaration');
    expect((thrown as SpoorError).message).toContain(name);
  });

  // What those write who have no type checker; each is told how it is done.
  test.each<[string, () => unknown, string]>([
    ['a plain object', () => tracepoint('a:b', { x: { y: 'u8' } as unknown as 'u8' }), 'struct({ … })'],
    ['a list of a type', () => tracepoint('a:b', { x: ['u8'] as unknown as 'u8' }), "sequence('u16')"],
    [
      'an enumeration without its integer',
      () => tracepoint('a:b', { x: enumeration({ idle: 0 } as unknown as 'u8', {}) }),
      "enumeration('u8', { idle: 0, busy: 1 })",
    ],
    [
      'a sequence of nothing',
      () => tracepoint('a:b', { x: sequence(undefined as unknown as 'u8') }),
      'elements are',
    ],
    ['a lone log level', () => tracepoint('a:b', {}, 'info' as unknown as object), '{ logLevel: "info" }'],
    ['an option that there is not', () => tracepoint('a:b', {}, { level: 'info' } as object), 'logLevel'],
    [
      'an inherited name as log level',
      () => tracepoint('a:b', {}, { logLevel: 'toString' as 'info' }),
      'emerg',
    ],
  ])('of %s is refused with a hint', (_, declareIt, hint) => {
    let thrown: unknown;
    try {
      declareIt();
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(SpoorError);
    expect((thrown as SpoorError).hint).toContain(hint);
  });

  test.each(['__proto__', 'constructor', 'toString', 'loud', 5, Symbol('info')])(
    'is refused for a log level that there is not: %s',
    (level) => {
      expect(() => declare('a:b', {}, level as 'info')).toThrow(
        /cannot declare tracepoint `a:b`: there is no log level/,
      );
    },
  );

  test.each([undefined, null, 5, Symbol('a:b'), { toString: () => 'a:b' }])(
    'is refused for a name that is no string: %s',
    (name) => {
      expect(() => declare(name as string, {})).toThrow(SpoorError);
    },
  );

  test('is the same as an object and as a list', () => {
    const asObject = declare('a:b', { n: 'u8', s: 'string' }, 'info');
    const asList = declare(
      'a:b',
      [
        ['n', 'u8'],
        ['s', 'string'],
      ],
      'info',
    );
    expect(asList).toEqual(asObject);
    expect(asObject.logLevel).toBe(6);
  });

  test('is written as LTTng writes it', () => {
    const text = metadataText([
      declare('shop:order', { n: 'i32', at: hex('u64'), list: sequence('u16'), s: 'string' }, 'warning'),
    ]);
    expect(text.slice(text.indexOf('event {'))).toBe(`event {
	name = "shop:order";
	id = 0;
	stream_id = 0;
	loglevel = 4;
	fields := struct {
		integer { size = 32; align = 8; signed = 1; encoding = none; base = 10; } _n;
		integer { size = 64; align = 8; signed = 0; encoding = none; base = 16; } _at;
		integer { size = 32; align = 8; signed = 0; encoding = none; base = 10; } __list_length;
		integer { size = 16; align = 8; signed = 0; encoding = none; base = 10; } _list[ __list_length ];
		string _s;
	};
};
`);
  });
});

describe('a tracepoint', () => {
  test('does nothing when nothing records', () => {
    const idle = tracepoint('a:b', { n: 'u8' });
    expect(idle.enabled).toBe(false);
    idle(1);
  });

  test('is typed from its declaration', () => {
    const listed = tracepoint('a:b', [
      ['n', 'u32'],
      ['big', 'u64'],
      ['s', 'string'],
      ['list', sequence('f64')],
      ['state', enumeration('u8', { idle: 0, busy: 1 })],
      ['where', struct({ x: 'i8', name: 'string' })],
      ['flags', hex('u16')],
    ]);
    expectTypeOf(listed).parameters.toEqualTypeOf<
      [
        number,
        number | bigint,
        string,
        ArrayLike<number>,
        'idle' | 'busy' | number,
        { readonly x: number; readonly name: string },
        number,
      ]
    >();
    const named = tracepoint('a:b', { n: 'u32', s: 'string' });
    expectTypeOf(named).parameters.toEqualTypeOf<[string | number, string | number]>();
    // @ts-expect-error One argument is missing.
    expect(() => named(1)).not.toThrow();
    expectTypeOf(tracepoint('a:b', {})).parameters.toEqualTypeOf<[]>();
    expectTypeOf(tracepoint('a:b')).parameters.toEqualTypeOf<[]>();
  });
});
