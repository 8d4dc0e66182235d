import { SpoorError } from '@spoor/base';
import { formatTsdl, parseTsdl, readMetadata, unwrapMetadata, type TraceClass } from '@spoor/ctf';
import { assert, gen, nat, property } from 'fast-check';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { mutate } from '../../packages/ctf/src/testing/mutate.ts';
import { corpusNeeds, corpusTrace, corpusTraces } from '../support/corpus.ts';
import { describeNeeding } from '../support/needs.ts';
import { conformanceCases, skippedCases, verdictOf } from './cases.ts';

/** Reads the metadata of a trace; a refusal is returned, anything else that is thrown is thrown on. */
function read(folder: string): TraceClass | SpoorError {
  try {
    return readMetadata(readFileSync(join(folder, 'metadata')));
  } catch (error) {
    if (error instanceof SpoorError) return error;
    throw error;
  }
}

describeNeeding(corpusNeeds('ctf-testsuite'), 'CTF 1.8 conformance suite: metadata', () => {
  const cases = conformanceCases(false).filter(({ kind }) => kind === 'metadata');

  test('are all there', () => {
    expect(cases).toHaveLength(126);
  });

  test.each(cases.map((one) => [one.trace, one] as const))('%s', (_, one) => {
    const result = verdictOf(one, skippedCases());
    if (result.verdict === 'deviates') expect.fail(result.how);
  });
});

const families = ['babeltrace-tests', 'tracecompass', 'own-ust'] as const;

describeNeeding(corpusNeeds(...families), 'metadata of real traces', () => {
  const readable = corpusTraces().filter(
    ({ family, ctf, bt204, bt21 }) =>
      (families as readonly string[]).includes(family) && ctf === '1.8' && (bt204 === 'ok' || bt21 === 'ok'),
  );

  test('there are enough of them', () => {
    expect(readable.length).toBeGreaterThan(200);
  });

  for (const family of families) {
    test(`${family}: all that babeltrace2 reads is read, and reads back equal once written`, () => {
      for (const trace of readable.filter((candidate) => candidate.family === family)) {
        const result = read(corpusTrace(trace));
        if (result instanceof SpoorError) expect.fail(`${trace.trace}: ${result.where}: ${result.message}`);
        expect(parseTsdl(formatTsdl(result)), trace.trace).toEqual(result);
      }
    });
  }

  test('damaged, it is read or refused', () => {
    const texts = readable
      .filter((_, index) => index % 7 === 0)
      .map((trace) => unwrapMetadata(readFileSync(join(corpusTrace(trace), 'metadata')), trace.trace).text);
    assert(
      property(gen(), nat(texts.length - 1), (g, index) => {
        const began = performance.now();
        try {
          parseTsdl(mutate(g, texts[index]!));
        } catch (error) {
          if (!(error instanceof SpoorError)) throw error;
        }
        expect(performance.now() - began).toBeLessThan(10_000);
      }),
      { numRuns: 400 },
    );
  });
});

describeNeeding(corpusNeeds('babeltrace-tests', 'tracecompass'), 'metadata of CTF 2', () => {
  const traces = corpusTraces().filter(({ ctf }) => ctf === '2');
  const byVerdict = (ok: boolean) => traces.filter(({ bt21 }) => (bt21 === 'ok') === ok);

  test('there are enough of them', () => {
    expect(byVerdict(true).length).toBeGreaterThan(24);
    expect(byVerdict(false).length).toBeGreaterThan(4);
  });

  for (const trace of byVerdict(true)) {
    test(`${trace.trace} is read`, () => {
      const result = read(corpusTrace(trace));
      if (result instanceof SpoorError) expect.fail(`${result.where}: ${result.message}`);
      expect(result.version).toBe('2');
    });
  }

  // Two lack what they need, three follow a draft of the format, with names that the format itself does not have.
  const reasons: Readonly<Record<string, string>> = {
    '2/fail/meta-no-stream-cls': 'no data stream class',
    '2/fail/meta-no-trace-cls-no-stream-cls': 'no data stream class',
    'CTF2-7.0-debug-info': '`uuid` is not known here',
    'CTF2-7.0-lttng-crash': '`uuid` is not known here',
    'CTF2-7.0-meta-variant-no-underscore': '`fixed-length-unsigned-enumeration` is no type',
  };
  for (const trace of byVerdict(false)) {
    test(`${trace.trace} is refused`, () => {
      const result = read(corpusTrace(trace));
      expect(result).toBeInstanceOf(SpoorError);
      const { where, message } = result as SpoorError;
      expect(where).toMatch(/^metadata:\d+:\d+$/);
      expect(message).toContain(reasons[trace.trace] ?? 'a reason for every trace');
    });
  }

  test('damaged, it is read or refused', () => {
    const texts = byVerdict(true).map((trace) =>
      readFileSync(join(corpusTrace(trace), 'metadata')).toString('utf8'),
    );
    assert(
      property(gen(), nat(texts.length - 1), (g, index) => {
        const began = performance.now();
        try {
          readMetadata(new TextEncoder().encode(mutate(g, texts[index]!)));
        } catch (error) {
          if (!(error instanceof SpoorError)) throw error;
        }
        expect(performance.now() - began).toBeLessThan(10_000);
      }),
      { numRuns: 300 },
    );
  });
});
