// The conformance cases: what is to be shown of each trace of the corpus. The suites run them one by one, and
// `npm run conformance` all of them for its table.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SpoorError } from '@spoor/base';
import { defaultPrettyOptions, openTrace, PrettySink } from '@spoor/components/node';
import { readMetadata } from '@spoor/ctf';
import {
  corpusFolder,
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

function firstDifference(ours: string, theirs: string): string | undefined {
  if (ours === theirs) return undefined;
  const own = ours.split('\n');
  const other = theirs.split('\n');
  const at = own.findIndex((line, index) => line !== other[index]);
  const line = at < 0 ? own.length : at;
  return `line ${line + 1}: ${JSON.stringify(own[line] ?? null)} in place of ${JSON.stringify(other[line] ?? null)}`;
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

/** What `sink.text.details` prints without the names that hold paths. */
function detailsOf(path: string, parameters: string): string {
  const names = 'with-trace-name=no,with-stream-name=no';
  return spoor(['-c', 'sink.text.details', '-p', `${names}${parameters}`, path]).stdout;
}

/** Clock classes as 2.0 prints them, of which 2.1 says the same in other words and another order. */
function inWordsOf20(text: string): string {
  return text.replaceAll(
    /^( +)UUID: (.+)\n((?: +(?:Description|Frequency|Precision).*\n)*) +Offset from origin \(s\): (.*)\n +Offset from origin \(cycles\): (.*)\n +Origin: Unix epoch\n/gm,
    (_, indent: string, uuid: string, middle: string, seconds: string, cycles: string) =>
      `${middle}${indent}Offset (s): ${seconds}\n${indent}Offset (cycles): ${cycles}\n${indent}Origin is Unix epoch: Yes\n${indent}UUID: ${uuid}\n`,
  );
}

/** Outputs that the test suite of babeltrace2 expects, of those of its traces that the corpus has. */
function referenceCases(): ConformanceCase[] {
  const family = 'babeltrace-tests';
  const expected = (name: string): string =>
    readFileSync(join(corpusFolder(family), 'expect/src.ctf.fs', name), 'utf8');
  const make = (trace: string, run: () => string | undefined): ConformanceCase => ({
    kind: 'reference',
    family,
    trace,
    run,
  });
  const folder = (trace: string): string => corpusTrace({ family, trace });
  const details = (trace: string, name: string): ConformanceCase =>
    make(`expect/src.ctf.fs/${name} of ${trace}`, () =>
      firstDifference(detailsOf(folder(trace), ''), inWordsOf20(expected(name))),
    );
  const packetEnds = (trace: string, name: string): ConformanceCase =>
    make(`expect/src.ctf.fs/${name} of ${trace}`, () => {
      const text = detailsOf(folder(trace), ',with-metadata=no,compact=yes');
      const ends = text.split('\n').filter((line) => line.includes('Packet end'));
      return firstDifference(`${ends.join('\n')}\n`, expected(name));
    });
  const query = (trace: string, name: string): ConformanceCase =>
    make(`expect/src.ctf.fs/${name} of ${trace}`, () => {
      const args = ['query', 'source.ctf.fs', 'metadata-info', '-p', `path="${folder(trace)}"`];
      return firstDifference(spoor(args).stdout, expected(name));
    });
  /** A live session's text differs from that of the same traces in files by the names of its streams. */
  const live = (name: string, trace: string): ConformanceCase =>
    make(`lttng-live/${name} of ${trace}`, () => {
      const text = readFileSync(join(corpusFolder(family), 'lttng-live', name), 'utf8');
      const unnamed = inWordsOf20(text).replaceAll(/^ +Name: stream-\d+\n/gm, '');
      // The files that are kept have lost the space behind the name of an empty value.
      const ours = detailsOf(folder(trace), '').replaceAll(/ +$/gm, '');
      return firstDifference(ours, unnamed.replaceAll(/ +$/gm, ''));
    });
  return [
    ...['1', '2'].flatMap((version) => [
      details(`${version}/succeed/array-align-elem`, 'trace-array-align-elem.expect'),
      details(`${version}/succeed/struct-array-align-elem`, 'trace-struct-array-align-elem.expect'),
      packetEnds(`${version}/succeed/lttng-crash`, 'trace-lttng-crash.expect'),
      packetEnds(`${version}/succeed/lttng-event-after-packet`, 'trace-lttng-event-after-packet.expect'),
    ]),
    details('2/succeed/meta-clk-cls-before-trace-cls', 'trace-meta-clk-cls-before-trace-cls.expect'),
    details('1/succeed/session-rotation', 'trace-session-rotation-ctf1-mip0.expect'),
    details('1/succeed/lttng-tracefile-rotation', 'trace-lttng-tracefile-rotation-ctf1-mip0.expect'),
    query('1/succeed/succeed1', 'metadata-info-succeed1.expect'),
    query('1/succeed/lf-metadata', 'metadata-info-lf-metadata.expect'),
    live('cli-multi-domains.expect', '1/succeed/multi-domains'),
    live('split-metadata.expect', '1/live/split-metadata'),
  ];
}

/** All cases. Live comparisons with babeltrace2 are left out where it is not there. */
export function conformanceCases(withPeer: boolean): readonly ConformanceCase[] {
  const traces = corpusTraces();
  const suite = traces.filter(({ family }) => family === 'ctf-testsuite');
  return [
    ...suite.map(metadataCase),
    ...suite.filter(({ trace }) => /stream\/(?:pass|fail)\//.test(trace)).map(streamCase),
    ...digestCases(),
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
