// The text of every trace of the corpus against the digests of babeltrace2's, and the outputs that its own tests expect.
import { expect, test } from 'vitest';
import { corpusNeeds } from '../support/corpus.ts';
import { describeNeeding } from '../support/needs.ts';
import { unusedOutputs } from './reference-cases.ts';
import { caseName, conformanceCases, skippedCases, verdictOf } from './cases.ts';

describeNeeding(
  corpusNeeds('babeltrace-tests', 'ctf-testsuite', 'tracecompass', 'own-ust'),
  "the corpus prints as babeltrace2's text",
  () => {
    const skipped = skippedCases();
    const cases = conformanceCases(false).filter(({ kind }) => kind === 'digest' || kind === 'reference');
    test.each(cases.map((one) => [`${one.kind} ${one.family}/${one.trace}`, one] as const))(
      '%s',
      (_, one) => {
        const result = verdictOf(one, skipped);
        if (result.verdict === 'deviates') expect.fail(result.how);
      },
    );

    test('every expected output of the corpus belongs to a case', () => {
      expect(unusedOutputs()).toEqual([]);
    });

    test('every line of the skip list names a case', () => {
      const names = new Set(conformanceCases(true).map(caseName));
      expect([...skipped.keys()].filter((name) => !names.has(name))).toEqual([]);
    });
  },
);
