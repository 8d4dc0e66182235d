// The streams of the CTF 1.8 conformance suite: what is whole is read without a word, what is not is reported, and
// nothing makes the reader wait for ever.
import { openTrace } from '@spoor/components/node';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { corpusFolder, corpusNeeds, corpusTraces, readExceptions } from '../support/corpus.ts';
import { describeNeeding } from '../support/needs.ts';

/** Number of events that can be read, and what was said about the rest. */
function read(
  path: string,
  compile: boolean,
): { readonly events: number; readonly warnings: readonly string[] } {
  const set = openTrace(path, { compile });
  let events = 0;
  for (const event of set.events()) {
    event.payload();
    events += 1;
  }
  return { events, warnings: set.warnings };
}

describeNeeding(corpusNeeds('ctf-testsuite'), 'CTF 1.8 conformance suite: streams', () => {
  const root = join(corpusFolder('ctf-testsuite'), 'regression/stream');
  const exceptions = readExceptions(join(import.meta.dirname, 'stream-exceptions.tsv'));
  // The peer's counts, where it reads the trace.
  const counts = new Map(
    corpusTraces()
      .filter(({ bt21 }) => bt21 === 'ok')
      .map(({ trace, eventCount21 }) => [trace, eventCount21]),
  );

  for (const [way, compile] of [
    ['generated code', true],
    ['the interpreter', false],
  ] as const) {
    describe(way, () => {
      for (const verdict of ['pass', 'fail'] as const) {
        for (const name of readdirSync(join(root, verdict))) {
          test(`${verdict}/${name}`, () => {
            const { events, warnings } = read(join(root, verdict, name), compile);
            const right = verdict === 'pass' ? warnings.length === 0 : warnings.length > 0;
            const excepted = exceptions.get(`${verdict}/${name}`);
            if (excepted !== undefined) {
              expect(right, `is listed as an exception (${excepted}) but passes`).toBe(false);
              return;
            }
            expect(right, warnings.join('\n')).toBe(true);
            const count = counts.get(`regression/stream/${verdict}/${name}`);
            if (verdict === 'pass' && count !== undefined) expect(events).toBe(count);
          }, 20_000);
        }
      }
    });
  }
});
