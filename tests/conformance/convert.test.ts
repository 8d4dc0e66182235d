// Traces of the corpus, written in the other version of CTF and in their own, print as they did.
import { formatCtf2, raiseTraceClass, readMetadata } from '@spoor/ctf';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { convertTrace, textOf } from '../support/converted.ts';
import { corpusNeeds, corpusTrace, corpusTraces } from '../support/corpus.ts';
import { describeNeeding } from '../support/needs.ts';
import { expectSameText } from '../support/same-text.ts';
import { removeTree } from '../support/removal.ts';

const scratch = mkdtempSync(join(tmpdir(), 'spoor-convert-'));
afterAll(() => removeTree(scratch));

let count = 0;
function fresh(): string {
  return join(scratch, `out-${count++}`);
}

const families = ['babeltrace-tests', 'ctf-testsuite', 'tracecompass'] as const;

/** Greater ones say no more, and take long. */
const mostEvents = 20_000;
/** Of text of events that are written one by one. */
const mostCharacters = 500_000;

describeNeeding(corpusNeeds(...families), 'a trace of the corpus', () => {
  const readable = corpusTraces().filter(
    ({ bt204, bt21, eventCount, trace }) =>
      (bt204 === 'ok' || bt21 === 'ok') && eventCount < mostEvents && !trace.includes('/fail/'),
  );
  test.each(
    readable.filter(({ ctf }) => ctf === '1.8').map((trace) => [`${trace.family}/${trace.trace}`, trace]),
  )('of CTF 1.8 prints the same as CTF 2: %s', (_, trace) => {
    const original = corpusTrace(trace);
    const text = textOf(original);
    const out = fresh();
    if (!convertTrace(original, out, '2')) {
      // Without streams there is nothing to write but the metadata.
      const file = readFileSync(join(original, 'metadata'));
      const raised = raiseTraceClass(readMetadata(file, 'metadata', { tolerant: true }));
      if (raised.streamClasses.length === 0) return;
      const metadata = formatCtf2(raised);
      expect(formatCtf2(readMetadata(new TextEncoder().encode(metadata)))).toBe(metadata);
      return;
    }
    expectSameText(textOf(out), text, trace.trace);
    if (text.length > mostCharacters || text === '') return;
    const again = fresh();
    convertTrace(original, again, '2', true);
    expectSameText(textOf(again), text, `${trace.trace}, event by event`);
  });
  test.each(
    readable.filter(({ ctf }) => ctf === '2').map((trace) => [`${trace.family}/${trace.trace}`, trace]),
  )('of CTF 2 prints the same as CTF 2: %s', (_, trace) => {
    const original = corpusTrace(trace);
    const text = textOf(original);
    for (const oneByOne of [false, true]) {
      const out = fresh();
      if (convertTrace(original, out, '2', oneByOne)) expectSameText(textOf(out), text, trace.trace);
    }
  });
});
