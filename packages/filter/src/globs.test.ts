import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { globMatches, parseGlob, printGlob } from './globs.ts';
import { closestName } from './suggest.ts';

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

test('the name that was meant', () => {
  const names = ['prev_comm', 'next_comm', 'prio', 'id'];
  expect(closestName('prev_com', names)).toBe('prev_comm');
  expect(closestName('Prev_Comm', names)).toBe('prev_comm');
  expect(closestName('pr', names)).toBe(undefined);
  expect(closestName('di', names)).toBe('id');
  expect(closestName('quite_another', names)).toBe(undefined);
});
