// The conformance cases: what is to be shown of each trace of the corpus. The suites run them one by one, and
// `npm run conformance` all of them for its table.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SpoorError } from '@spoor/base';
import { defaultPrettyOptions, openTrace, PrettySink } from '@spoor/components/node';
import { readMetadata } from '@spoor/ctf';
import {
  corpusTrace,
  corpusTraces,
  readExceptions,
  type CorpusFamily,
  type CorpusTrace,
} from '../support/corpus.ts';
import { babeltrace2 } from '../support/lttng.ts';
import { repoRoot, sharedRoot } from '../support/machine.ts';
import { withStaleStrings } from '../support/same-text.ts';
import { spoor } from '../support/spoor.ts';
import { firstDifference } from './first-difference.ts';
import { referenceCases } from './reference-cases.ts';

/**
 * What is shown: `metadata` is accepted or refused as it must be, `stream` is read or refused as it must be by the command,
 * `digest` is the text of babeltrace 2.1 (2.0 where 2.1 does not read the trace), `peer` that of the babeltrace2 at hand,
 * `reference` are expected outputs that come with the traces.
 */
export const checkKinds = ['metadata', 'stream', 'digest', 'peer', 'reference'] as const;
export type CheckKind = (typeof checkKinds)[number];

/** One thing to be shown of one trace. */
export interface ConformanceCase {
  readonly kind: CheckKind;
  readonly family: CorpusFamily;
  /** Path of the trace within its family; for `reference` that of the expected output. */
  readonly trace: string;
  /** What it deviates in, or nothing. */
  run(): string | undefined;
}

/** As the skip list names a case. */
export function caseName({ kind, family, trace }: ConformanceCase): string {
  return `${kind} ${family}/${trace}`;
}

/** Cases that are known to deviate, each with its reason. */
export function skippedCases(): ReadonlyMap<string, string> {
  return readExceptions(join(repoRoot, 'tests/conformance/skip-list.tsv'));
}

/** What comes of a case with regard to the skip list: a listed case must deviate. */
export function verdictOf(
  conformanceCase: ConformanceCase,
  skipped: ReadonlyMap<string, string>,
): { readonly verdict: 'ok' | 'skipped' } | { readonly verdict: 'deviates'; readonly how: string } {
  const how = conformanceCase.run();
  const reason = skipped.get(caseName(conformanceCase));
  if (reason === undefined) return how === undefined ? { verdict: 'ok' } : { verdict: 'deviates', how };
  if (how !== undefined) return { verdict: 'skipped' };
  return { verdict: 'deviates', how: `it is right, but in the skip list (${reason}): take it out` };
}

/** Reads the metadata of a trace; a refusal is returned, anything else that is thrown is thrown on. */
function metadataError(folder: string): SpoorError | undefined {
  try {
    readMetadata(readFileSync(join(folder, 'metadata')));
    return undefined;
  } catch (error) {
    if (error instanceof SpoorError) return error;
    throw error;
  }
}

function metadataCase(entry: CorpusTrace): ConformanceCase {
  const { family, trace } = entry;
  // Streams that must be refused have metadata that must not.
  const accept = !/metadata\/fail\//.test(trace);
  return {
    kind: 'metadata',
    family,
    trace,
    run() {
      const error = metadataError(corpusTrace(entry));
      if (error === undefined) return accept ? undefined : 'accepted';
      if (accept) return `refused: ${error.where}: ${error.message}`;
      const hasPlace = /^metadata(:\d+:\d+| at byte \d+|$)/.test(error.where ?? '');
      return hasPlace ? undefined : `refused without a place: ${error.where}`;
    },
  };
}

function streamCase(entry: CorpusTrace): ConformanceCase {
  const { family, trace } = entry;
  return {
    kind: 'stream',
    family,
    trace,
    run() {
      const done = spoor([corpusTrace(entry)], { timeoutMs: 60_000 });
      if (trace.includes('/pass/')) return done.status === 0 ? undefined : done.stderr;
      if (done.status !== 1) return `status ${done.status ?? done.signal}`;
      return /^(?:spoor: .*\n)+$/.test(done.stderr) ? undefined : `no word of what is wrong: ${done.stderr}`;
    },
  };
}

/** Events of traces that are right, though no babeltrace2 reads them: it cannot convert the times of their packets. */
const readAlone: ReadonlyMap<string, number> = new Map([
  ['ctfwriter_JF8nq3', 100_003],
  ['funky_trace', 100_002],
]);

/** Traces that no babeltrace2 reads: they are refused with a word of what is wrong, or read to their end. */
function unreadCase(entry: CorpusTrace): ConformanceCase {
  const { family, trace } = entry;
  return {
    kind: 'stream',
    family,
    trace,
    run() {
      const path = corpusTrace(entry);
      const count = readAlone.get(trace);
      const done = spoor([...(count === undefined ? [] : ['--clock-gmt']), path], { timeoutMs: 60_000 });
      if (count === undefined) {
        if (done.status !== 1) return `status ${done.status ?? done.signal}`;
        return /^(?:spoor: .*\n)+$/.test(done.stderr)
          ? undefined
          : `no word of what is wrong: ${done.stderr}`;
      }
      const events = done.stdout.split('\n').length - 1;
      return done.status === 0 && events === count ? undefined : `${events} events, status ${done.status}`;
    },
  };
}

/** What `spoor --clock-gmt` prints, given out in pieces. @returns the number of events. */
export function printTrace(path: string, compile: boolean, write: (bytes: Uint8Array) => void): number {
  let lines = 0;
  const flow = openTrace(path, { compile }).read();
  const output = { write: (bytes: Uint8Array, length: number): void => write(bytes.subarray(0, length)) };
  const sink = new PrettySink(flow, output, { ...defaultPrettyOptions, clockGmt: true }, () => {}, compile);
  while (flow.next()) {
    lines += flow.batch.count;
    sink.consume(flow.batch);
  }
  sink.finish();
  return lines;
}

/** Digest of the text. */
export function digestOf(
  path: string,
  compile: boolean,
): { readonly sha256: string; readonly lines: number } {
  const hash = createHash('sha256');
  const lines = printTrace(path, compile, (bytes) => hash.update(bytes));
  return { sha256: hash.digest('hex'), lines };
}

/** Events up to which the interpreter is tried, too. */
const fewEvents = 5000;

function digestCases(): ConformanceCase[] {
  return (
    readFileSync(join(sharedRoot, 'corpus', 'EXPECT.tsv'), 'utf8')
      .trimEnd()
      .split('\n')
      .slice(1)
      .map((line) => line.split('\t'))
      // Metadata that must be refused, but is not by the peer, has no text.
      .filter(([, trace = '']) => !trace.includes('metadata/fail/'))
      .map(([family, trace = '', , , , sha256]): ConformanceCase => {
        const entry = { family: family as CorpusFamily, trace };
        return {
          kind: 'digest',
          ...entry,
          run() {
            const path = corpusTrace(entry);
            const ours = digestOf(path, true);
            if (ours.sha256 !== sha256) return `${ours.lines} events with another text`;
            if (ours.lines >= fewEvents) return undefined;
            return digestOf(path, false).sha256 === sha256 ? undefined : 'another text by the interpreter';
          },
        };
      })
  );
}

function peerCase(entry: CorpusTrace): ConformanceCase {
  const { family, trace } = entry;
  return {
    kind: 'peer',
    family,
    trace,
    run() {
      const path = corpusTrace(entry);
      const theirs = babeltrace2(['--clock-gmt', path], { timeoutMs: 120_000 });
      if (theirs.status !== 0) return `babeltrace2 does not read it here: ${theirs.stderr.slice(0, 200)}`;
      const digest = createHash('sha256').update(theirs.stdout).digest('hex');
      if (digestOf(path, true).sha256 === digest) return undefined;
      const parts: Buffer[] = [];
      printTrace(path, true, (bytes) => parts.push(Buffer.from(bytes)));
      const ours = Buffer.concat(parts).toString('utf8');
      return firstDifference(ours, withStaleStrings(ours, theirs.stdout));
    },
  };
}

/** All cases. Live comparisons with babeltrace2 are left out where it is not there. */
export function conformanceCases(withPeer: boolean): readonly ConformanceCase[] {
  const traces = corpusTraces();
  const digests = digestCases();
  const printed = new Set(digests.map(({ family, trace }) => `${family}/${trace}`));
  const suite = traces.filter(({ family }) => family === 'ctf-testsuite');
  return [
    ...suite.map(metadataCase),
    ...suite.filter(({ trace }) => /stream\/(?:pass|fail)\//.test(trace)).map(streamCase),
    ...traces
      .filter(
        ({ family, trace, bt204 }) =>
          family !== 'ctf-testsuite' && bt204 !== 'ok' && !printed.has(`${family}/${trace}`),
      )
      .map(unreadCase),
    ...digests,
    ...(withPeer
      ? traces
          .filter(
            ({ bt204, ctf, trace }) =>
              bt204 === 'ok' && ctf === '1.8' && !/(?:metadata|stream)\/fail\//.test(trace),
          )
          .map(peerCase)
      : []),
    ...referenceCases(),
  ];
}
