import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { JsonError, jsonPath, parseJson, type JsonValue } from './json.ts';

/** As `JSON.parse` would give it; integers become numbers. */
function plain(value: JsonValue): unknown {
  switch (value.kind) {
    case 'object':
      return Object.fromEntries(Array.from(value.members, ([key, member]) => [key, plain(member)]));
    case 'array':
      return value.elements.map(plain);
    case 'string':
      return value.text;
    case 'integer':
      return Number(value.value);
    case 'real':
    case 'boolean':
      return value.value;
    case 'null':
      return null;
    default:
      return value satisfies never;
  }
}

test('it reads what JSON.stringify writes', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.constantFrom(undefined, 2), (value, indent) => {
      const text = JSON.stringify(value, null, indent);
      expect(plain(parseJson(text))).toEqual(JSON.parse(text, (_, v: unknown) => (Object.is(v, -0) ? 0 : v)));
    }),
    { numRuns: 500 },
  );
});

test('it takes no text that JSON.parse refuses, and differs only in keys that come twice', () => {
  const part = fc.constantFrom(
    '{',
    '}',
    '[',
    ']',
    ',',
    ':',
    '"',
    '\\',
    'u0041',
    '-',
    '0',
    '12',
    '.5',
    'e9',
    ' ',
  );
  const word = fc.constantFrom(
    'true',
    'false',
    'null',
    'nul',
    '"a"',
    '"a":',
    '"b":',
    '\n',
    '\t',
    '\0',
    'é',
    '{}',
  );
  fc.assert(
    fc.property(fc.array(fc.oneof(part, word), { maxLength: 12 }), (parts) => {
      const text = parts.join('');
      let expected: unknown;
      let refused = false;
      try {
        expected = JSON.parse(text);
      } catch {
        refused = true;
      }
      try {
        const value = plain(parseJson(text));
        expect(refused).toBe(false);
        expect(JSON.stringify(value)).toBe(JSON.stringify(expected));
      } catch (error) {
        if (!(error instanceof JsonError)) throw error;
        expect(error.at).toBeLessThanOrEqual(text.length);
        if (!refused) expect(error.message).toContain('twice');
      }
    }),
    { numRuns: 3000 },
  );
});

test('integers are exact, places and paths are told', () => {
  const text = '{ "a": [ {"b": 18446744073709551615}, -9223372036854775808, 1.5e3 ] }';
  const value = parseJson(text);
  const a = value.kind === 'object' ? value.members.get('a') : undefined;
  const [first, second, third] = a?.kind === 'array' ? a.elements : [];
  const b = first?.kind === 'object' ? first.members.get('b') : undefined;
  expect(b).toEqual({ kind: 'integer', at: text.indexOf('1844'), value: 18446744073709551615n });
  expect(second).toMatchObject({ value: -9223372036854775808n });
  expect(third).toMatchObject({ kind: 'real', value: 1500 });
  expect(jsonPath(value, b!)).toBe('a[0].b');
  expect(jsonPath(value, value)).toBe('');
  expect(jsonPath(first!, second!)).toBe(undefined);
});

test.each([
  ['{"a": 1, "a": 2}', 9, 'twice'],
  ['[01]', 1, 'begin with 0'],
  ['"a\u0001"', 2, 'control character'],
  ['"abc', 0, 'does not end'],
  ['[1 2]', 3, 'expected `,` or `]`'],
  ['{} x', 3, 'the end of the fragment'],
  ['['.repeat(100_000), 201, 'levels'],
  [`[${'9'.repeat(100_000)}]`, 1, 'digits'],
])('%.20s is refused at %i', (text, at, message) => {
  expect(() => parseJson(text)).toThrow(message);
  try {
    parseJson(text);
  } catch (error) {
    expect((error as JsonError).at).toBe(at);
  }
});
