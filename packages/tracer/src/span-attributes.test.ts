import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { AttributesWriter, maxAttributesBytes, type SpanAttributes } from './span-attributes.ts';

const writer = new AttributesWriter();

function written(attributes: SpanAttributes): { readonly text: string; readonly dropped: number } {
  const dropped = writer.write(attributes);
  return { text: String(writer.text), dropped };
}

const name = fc.oneof(fc.string(), fc.string({ unit: 'binary', maxLength: 20 }), fc.constant('http.route'));
const number = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.integer(),
  fc.integer({ min: -1_000_000_001, max: 1_000_000_001 }),
  fc.integer({ min: -12, max: 1200 }),
);
const finite = number.filter((value) => !Object.is(value, -0));
const text = fc.oneof(
  fc.string({ maxLength: 60 }),
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.string({ maxLength: 2048 }),
);
const value = fc.oneof(text, finite, fc.boolean(), fc.array(fc.string(), { maxLength: 5 }));

test('attributes are JSON that reads back as what they were, or less, and never longer than said', () => {
  fc.assert(
    fc.property(fc.dictionary(name, value, { maxKeys: 20 }), (attributes) => {
      const { text: json, dropped } = written(attributes);
      expect(Buffer.byteLength(json)).toBeLessThanOrEqual(maxAttributesBytes);
      const read = JSON.parse(json) as Record<string, unknown>;
      for (const [key, member] of Object.entries(read)) {
        expect(member).toEqual(Object.getOwnPropertyDescriptor(attributes, key)?.value);
      }
      expect(Object.keys(read).length + dropped).toBe(Object.keys(attributes).length);
    }),
    { numRuns: 500 },
  );
});

test('what fits is the JSON of JSON.stringify, byte for byte', () => {
  const few = fc.dictionary(name, fc.oneof(fc.string({ unit: 'binary' }), number), { maxKeys: 8 });
  fc.assert(
    fc.property(few, (attributes) => {
      writer.write(attributes);
      const copy = new DataView(new ArrayBuffer(writer.text.sizeBytes + 3));
      expect(writer.text.copy(copy, 3)).toBe(writer.text.sizeBytes + 3);
      const { buffer, byteLength } = copy;
      expect(Buffer.from(buffer, 3, byteLength - 3).toString()).toBe(`${JSON.stringify(attributes)}\0`);
    }),
    { numRuns: 500 },
  );
});

test('what is no attribute is left out, and what JSON cannot say is a text', () => {
  const { text: json, dropped } = written({
    a: NaN,
    b: undefined,
    c: 1n,
    d: {},
    e: [1, null],
    toJSON: () => 'x',
  });
  expect(JSON.parse(json)).toEqual({ a: 'NaN', e: [1, null] });
  expect(dropped).toBe(4);
  expect(written({})).toEqual({ text: '{}', dropped: 0 });
  expect(written({ '': -0 })).toEqual({ text: '{"":0}', dropped: 0 });
  const long = written({ long: 'x'.repeat(5000) }).text;
  expect(long).toHaveLength(2048 + '{"long":""}'.length);
  expect(written(Object.create({ inherited: 1 }) as SpanAttributes).text).toBe('{}');
});

test('the last byte that there is room for is used, and none beyond', () => {
  // Four members of 2,040 characters and one that fills up: `{"a":"…","b":"…",…,"f":"…","e":…}`.
  const long = Object.fromEntries(['a', 'b', 'c', 'd'].map((key) => [key, 'x'.repeat(2030)]));
  const { length } = JSON.stringify(long);
  for (const digits of [1, 5, 9]) {
    const fills = 'y'.repeat(maxAttributesBytes - length - ',"e":'.length - ',"f":""'.length - digits);
    const fitting = { ...long, f: fills, e: 10 ** (digits - 1) };
    expect(written(fitting)).toEqual({ text: JSON.stringify(fitting), dropped: 0 });
    expect(Buffer.byteLength(written(fitting).text)).toBe(maxAttributesBytes);
    const over = written({ ...fitting, e: 10 ** digits });
    expect(over.dropped).toBe(1);
    expect(JSON.parse(over.text)).toEqual({ ...long, f: fills });
  }
});
