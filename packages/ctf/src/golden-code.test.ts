// The plans and the generated code of some shapes as text, so that a change of what is generated is seen and read.
import { expect, test } from 'vitest';
import { Emitter } from './emitter.ts';
import { emitEncode } from './emit-encode.ts';
import { emitSlots } from './emit-slots.ts';
import { emitScan } from './emit-scan.ts';
import { ValueStrategy } from './emit-values.ts';
import { emitWalk } from './emit-walk.ts';
import { parseTsdl } from './metadata.ts';
import type { Scope, StructureFieldClass } from './model.ts';
import { makePlan } from './planner.ts';
import { printPlan } from './print-plan.ts';
import { slotLayoutOf } from './slots.ts';

const types = `
typealias integer { size = 8; align = 8; signed = false; } := uint8_t;
typealias integer { size = 16; align = 8; signed = false; } := uint16_t;
typealias integer { size = 32; align = 8; signed = false; } := uint32_t;
typealias integer { size = 64; align = 8; signed = false; } := uint64_t;
typealias integer { size = 32; align = 8; signed = true; } := int32_t;
typealias integer { size = 64; align = 8; signed = true; } := int64_t;
typealias integer { size = 8; align = 8; signed = false; encoding = UTF8; } := char_t;
typealias integer { size = 5; align = 1; signed = false; } := uint5_t;
typealias integer { size = 27; align = 1; signed = false; map = clock.monotonic.value; } := uint27_clock_t;
typealias integer { size = 64; align = 8; signed = false; map = clock.monotonic.value; } := uint64_clock_t;
`;

function streamOf(fields: string, order = 'le') {
  return parseTsdl(`/* CTF 1.8 */
${types}
trace { major = 1; minor = 8; byte_order = ${order}; };
clock { name = monotonic; freq = 1000000000; };
stream {
  event.header := struct {
    enum : uint5_t { compact = 0 ... 30, extended = 31 } id;
    variant <id> {
      struct { uint27_clock_t timestamp; } compact;
      struct { uint32_t id; uint64_clock_t timestamp; } extended;
    } v;
  } align(8);
};
event { name = "e"; id = 0; fields := struct { ${fields} }; };
`).streamClasses[0]!;
}

const shapes: readonly (readonly [title: string, fields: string, order?: 'be'])[] = [
  ['nothing', ''],
  ['one integer', 'int32_t a;'],
  ['integers of 64 bits', 'uint64_t a; int64_t b;'],
  ['big-endian', 'uint16_t a; uint64_t b; int32_t c;', 'be'],
  [
    'natural alignment',
    'uint8_t a; integer { size = 32; align = 32; } b; integer { size = 64; align = 64; } c;',
  ],
  ['bit fields', 'integer { size = 3; align = 1; } a; integer { size = 12; align = 1; signed = true; } b;'],
  ['big-endian bit fields', 'integer { size = 3; } a; integer { size = 40; align = 1; } b;', 'be'],
  [
    'floats',
    'floating_point { exp_dig = 8; mant_dig = 24; align = 8; } f; floating_point { exp_dig = 11; mant_dig = 53; align = 1; } d;',
  ],
  ['a string between integers', 'uint8_t a; string s; uint16_t b;'],
  ['two strings', 'string s; string t;'],
  ['text of fixed length', 'char_t name[17]; uint8_t after;'],
  ['text of counted length', 'uint16_t n; char_t name[n]; uint8_t after;'],
  ['an array of integers', 'uint8_t mac[6]; uint8_t after;'],
  ['a sequence of integers', 'uint16_t n; uint32_t vals[n]; uint8_t after;'],
  ['a sequence of strings', 'uint8_t n; string vals[n]; uint8_t after;'],
  ['a sequence of structures', 'uint8_t n; struct { uint8_t a; uint16_t b; } vals[n];'],
  [
    'bits in sequence',
    'uint8_t n; integer { size = 5; align = 1; } vals[n]; integer { size = 3; align = 1; } after;',
  ],
  ['a nested structure', 'struct { uint8_t a; struct { string s; } in; } out; uint8_t after;'],
  [
    'a variant of one size',
    'enum : uint8_t { a, b } t; variant <t> { uint32_t a; int32_t b; } v; uint8_t after;',
  ],
  [
    'a variant of two sizes',
    'enum : uint8_t { a, b = 3 ... 9 } t; variant <t> { uint8_t a; string b; } v; uint8_t after;',
  ],
  [
    'a sequence inside an option',
    'enum : uint8_t { a, b } t; variant <t> { struct { uint8_t n; uint8_t vals[n]; } a; uint8_t b; } v;',
  ],
];

test.each(shapes.map(([title, fields, order]) => ({ title, fields, order })))(
  '$title',
  ({ fields, order = 'le' }) => {
    const stream = streamOf(fields, order);
    const scopes: { scope: Scope; fieldClass: StructureFieldClass }[] = [
      { scope: 'event-payload', fieldClass: stream.eventClasses[0]!.payload! },
    ];
    const plan = makePlan('e', scopes, 8);
    const skip = new Emitter();
    skip.line(`return ${emitWalk(skip, plan, undefined, 'return -1;')};`);
    const values = new Emitter();
    values.line('let result;');
    emitWalk(values, plan, new ValueStrategy('event-payload'));
    values.line('return result;');
    expect(`${printPlan(plan)}\n// skip\n${skip.text()}\n// values\n${values.text()}`).toMatchSnapshot();
  },
);

test('the slots of an event of fields of many kinds', () => {
  const stream = streamOf(
    `int32_t a; uint64_t b; string s; char_t name[8]; uint8_t n; struct { uint16_t x; string y; } items[n];
     enum : uint8_t { one, two } t; variant <t> { uint8_t one; int64_t two; } v;`,
  );
  const plan = makePlan('e', [{ scope: 'event-payload', fieldClass: stream.eventClasses[0]!.payload! }], 8);
  const e = new Emitter();
  emitSlots(e, plan, slotLayoutOf(plan));
  expect(e.text()).toMatchSnapshot();
});

test('the scan of a stream with compact headers', () => {
  const stream = streamOf('uint8_t a;');
  const header = makePlan('header', [{ scope: 'event-header', fieldClass: stream.eventHeader! }], 1);
  const e = new Emitter();
  emitScan(e, { header, time: { kind: 'nanoseconds' }, fromHeader: false, onlyClass: -1 });
  expect(`${printPlan(header)}\n${e.text()}`).toMatchSnapshot();
});

test('the encoder of an event with a compact header', () => {
  const stream = streamOf('uint8_t n; uint32_t vals[n]; string s;');
  const form = { selector: 'id', timestampBits: 27, holdsId: () => true };
  const plan = makePlan(
    'e',
    [
      { scope: 'event-header', fieldClass: stream.eventHeader! },
      { scope: 'event-payload', fieldClass: stream.eventClasses[0]!.payload! },
    ],
    1,
  );
  const compact = new Emitter();
  emitEncode(compact, plan, form);
  const extended = new Emitter();
  emitEncode(extended, plan, { ...form, selectorValue: 31, timestampBits: 64 });
  expect(`${compact.text()}\n// extended\n${extended.text()}`).toMatchSnapshot();
});
