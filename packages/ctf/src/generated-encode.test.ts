import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { halfOfBits, packetPaddingBytes } from './bits.ts';
import { compileFunction } from './compile.ts';
import { emitEncode, encodeParameters } from './emit-encode.ts';
import { Emitter } from './emitter.ts';
import { EnumValue, FlagsValue, ValueBuilder } from './field-value.ts';
import { interpret } from './interpret.ts';
import { encodeByPlan } from './interpret-encode.ts';
import { parseTsdl } from './metadata.ts';
import type { FieldClass, FieldLocation } from './model.ts';
import type { Plan } from './plan.ts';
import { makePlan } from './planner.ts';
import { encodeRandom } from './testing/encode-random.ts';
import { payloadsWithOrder } from './testing/random-model.ts';
import { halfBits } from './write-bits.ts';

type Encode = (...args: readonly unknown[]) => number;

function compiled(plan: Plan): Encode {
  const e = new Emitter();
  emitEncode(e, plan);
  return compileFunction('encode', encodeParameters, e) as Encode;
}

/** What both ways write, which must be the same. */
function written(plan: Plan, payload: unknown, start: number, roomBits: number): Uint8Array | undefined {
  const results = [false, true].map((generate) => {
    const bytes = new Uint8Array(((start + roomBits) >>> 3) + packetPaddingBytes);
    const view = new DataView(bytes.buffer);
    const end = start + roomBits;
    const after = generate
      ? compiled(plan)(bytes, view, start, end, { payload }, [], 0, 0, 0)
      : encodeByPlan(plan, bytes, start, end, { payload });
    return { after, bytes: after < 0 ? undefined : bytes.subarray(0, (after + 7) >>> 3) };
  });
  expect(results[1]).toEqual(results[0]);
  return results[0]!.bytes;
}

function thrown(work: () => unknown): unknown {
  try {
    return work();
  } catch (error) {
    return error;
  }
}

describe.each([
  ['CTF 1.8', false],
  ['CTF 2', true],
])('both encoders of %s', (_, withNew) => {
  test('write the bits that the plain writer of the tests writes', () => {
    fc.assert(
      fc.property(payloadsWithOrder(withNew), fc.nat(), ({ fieldClass, order }, seed) => {
        const { bytes, bits, value } = encodeRandom(fieldClass, seed, order === 'le', 'one');
        const plan = makePlan('test', [{ scope: 'event-payload', fieldClass }], 8);
        expect(written(plan, value, 0, bits)).toEqual(bytes);
        // One bit less is too little.
        if (bits > 0) expect(written(plan, value, 0, bits - 1)).toBeUndefined();
      }),
      { numRuns: 300 },
    );
  });

  test('write at any position what is read back there', () => {
    fc.assert(
      fc.property(payloadsWithOrder(withNew), fc.nat(), fc.nat(40), ({ fieldClass, order }, seed, start) => {
        const { value, bits } = encodeRandom(fieldClass, seed, order === 'le');
        const plan = makePlan('test', [{ scope: 'event-payload', fieldClass }], 1);
        const room = bits + 4096;
        const bytes = written(plan, value, start, room);
        if (bytes === undefined) return;
        const padded = new Uint8Array(bytes.length + packetPaddingBytes);
        padded.set(bytes);
        const builder = new ValueBuilder(padded);
        interpret(plan, padded, start, bytes.length * 8, builder);
        expect(builder.scopes['event-payload']).toEqual(value);
      }),
      { numRuns: 200 },
    );
  });
});

function planOf(fields: string): Plan {
  const { streamClasses } = parseTsdl(`/* CTF 1.8 */
trace { major = 1; minor = 8; byte_order = le; };
event { name = "e"; fields := struct { ${fields} }; };`);
  return makePlan(
    'e',
    [{ scope: 'event-payload', fieldClass: streamClasses[0]!.eventClasses[0]!.payload! }],
    8,
  );
}

describe('values', () => {
  const u8 = 'integer { size = 8; }';

  test.each([
    [`${u8} a;`, { a: 256 }, 'ctf/value-range', 'payload.a'],
    [`${u8} a;`, { a: -1 }, 'ctf/value-range', 'payload.a'],
    [`${u8} a;`, { a: 1.5 }, 'ctf/value-type', 'payload.a'],
    [`${u8} a;`, { a: '1' }, 'ctf/value-type', 'payload.a'],
    [`${u8} a;`, {}, 'ctf/value-type', 'payload.a'],
    [`${u8} a;`, undefined, 'ctf/value-type', 'payload'],
    [`${u8} constructor;`, {}, 'ctf/value-type', 'payload.constructor'],
    ['integer { size = 64; } a;', { a: 1n << 64n }, 'ctf/value-range', 'payload.a'],
    ['integer { size = 64; } a;', { a: -1 }, 'ctf/value-range', 'payload.a'],
    ['integer { size = 64; signed = true; } a;', { a: 2 ** 63 }, 'ctf/value-range', 'payload.a'],
    ['integer { size = 90; } a;', { a: 'x' }, 'ctf/value-type', 'payload.a'],
    ['floating_point { exp_dig = 8; mant_dig = 24; } a;', { a: 1n }, 'ctf/value-type', 'payload.a'],
    ['string a;', { a: 5 }, 'ctf/value-type', 'payload.a'],
    ['string a;', { a: 'x\0y' }, 'ctf/value-range', 'payload.a'],
    [`${u8} a[3];`, { a: [1, 2] }, 'ctf/value-length', 'payload.a'],
    [`${u8} a[3];`, { a: [1, 2, 256] }, 'ctf/value-range', 'payload.a[]'],
    [`${u8} n; ${u8} a[n];`, { n: 1, a: [1, 2] }, 'ctf/value-length', 'payload.a'],
    [
      'integer { size = 8; align = 8; encoding = UTF8; } a[3];',
      { a: 'four' },
      'ctf/value-length',
      'payload.a',
    ],
    [`struct { ${u8} b; } a;`, { a: [] }, 'ctf/value-type', 'payload.a'],
    [`enum : ${u8} { x, y } a;`, { a: 'z' }, 'ctf/value-type', 'payload.a'],
    [
      `enum : ${u8} { x, y } t; variant <t> { ${u8} x; string y; } v;`,
      { t: 7, v: 0 },
      'ctf/value-range',
      'payload.v',
    ],
  ] as const)('%s refuses what does not fit (%#)', (fields, payload, code, where) => {
    const plan = planOf(fields);
    const bytes = new Uint8Array(200);
    const view = new DataView(bytes.buffer);
    const interpreted = thrown(() => encodeByPlan(plan, bytes, 0, 1000, { payload }));
    const generated = thrown(() => compiled(plan)(bytes, view, 0, 1000, { payload }, [], 0, 0, 0));
    expect(interpreted).toMatchObject({ name: 'SpoorError', code, where });
    expect(generated).toMatchObject({ code, where, message: (interpreted as Error).message });
    expect((interpreted as Error).message).not.toContain('\n');
  });

  test.each([
    [`${u8} a;`, { a: true }, [1]],
    [`${u8} a;`, { a: 255n }, [255]],
    [`enum : ${u8} { x, y = 4 ... 6 } a;`, { a: 'y' }, [4]],
    [`enum : ${u8} { x, y } a;`, { a: new EnumValue(9, []) }, [9]],
    [`${u8} a[2];`, { a: new Uint8Array([3, 4]) }, [3, 4]],
    [`${u8} n; ${u8} a[n];`, { a: [7, 8] }, [2, 7, 8]],
    [`${u8} n; integer { size = 8; align = 8; encoding = UTF8; } a[n];`, { a: 'é' }, [2, 0xc3, 0xa9]],
    [
      'integer { size = 64; align = 8; signed = true; } a;',
      { a: -2 },
      [254, 255, 255, 255, 255, 255, 255, 255],
    ],
  ] as const)('%s takes what fits (%#)', (fields, payload, expected) => {
    expect([...written(planOf(fields), payload, 0, 1000)!]).toEqual(expected);
  });

  const bits8 = { lengthBits: 8, byteOrder: 'le', alignmentBits: 8 } as const;
  const n: FieldClass = { kind: 'integer', signed: false, displayBase: 10, roles: [], ...bits8 };
  const flags = [
    { label: 'r', ranges: [{ lower: 0n, upper: 0n }] },
    { label: 'w', ranges: [{ lower: 3n, upper: 4n }] },
  ];
  const at: FieldLocation = { scope: 'event-payload', path: ['n'] };
  const leb: FieldClass = { ...n, lengthBits: 64, variableLength: true };
  const planOfClasses = (...members: readonly (readonly [string, FieldClass])[]): Plan =>
    makePlan(
      'e',
      [
        {
          scope: 'event-payload',
          fieldClass: {
            kind: 'structure',
            alignmentBits: 8,
            members: members.map(([name, fieldClass]) => ({ name, fieldClass })),
          },
        },
      ],
      8,
    );
  const yes: FieldClass = { kind: 'boolean', ...bits8 };
  const map: FieldClass = { kind: 'bit-array', flags, ...bits8 };
  const text: FieldClass = { kind: 'dynamic-string', encoding: 'utf-16be', lengthLocation: at };
  const blob: FieldClass = { kind: 'dynamic-blob', mediaType: 'a/b', lengthLocation: at };
  const maybe: FieldClass = { kind: 'optional', selectorLocation: at, fieldClass: n };

  test.each([
    [[['a', yes]], { a: true }, [1]],
    [[['a', yes]], { a: 0x80 }, [0x80]],
    [[['a', map]], { a: ['r', 'w'] }, [9]],
    [[['a', map]], { a: new FlagsValue(0x42, []) }, [0x42]],
    [[['a', { ...yes, reversed: true }]], { a: true }, [0x80]],
    [[['a', { ...n, reversed: true }]], { a: 3 }, [0xc0]],
    [[['a', leb]], { a: 300 }, [0xac, 2]],
    [[['a', leb]], { a: (1n << 64n) - 1n }, [...Array.from({ length: 9 }, () => 0xff), 1]],
    [
      [['a', { ...leb, signed: true }]],
      { a: -(1n << 63n) },
      [...Array.from({ length: 9 }, () => 0x80), 0x7f],
    ],
    [[['a', { ...leb, signed: true }]], { a: -1 }, [0x7f]],
    [
      [
        ['n', n],
        ['a', text],
      ],
      { a: 'é' },
      [2, 0, 0xe9],
    ],
    [
      [
        ['n', leb],
        ['a', blob],
      ],
      { a: new Uint8Array([5, 6]) },
      [2, 5, 6],
    ],
    [
      [
        ['n', n],
        ['a', blob],
      ],
      { n: 1, a: [9] },
      [1, 9],
    ],
    [
      [
        ['n', yes],
        ['a', maybe],
      ],
      { a: 7 },
      [1, 7],
    ],
    [
      [
        ['n', yes],
        ['a', maybe],
      ],
      { a: null },
      [0],
    ],
    [
      [
        ['n', yes],
        ['a', maybe],
      ],
      {},
      [0],
    ],
    [
      [['a', { kind: 'static-string', lengthBytes: 8, encoding: 'utf-32le' }]],
      { a: '😀' },
      [0, 0xf6, 1, 0, 0, 0, 0, 0],
    ],
  ] as const)('of CTF 2 that fit are taken (%#)', (members, payload, expected) => {
    expect([...written(planOfClasses(...members), payload, 0, 1000)!]).toEqual(expected);
  });

  test.each([
    [[['a', yes]], { a: 'yes' }, 'ctf/value-type', 'payload.a'],
    [[['a', yes]], { a: 256 }, 'ctf/value-range', 'payload.a'],
    [[['a', map]], { a: ['x'] }, 'ctf/value-type', 'payload.a'],
    [[['a', map]], { a: -1 }, 'ctf/value-range', 'payload.a'],
    [[['a', leb]], { a: -1 }, 'ctf/value-range', 'payload.a'],
    [
      [
        ['n', n],
        ['a', text],
      ],
      { n: 1, a: 'x' },
      'ctf/value-length',
      'payload.a',
    ],
    [
      [
        ['n', n],
        ['a', text],
      ],
      { a: 'x\0' },
      'ctf/value-range',
      'payload.a',
    ],
    [
      [
        ['n', n],
        ['a', blob],
      ],
      { a: [256] },
      'ctf/value-type',
      'payload.a',
    ],
    [
      [
        ['n', n],
        ['a', blob],
      ],
      { n: 2, a: [1] },
      'ctf/value-length',
      'payload.a',
    ],
    [
      [
        ['n', n],
        ['a', blob],
      ],
      { n: 2, a: 'ab' },
      'ctf/value-type',
      'payload.a',
    ],
    [
      [
        ['n', yes],
        ['a', maybe],
      ],
      { n: false, a: 1 },
      'ctf/value-type',
      'payload.a',
    ],
    [
      [
        ['n', yes],
        ['a', maybe],
      ],
      { n: true, a: null },
      'ctf/value-type',
      'payload.a',
    ],
  ] as const)('of CTF 2 that do not fit are refused (%#)', (members, payload, code, where) => {
    const plan = planOfClasses(...members);
    const bytes = new Uint8Array(200);
    const view = new DataView(bytes.buffer);
    const interpreted = thrown(() => encodeByPlan(plan, bytes, 0, 1000, { payload }));
    const generated = thrown(() => compiled(plan)(bytes, view, 0, 1000, { payload }, [], 0, 0, 0));
    expect(interpreted).toMatchObject({ name: 'SpoorError', code, where });
    expect(generated).toMatchObject({ code, where, message: (interpreted as Error).message });
  });

  test('half-precision floats are rounded to the nearest', () => {
    for (let bits = 0; bits < 0x10000; bits++) {
      const value = halfOfBits(bits);
      if (Number.isNaN(value)) expect(halfOfBits(halfBits(value))).toBeNaN();
      else expect(halfBits(value)).toBe(bits);
    }
    expect(halfBits(1 + 2 ** -11)).toBe(0x3c00);
    expect(halfBits(1 + 3 * 2 ** -11)).toBe(0x3c02);
    expect(halfBits(2049)).toBe(0x6800);
    expect(halfBits(65_519)).toBe(0x7bff);
    expect(halfBits(65_520)).toBe(0x7c00);
    expect(halfBits(2 ** -25)).toBe(0);
    expect(halfBits(2 ** -24 * 1.5)).toBe(2);
    expect(halfBits(-0)).toBe(0x8000);
  });
});

test('names of a trace enter generated code as literals only', () => {
  const name = 'x"];throw 1;//\n\u2028';
  const plan = makePlan(
    'test',
    [
      {
        scope: 'event-payload',
        fieldClass: {
          kind: 'structure',
          alignmentBits: 8,
          members: [{ name, fieldClass: { kind: 'string', encoding: 'utf-8' } }],
        },
      },
    ],
    8,
  );
  expect([...written(plan, { [name]: 'v' }, 0, 100)!]).toEqual([0x76, 0]);
});
