// The stream cases of the CTF 1.8 conformance suite: `fail` must be refused and `pass` must be read, both soon; and the
// traces that no babeltrace2 reads.
import { expect, test } from 'vitest';
import { corpusNeeds } from '../support/corpus.ts';
import { describeNeeding } from '../support/needs.ts';
import { conformanceCases, skippedCases, verdictOf } from './cases.ts';

describeNeeding(
  corpusNeeds('ctf-testsuite', 'babeltrace-tests', 'tracecompass'),
  'what must be read or refused',
  () => {
    const cases = conformanceCases(false).filter(({ kind }) => kind === 'stream');

    test('are all there', () => {
      expect(cases).toHaveLength(39 + 16);
    });

    test.each(cases.map((one) => [one.trace, one] as const))('%s', (_, one) => {
      const result = verdictOf(one, skippedCases());
      if (result.verdict === 'deviates') expect.fail(result.how);
    });
  },
);
