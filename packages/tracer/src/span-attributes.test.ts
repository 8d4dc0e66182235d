import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { attributesText, maxAttributesLength } from './span-attributes.ts';

const finite = fc.double({ noNaN: true, noDefaultInfinity: true }).filter((value) => !Object.is(value, -0));
const value = fc.oneof(
  fc.string({ maxLength: 2048 }),
  finite,
  fc.boolean(),
  fc.array(fc.string(), { maxLength: 5 }),
);

test('attributes are JSON that reads back as what they were, or less, and never longer than said', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), value, { maxKeys: 20 }), (attributes) => {
      const { text, dropped } = attributesText(attributes);
      expect(text.length).toBeLessThanOrEqual(maxAttributesLength);
      const read = JSON.parse(text) as Record<string, unknown>;
      for (const [name, member] of Object.entries(read)) {
        expect(member).toEqual(Object.getOwnPropertyDescriptor(attributes, name)?.value);
      }
      expect(Object.keys(read).length + dropped).toBe(Object.keys(attributes).length);
    }),
  );
});

test('what is no attribute is left out, and what JSON cannot say is a text', () => {
  const { text, dropped } = attributesText({
    a: NaN,
    b: undefined,
    c: 1n,
    d: {},
    e: [1, null],
    toJSON: () => 'x',
  });
  expect(JSON.parse(text)).toEqual({ a: 'NaN', e: [1, null] });
  expect(dropped).toBe(4);
  expect(attributesText({}).text).toBe('{}');
  const long = attributesText({ long: 'x'.repeat(5000) }).text;
  expect(long).toHaveLength(2048 + '{"long":""}'.length);
});
