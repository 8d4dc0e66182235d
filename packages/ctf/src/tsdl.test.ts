import { SpoorError } from '@spoor/base';
import { describe, expect, test } from 'vitest';
import { parseTsdl } from './metadata.ts';
import type {
  ClockClass,
  FieldClass,
  IntegerFieldClass,
  StructureFieldClass,
  VariantFieldClass,
} from './model.ts';

const trace = 'trace { major = 1; minor = 8; byte_order = le; };\n';
const types =
  'typealias integer { size = 8; } := u8; typealias integer { size = 32; signed = true; } := int;\n';

/** The field `x` of the only event of a trace. */
function field(declaration: string, before = ''): FieldClass {
  const payload = parseTsdl(
    `${types}${trace}${before}event { name = e; fields := struct { ${declaration} }; };`,
  ).streamClasses[0]!.eventClasses[0]!.payload!;
  return member(payload, 'x');
}

function member(structure: FieldClass, name: string): FieldClass {
  if (structure.kind !== 'structure') throw new Error('not a structure');
  const found = structure.members.find((candidate) => candidate.name === name);
  if (found === undefined) throw new Error(`no member ${name}`);
  return found.fieldClass;
}

/** `LINE:COLUMN: MESSAGE` of the error that a text causes after a trace block on line 1 and two types on line 2. */
function complaint(text: string): string {
  try {
    parseTsdl(`${trace}${types}${text}`, 'm');
  } catch (error) {
    if (error instanceof SpoorError) return `${error.where?.slice(2)}: ${error.message}`;
    throw error;
  }
  return 'none';
}

const inEvent = (fields: string): string => `event { name = e; fields := struct {\n${fields} }; };`;

describe('integers', () => {
  test('attributes', () => {
    const whole = field(
      'integer { size = 27; align = 4; signed = true; base = x; byte_order = be; encoding = ASCII; } x;',
    );
    expect(whole).toEqual({
      kind: 'integer',
      signed: true,
      lengthBits: 27,
      alignmentBits: 4,
      displayBase: 16,
      byteOrder: 'be',
      encoding: 'ascii',
      roles: [],
    });
  });

  test.each([
    ['2', 2],
    ['b', 2],
    ['binary', 2],
    ['8', 8],
    ['o', 8],
    ['octal', 8],
    ['10', 10],
    ['u', 10],
    ['decimal', 10],
    ['16', 16],
    ['hex', 16],
    ['p', 16],
    ['X', 16],
    ['0x10', 16],
  ])('base %s', (text, displayBase) => {
    expect(field(`integer { size = 8; base = ${text}; } x;`)).toMatchObject({ displayBase });
  });

  test.each([
    ['le', 'le'],
    ['be', 'be'],
    ['network', 'be'],
    ['native', 'le'],
  ])('byte order %s', (text, byteOrder) => {
    expect(field(`integer { size = 8; byte_order = ${text}; } x;`)).toMatchObject({ byteOrder });
  });

  test('the alignment is one bit or one byte by default', () => {
    expect(field('integer { size = 5; } x;')).toMatchObject({ alignmentBits: 1 });
    expect(field('integer { size = 24; } x;')).toMatchObject({ alignmentBits: 8 });
    expect(field('integer { size = 24; align = 1; } x;')).toMatchObject({ alignmentBits: 1 });
  });

  test('may be wider than 64 bits', () => {
    expect(field('integer { size = 129; } x;')).toMatchObject({ lengthBits: 129 });
  });

  test('text encodings, and none', () => {
    expect(field('integer { size = 8; encoding = UTF8; } x;')).toMatchObject({ encoding: 'utf-8' });
    expect(field('integer { size = 8; encoding = UTF-8; } x;')).toMatchObject({ encoding: 'utf-8' });
    expect(field('integer { size = 8; encoding = none; } x;')).not.toHaveProperty('encoding');
  });

  test('equal ones are one object, wherever they stand', () => {
    const payload = parseTsdl(
      `${trace}${inEvent('integer { size = 8; } a; integer { size = 8; } b; integer { align = 8; size = 0x8; } c;')}`,
    ).streamClasses[0]!.eventClasses[0]!.payload!;
    expect(member(payload, 'b')).toBe(member(payload, 'a'));
    expect(member(payload, 'c')).toBe(member(payload, 'a'));
  });

  test('a brace in a comment does not end one, the second time neither', () => {
    const text = 'integer { size = 8; /* } */ signed = true; }';
    expect(field(`${text} a; ${text} x;`)).toMatchObject({ signed: true });
  });
});

describe('floats and strings', () => {
  test.each([
    ['5', '11', 16],
    ['8', '24', 32],
    ['11', '53', 64],
    ['15', '113', 128],
  ])('%s and %s digits', (exponent, mantissa, lengthBits) => {
    expect(field(`floating_point { exp_dig = ${exponent}; mant_dig = ${mantissa}; } x;`)).toEqual({
      kind: 'float',
      lengthBits,
      alignmentBits: 8,
      byteOrder: 'le',
    });
  });

  test('strings', () => {
    expect(field('string x;')).toEqual({ kind: 'string', encoding: 'utf-8' });
    expect(field('string { encoding = ASCII; } x;')).toEqual({ kind: 'string', encoding: 'ascii' });
  });
});

describe('enumerations', () => {
  const mappingsOf = (text: string, before = ''): unknown =>
    (field(`${text} x;`, before) as IntegerFieldClass).mappings?.map(({ label, ranges }) => [
      label,
      ...ranges.map(({ lower, upper }) => [lower, upper]),
    ]);

  test('values follow the one before', () => {
    expect(mappingsOf('enum : u8 { a, b = 5, c, d = 10 ... 20, e, }')).toEqual([
      ['a', [0n, 0n]],
      ['b', [5n, 5n]],
      ['c', [6n, 6n]],
      ['d', [10n, 20n]],
      ['e', [21n, 21n]],
    ]);
  });

  test('a label may have several ranges, and be any text', () => {
    expect(mappingsOf('enum : u8 { "a b" = 1, int = 2, "a b" = 4 ... 5 }')).toEqual([
      ['a b', [1n, 1n], [4n, 5n]],
      ['int', [2n, 2n]],
    ]);
  });

  test('the bounds of 64 bits are exact', () => {
    expect(mappingsOf('enum : integer { size = 64; } { a = 18446744073709551615 }')).toEqual([
      ['a', [2n ** 64n - 1n, 2n ** 64n - 1n]],
    ]);
    expect(
      mappingsOf('enum : integer { size = 64; signed = 1; } { a = -9223372036854775808 ... -1 }'),
    ).toEqual([['a', [-(2n ** 63n), -1n]]]);
  });

  test('values that the container cannot hold are left out on request', () => {
    const text = `${types}${trace}${inEvent('enum : u8 { none = -1, a, big = 250 ... 300, never } x;')}`;
    expect(() => parseTsdl(text)).toThrow('does not fit its container');
    const warnings: string[] = [];
    const onWarning = (message: string): void => void warnings.push(message);
    const payload = parseTsdl(text, 'm', { tolerant: true, onWarning }).streamClasses[0]!.eventClasses[0]!
      .payload!;
    expect((member(payload, 'x') as IntegerFieldClass).mappings).toEqual([
      { label: 'none', ranges: [] },
      { label: 'a', ranges: [{ lower: 0n, upper: 0n }] },
      { label: 'big', ranges: [{ lower: 250n, upper: 255n }] },
      { label: 'never', ranges: [] },
    ]);
    expect(warnings.length).toBe(3);
    const wide = 'enum : integer { size = 64; signed = 1; } { minus = 18446744073709551615 } x;';
    const signed = parseTsdl(`${trace}${inEvent(wide)}`, 'm', { tolerant: true });
    const x = member(signed.streamClasses[0]!.eventClasses[0]!.payload!, 'x') as IntegerFieldClass;
    expect(x.mappings).toEqual([{ label: 'minus', ranges: [{ lower: -1n, upper: -1n }] }]);
  });

  test('without a container it is an int', () => {
    expect(field('enum { a = -1 } x;')).toMatchObject({ signed: true, lengthBits: 32 });
  });

  test('named, and used by the name', () => {
    expect(mappingsOf('enum color', 'enum color : u8 { red };')).toEqual([['red', [0n, 0n]]]);
  });
});

describe('names of types', () => {
  test('inner ones hide outer ones until their block ends', () => {
    const payload = parseTsdl(
      `${types}${trace}event { name = e; fields := struct {
        struct { typealias integer { size = 16; } := u8; u8 in; } s;
        u8 out;
      }; };`,
    ).streamClasses[0]!.eventClasses[0]!.payload!;
    expect(member(member(payload, 's'), 'in')).toMatchObject({ lengthBits: 16 });
    expect(member(payload, 'out')).toMatchObject({ lengthBits: 8 });
  });

  test('several words, pointers, several declarators', () => {
    const before = `typealias integer { size = 64; } := const unsigned long int *;
      typedef u8 byte_t, bytes_t[4];`;
    expect(field('const unsigned long int *x;', before)).toMatchObject({ lengthBits: 64, displayBase: 16 });
    expect(field('byte_t a, x[2];', before)).toMatchObject({ kind: 'static-array', length: 2 });
    expect(field('bytes_t (x)[3];', before)).toMatchObject({ length: 3, element: { length: 4 } });
  });

  test('structures by name, with a tag of their own', () => {
    const x = field('struct point x[2];', 'struct point { u8 x; u8 y; } align(16);');
    expect(x).toMatchObject({ alignmentBits: 16, element: { kind: 'structure', alignmentBits: 16 } });
  });

  test('a variant named before has its tag where it is used', () => {
    const x = field(
      'enum : u8 { a, b } t; variant v <t> x;',
      'variant v { u8 a; string b; };',
    ) as VariantFieldClass;
    expect(x.selectorLocation).toEqual({ scope: 'event-payload', path: ['t'] });
    expect(x.options.map(({ name }) => name)).toEqual(['a', 'b']);
  });

  test('structures of a stream are seen in the stream only', () => {
    const text = `stream { typealias integer { size = 16; } := u16; event.context := struct { u16 c; }; };`;
    expect(complaint(`${text}${inEvent('u16 x;')}`)).toBe(
      '4:1: no type named `u16` is defined before this place',
    );
  });
});

describe('lengths and tags', () => {
  const metadata = (fields: string): string => `${types}
    trace { major = 1; minor = 8; byte_order = le; packet.header := struct { u8 hn; }; };
    env { count = 3; };
    stream {
      packet.context := struct { u8 pn; };
      event.header := struct { u8 id; u8 en; };
      event.context := struct { u8 cn; };
    };
    event { name = e; context := struct { u8 sn; }; fields := struct { ${fields} }; };`;
  const x = (fields: string): FieldClass =>
    member(parseTsdl(metadata(fields)).streamClasses[0]!.eventClasses[0]!.payload!, 'x');

  test.each([
    ['trace.packet.header.hn', 'packet-header', 'hn'],
    ['stream.packet.context.pn', 'packet-context', 'pn'],
    ['stream.event.header.en', 'event-header', 'en'],
    ['stream.event.context.cn', 'event-common-context', 'cn'],
    ['event.context.sn', 'event-specific-context', 'sn'],
    ['event.fields.n', 'event-payload', 'n'],
    ['n', 'event-payload', 'n'],
    ['sn', 'event-specific-context', 'sn'],
    ['cn', 'event-common-context', 'cn'],
    ['hn', 'packet-header', 'hn'],
  ])('[%s]', (reference, scope, name) => {
    expect(x(`u8 n; u8 x[${reference}];`)).toMatchObject({ lengthLocation: { scope, path: [name] } });
  });

  test('from the environment a length is fixed', () => {
    expect(x('u8 x[env.count];')).toMatchObject({ kind: 'static-array', length: 3 });
  });

  test('in structures, from within arrays and options', () => {
    const array = x('struct { u8 n; } _s; struct { u8 a[_s.n]; } x[2];');
    expect(member((array as { element: StructureFieldClass }).element, 'a')).toMatchObject({
      lengthLocation: { path: ['s', 'n'] },
    });
    const variant = x('enum : u8 { a, b } t; variant <t> { struct { u8 n; u8 v[n]; } a; string b; } x;');
    expect(member((variant as VariantFieldClass).options[0]!.fieldClass, 'v')).toMatchObject({
      lengthLocation: { path: ['x', 'a', 'n'] },
    });
  });

  test('the nearest field before the use is meant', () => {
    const found = x('u8 n; struct { u8 n; struct { u8 a[n]; } _t; } x;');
    expect(member(member(found, 't'), 'a')).toMatchObject({ lengthLocation: { path: ['x', 'n'] } });
  });

  test('a variant may lack options, and have ones that are never chosen', () => {
    const variant = x('enum : u8 { a, b } t; variant <t> { u8 a; u8 zzz; } x;') as VariantFieldClass;
    expect(variant.options.map(({ name, ranges }) => [name, ranges.length])).toEqual([
      ['a', 1],
      ['zzz', 0],
    ]);
  });

  test('options are found by the label as it is written', () => {
    const variant = x('enum : u8 { _a, __a = 7 } t; variant <t> { u8 _a; u8 __a; } x;') as VariantFieldClass;
    expect(variant.options.map(({ name, ranges }) => [name, ranges[0]?.lower])).toEqual([
      ['a', 0n],
      ['_a', 7n],
    ]);
  });
});

describe('blocks', () => {
  test('clocks', () => {
    const { clockClasses } = parseTsdl(`${trace}
      clock { name = c1; };
      clock { name = "c2"; uuid = "2A6422d0-6cee-11e0-8c08-cb07d7b3a564"; description = "d"; freq = 0x10; precision = 5;
        offset_s = -3; offset = +4; absolute = TRUE; };`);
    const plain: ClockClass = {
      name: 'c1',
      frequencyHz: 1_000_000_000n,
      precisionTicks: 0n,
      offsetSeconds: 0n,
      offsetTicks: 0n,
      absolute: false,
    };
    expect(clockClasses).toEqual([
      plain,
      {
        name: 'c2',
        uuid: '2a6422d0-6cee-11e0-8c08-cb07d7b3a564',
        description: 'd',
        frequencyHz: 16n,
        precisionTicks: 5n,
        offsetSeconds: -3n,
        offsetTicks: 4n,
        absolute: true,
      },
    ]);
  });

  test('a time stamp that is mapped to no clock is one of the only clock, or of an implied one', () => {
    const text = `stream { event.header := struct { integer { size = 64; } timestamp; }; };`;
    const implied = parseTsdl(trace + text);
    expect(implied.clockClasses.map(({ name }) => name)).toEqual(['default']);
    expect(implied.streamClasses[0]?.clockClass).toBe(implied.clockClasses[0]);
    const only = parseTsdl(`${trace}clock { name = c; freq = 5; };${text}`);
    expect(only.streamClasses[0]?.clockClass?.frequencyHz).toBe(5n);
    expect(complaint(`clock { name = a; }; clock { name = b; };${text}`)).toContain(
      'must be mapped to one of the clocks',
    );
  });

  test('the environment', () => {
    const { environment } = parseTsdl(
      `${trace}env { a = "x\\n\\x41\\x023\\x0231\\x142b\\0431\\102\\"\\xc3\\xa9\\0never"; b = -5; c = 017; d = 0xFFULL; e = word; f = 'q'; f = r; };`,
    );
    expect([...environment]).toEqual([
      ['a', 'x\nA##1Bb#1B"é'],
      ['b', -5n],
      ['c', 15n],
      ['d', 255n],
      ['e', 'word'],
      ['f', 'r'],
    ]);
  });

  test('events', () => {
    const [event] = parseTsdl(
      `${trace}event { name = "a:b"; id = 3; loglevel = 14; model.emf.uri = "http://x/"; context := struct { string s; }; };`,
    ).streamClasses[0]!.eventClasses;
    expect(event).toMatchObject({ id: 3n, name: 'a:b', logLevel: 14, emfUri: 'http://x/' });
    expect(event?.specificContext?.members.map(({ name }) => name)).toEqual(['s']);
    expect(event?.payload).toBe(undefined);
  });

  test('comments, call sites and odd attributes do no harm', () => {
    const warnings: string[] = [];
    const text = `// line\n/* block */${trace}
callsite { name = "f"; file = "a.c"; line = 5; };
stream { color = green; };
event { name = e; loglevel = 99; shape := struct { u8 x; }; };`;
    parseTsdl(types + text, 'm', { onWarning: (message) => warnings.push(message) });
    expect(warnings).toEqual([
      'm:6:10: unknown attribute `color` of a stream is ignored',
      'm:7:30: the log level 99 has no meaning and is ignored',
      'm:7:34: unknown attribute `shape` of an event is ignored',
    ]);
  });
});

describe('what is refused', () => {
  test.each([
    ['event { id = 1; };', '3:1: this event has no `name`'],
    ['clock { freq = 1; };', '3:1: this clock has no `name`'],
    ['clock { name = c; freq = 0; };', '3:26: the frequency of a clock must not be zero'],
    ['clock { name = c; name = d; };', '3:19: `name` is given twice'],
    ['clock { name = c; }; clock { name = c; };', '3:22: there is already a clock named `c`'],
    ['stream { id = 0; }; stream { id = 0; };', '3:21: there is already a stream numbered 0'],
    ['stream { id = 0; id = 1; };', '3:18: `id` is given twice'],
    [
      'stream { id = 1; }; stream { id = 2; };',
      '3:21: with several streams, the packet header needs a field `stream_id`',
    ],
    ['event { name = e; stream_id = 9; };stream {};', '3:1: there is no stream numbered 9 for this event'],
    [
      'event { name = e; }; event { name = f; };',
      '3:22: with several events, the event header needs a field `id`',
    ],
    [inEvent('u8 a; u8 a;'), '4:10: there is already a field named `a`'],
    [inEvent('u8 int;'), '4:4: expected the name of a field, but found `int`'],
    [inEvent('u8 a[n];'), '4:6: there is no field `n` before this one'],
    [
      inEvent('string n; u8 a[n];'),
      '4:16: `n` is not an unsigned integer, as the length of a sequence must be',
    ],
    [inEvent('int n; u8 a[n];'), '4:13: `n` is not an unsigned integer, as the length of a sequence must be'],
    [inEvent('u8 a[event.fields.n]; u8 n;'), '4:6: the field `event.fields.n` does not come before this one'],
    [inEvent('u8 a[env.n];'), '4:6: the environment has no usable length named `n`'],
    [
      inEvent('u8 t; variant <t> { u8 a; } v;'),
      '4:16: `t` is not an enumeration, as the tag of a variant must be',
    ],
    [inEvent('variant v { u8 a; } x;'), '4:21: the variant `x` has no tag'],
    [inEvent('integer { size = 8; size = 8; } x;'), '4:21: the attribute `size` is given twice'],
    [inEvent('integer { size = 8; base = constructor; } x;'), '4:28: there is no base named `constructor`'],
    [inEvent('integer { size = 8; map = clock.c.value; } x;'), '4:27: there is no clock named `c`'],
    [
      inEvent('floating_point { exp_dig = 8; mant_dig = 25; } x;'),
      '4:1: `exp_dig` and `mant_dig` must be 5 and 11, 8 and 24, 11 and 53 or 15 and 113, not 8 and 25',
    ],
    [inEvent('u8 x : 3;'), '4:6: bit-fields of C are not part of TSDL; use `integer { size = …; }`'],
    [inEvent('struct { u8 a; } align(3) x;'), '4:24: an alignment must be a power of two, not 3'],
    [inEvent('enum : u8 { a = 5 ... 4 } x;'), '4:13: the range of `a` ends before it begins'],
    [
      inEvent('enum : u8 { a = 255, b } x;'),
      '4:22: the value of `b` does not fit its container, which holds 0 to 255',
    ],
    ['typealias variant { u8 a; } := v;', '3:32: an alias cannot stand for a variant without a tag'],
    ['event { name = e; fields := u8; };', '3:29: the payload of an event must be a structure'],
    ['env { a = "\\q"; };', '3:12: `\\q` is not an escape sequence'],
    ['env { a = 09; };', '3:11: `09` is not an integer'],
    ['env { a = 1x; };', '3:11: `1x` is not an integer'],
    ['env { a = $; };', '3:11: `$` is not allowed here'],
    ['trace { };', '3:1: there is already a `trace` block'],
    ['};', '3:1: this `}` has no matching `{`'],
    [
      'nonsense',
      '3:1: expected a block (`trace`, `stream`, `event`, `clock`, `env`, `callsite`) or the declaration of a type, but found `nonsense`',
    ],
    [
      'stream { packet.context := struct { string packet_size; }; };',
      '3:1: the field `packet_size` of the packet context must be an unsigned integer',
    ],
    [
      'stream { event.header := struct { int id; }; };',
      '3:1: the field `id` of the event header must be an unsigned integer',
    ],
  ])('%s', (text, message) => {
    expect(complaint(text)).toBe(message);
  });

  test.each([
    ['struct { u8 a; u8 magic; }', 'must come first'],
    ['struct { u8 magic; }', 'must be an unsigned integer of 32 bits'],
    ['struct { u8 uuid[15]; }', 'must be an array of 16'],
    ['struct { string stream_id; }', 'must be an unsigned integer'],
  ])('the packet header %s', (header, message) => {
    const text = `${types}trace { major = 1; minor = 8; byte_order = le; packet.header := ${header}; };`;
    expect(() => parseTsdl(text)).toThrow(message);
  });

  test.each([
    ['trace { major = 1; minor = 8; };', 'has no `byte_order`'],
    ['trace { major = 1; minor = 8; byte_order = native; };', 'must be `le`, `be` or `network`'],
    ['trace { major = 1; byte_order = le; };', 'has no `minor`'],
    ['trace { major = 1; minor = 7; byte_order = le; };', 'must be 8'],
    ['trace { major = 1; minor = 8; byte_order = le; uuid = "x"; };', 'is not a UUID'],
  ])('%s', (text, message) => {
    expect(() => parseTsdl(text)).toThrow(message);
  });
});
