import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { globMatches, parseGlob, printGlob } from './globs.ts';

test('as a regular expression matches', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'b', '.') });
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom('a', 'b', '*', '.') }), text, (pattern, candidate) => {
      const expression = new RegExp(`^${pattern.replaceAll('.', '\\.').replaceAll('*', '.*')}$`);
      expect(globMatches(parseGlob(pattern), candidate)).toBe(expression.test(candidate));
    }),
    { numRuns: 2000 },
  );
});

test('patterns are printed as they are read', () => {
  fc.assert(
    fc.property(fc.array(fc.string(), { minLength: 1 }), (parts) => {
      expect(parseGlob(printGlob(parts))).toEqual(parts);
    }),
  );
  expect(parseGlob('a\\*b\\\\*\\')).toEqual(['a*b\\', '\\']);
});

test('many stars cost no exponential time', () => {
  expect(globMatches(parseGlob(`${'*a'.repeat(2000)}*c`), 'a'.repeat(20_000))).toBe(false);
});
