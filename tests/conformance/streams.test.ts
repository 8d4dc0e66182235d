// The stream cases of the CTF 1.8 conformance suite: `fail` must be refused and `pass` must be read, both soon.
import { expect, test } from 'vitest';
import { corpusNeeds, corpusTrace, corpusTraces } from '../support/corpus.ts';
import { describeNeeding } from '../support/needs.ts';
import { spoor } from '../support/spoor.ts';

describeNeeding(corpusNeeds('ctf-testsuite'), 'the stream cases of the conformance suite', () => {
  const cases = corpusTraces().filter(
    ({ family, trace }) => family === 'ctf-testsuite' && /stream\/(?:pass|fail)\//.test(trace),
  );

  test('are all there', () => {
    expect(cases).toHaveLength(39);
  });

  for (const { family, trace } of cases) {
    test(trace, () => {
      const done = spoor([corpusTrace({ family, trace })], { timeoutMs: 20_000 });
      if (trace.includes('/pass/')) {
        expect(done.status, done.stderr).toBe(0);
      } else {
        expect(done.status).toBe(1);
        expect(done.stderr).toMatch(/^(?:spoor: .*\n)+$/);
      }
    });
  }
});
