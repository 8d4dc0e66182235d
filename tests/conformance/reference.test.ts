// Every stream file of the corpus that is not too large, as Spoor reads it and as the plain reference reader does.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { SpoorError } from '@spoor/base';
import { readMetadata, type TraceClass } from '@spoor/ctf';
import { expect, test } from 'vitest';
import { compareReadings, ReadersDisagree } from '../support/compare-readings.ts';
import { corpusNeeds, corpusTrace, corpusTraces } from '../support/corpus.ts';
import { describeNeeding } from '../support/needs.ts';
import { ReferenceBudgetError } from '../support/reference-walker.ts';

const families = ['babeltrace-tests', 'ctf-testsuite', 'tracecompass'] as const;
/** The reference takes some microseconds a field. */
const mostSteps = 20_000;

/** What the metadata of a trace describes; undefined where it is refused. */
function traceClassOf(folder: string): TraceClass | undefined {
  try {
    const options = { tolerant: true, onTruncated: () => {} };
    return readMetadata(readFileSync(join(folder, 'metadata')), 'metadata', options);
  } catch (error) {
    if (error instanceof SpoorError) return undefined;
    throw error;
  }
}

describeNeeding(corpusNeeds(...families), 'the reference reader', () => {
  test('agrees with Spoor on the events of the corpus and all of their values', { timeout: 600_000 }, () => {
    let files = 0;
    let exp = 0;
    let events = 0;
    const disagreements: string[] = [];
    for (const trace of corpusTraces()) {
      if (!(families as readonly string[]).includes(trace.family)) continue;
      // Of 168 traces of one distributed run a few will do.
      if (trace.trace.startsWith('exp/') && exp++ % 20 !== 0) continue;
      const folder = corpusTrace(trace);
      const traceClass = traceClassOf(folder);
      if (traceClass === undefined) continue;
      for (const name of readdirSync(folder)) {
        const path = join(folder, name);
        if (name === 'metadata' || name.startsWith('.') || !statSync(path).isFile()) continue;
        const content = new Uint8Array(readFileSync(path));
        if (content.length === 0 || content.length > 100_000) continue;
        try {
          events += compareReadings(traceClass, path, content, mostSteps).eventCount;
          files += 1;
        } catch (error) {
          if (error instanceof ReferenceBudgetError) continue;
          if (!(error instanceof ReadersDisagree)) throw new Error(path, { cause: error });
          disagreements.push(`${path}: ${error.message}`);
        }
      }
    }
    expect(disagreements).toEqual([]);
    expect(files).toBeGreaterThan(150);
    expect(events).toBeGreaterThan(10_000);
  });
});
