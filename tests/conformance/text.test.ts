// The text of every trace of the corpus against the digests of babeltrace2's.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { corpusNeeds, corpusTrace, readExceptions, type CorpusFamily } from '../support/corpus.ts';
import { describeNeeding, sharedRoot } from '../support/needs.ts';
import { openTrace, PrettySink, defaultPrettyOptions } from '@spoor/components/node';

interface Expectation {
  readonly family: CorpusFamily;
  readonly trace: string;
  readonly lines: number;
  readonly sha256: string;
}

function expectations(): Expectation[] {
  return (
    readFileSync(join(sharedRoot, 'corpus', 'EXPECT.tsv'), 'utf8')
      .trimEnd()
      .split('\n')
      .slice(1)
      .map((line) => line.split('\t'))
      // Metadata that must be refused, but is not by the peer, has no text.
      .filter(([, trace]) => !trace!.includes('metadata/fail/'))
      .map(([family, trace, , , lines, sha256]) => ({
        family: family as CorpusFamily,
        trace: trace!,
        lines: Number(lines),
        sha256: sha256!,
      }))
  );
}

/** Digest of the text that `spoor --clock-gmt` prints. */
function digestOf(path: string, compile: boolean): { readonly sha256: string; readonly lines: number } {
  const hash = createHash('sha256');
  let lines = 0;
  const set = openTrace(path, { compile });
  const flow = set.read();
  const output = {
    write(bytes: Uint8Array, length: number): void {
      hash.update(bytes.subarray(0, length));
    },
  };
  const sink = new PrettySink(flow, output, { ...defaultPrettyOptions, clockGmt: true }, () => {}, compile);
  while (flow.next()) {
    lines += flow.batch.count;
    sink.consume(flow.batch);
  }
  sink.finish();
  return { sha256: hash.digest('hex'), lines };
}

describeNeeding(
  corpusNeeds('babeltrace-tests', 'ctf-testsuite', 'tracecompass'),
  "the corpus prints as babeltrace2's text",
  () => {
    const exceptions = readExceptions(join(import.meta.dirname, 'text-exceptions.tsv'));
    for (const { family, trace, sha256 } of expectations()) {
      test(`${family}/${trace}`, () => {
        const path = corpusTrace({ family, trace });
        const actual = digestOf(path, true);
        if (exceptions.has(`${family}/${trace}`)) {
          expect(actual.sha256, 'a known exception is right now: take it out of the list').not.toBe(sha256);
        } else {
          expect(actual.sha256).toBe(sha256);
        }
        // The interpreter, where it does not take too long.
        if (actual.lines < 5000) expect(digestOf(path, false).sha256).toBe(actual.sha256);
      });
    }
  },
);
