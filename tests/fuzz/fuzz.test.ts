// A bounded run of the fuzzing; `npm run fuzz` goes on for as long as one likes.
import { expect, test } from 'vitest';
import { corpusNeeds } from '../support/corpus.ts';
import { command } from '../support/machine.ts';
import { describeNeeding } from '../support/needs.ts';
import { describeFind, runCase } from './fuzzing.ts';
import { fuzzTargets } from './targets.ts';

const caseCounts: Readonly<Record<string, number>> = {
  streams: 60,
  indexes: 300,
  filters: 1000,
  archives: 1000,
  'raw-traces': 300,
};

const needs = [
  ...corpusNeeds('babeltrace-tests', 'ctf-testsuite', 'tracecompass'),
  command('zstd', 'corpus'),
];

describeNeeding(needs, 'fuzzing', () => {
  test.each(fuzzTargets.map((target) => [target.name, target] as const))(
    '%s',
    { timeout: 600_000 },
    (name, target) => {
      const seen = { read: 0, refused: 0 };
      for (let number = 0; number < (caseCounts[name] ?? 150); number++) {
        const result = runCase(target, 1, number);
        if (typeof result !== 'string') expect.fail(describeFind(result));
        seen[result] += 1;
      }
      // Damage of which all is refused, or none, would test little.
      expect(Math.min(seen.read, seen.refused), JSON.stringify(seen)).toBeGreaterThan(4);
    },
  );
});
