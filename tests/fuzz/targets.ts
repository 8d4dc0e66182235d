// What is fuzzed, and what must hold: whatever the damage, input is read or refused by a SpoorError that says where, and
// what is read is what the reference reader reads.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { SpoorError } from '@spoor/base';
import {
  formatTsdl,
  parseTsdl,
  readMetadata,
  readPacketIndex,
  unwrapMetadata,
  type TraceClass,
} from '@spoor/ctf';
import { parseFilter, printExpression, type Expression } from '@spoor/filter';
import { isDeepStrictEqual } from 'node:util';
import { compareReadings } from '../support/compare-readings.ts';
import { corpusTrace, corpusTraces, type CorpusFamily } from '../support/corpus.ts';
import { readReference } from '../support/reference-reader.ts';
import { ReferenceBudgetError } from '../support/reference-walker.ts';
import type { SeededRandom } from '../support/seeded-random.ts';
import { archiveTarget } from './archive-target.ts';
import { randomByteEdits, withByteEdits } from './byte-edits.ts';
import { rawTraces } from './raw-target.ts';
import { randomMetadataEdits, withJsonEdits, withTsdlEdits } from './metadata-edits.ts';

export type Verdict = 'read' | 'refused';

/** One input. Its edits can be left out one by one, by which a find is made small. */
export interface FuzzCase {
  readonly editCount: number;
  /** The files with some of the edits made, by name. */
  files(kept: readonly number[]): ReadonlyMap<string, Uint8Array>;
  /** Reads them: whether anything was read or all refused. Throws whatever must not happen. */
  check(files: ReadonlyMap<string, Uint8Array>): Verdict;
}

/** A kind of input. */
export interface FuzzTarget {
  readonly name: string;
  make(random: SeededRandom): FuzzCase;
}

/** The answer is wrong though no exception says so. */
export class WrongAnswer extends Error {}

const families: readonly CorpusFamily[] = ['babeltrace-tests', 'ctf-testsuite', 'tracecompass'];
/** Enough for several packets, and soon read by the slow reference. */
const mostFileBytes = 40_000;
const mostSteps = 6000;

interface Original {
  readonly path: string;
  readonly version: '1.8' | '2';
  readonly metadata: string;
  readonly traceClass: TraceClass;
  readonly streams: readonly { readonly name: string; readonly content: Uint8Array }[];
}

function decode(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** The file, if it is small, or its first packets. */
function beginningOf(traceClass: TraceClass, content: Uint8Array): Uint8Array | undefined {
  if (content.length <= mostFileBytes) return content;
  try {
    const { packets } = readReference(traceClass, content, 20_000);
    const fitting = packets.map(({ startByte }) => startByte).filter((start) => start <= mostFileBytes);
    const end = Math.max(...fitting, 0);
    return end === 0 ? undefined : content.slice(0, end);
  } catch (error) {
    if (error instanceof ReferenceBudgetError) return undefined;
    throw error;
  }
}

let known: readonly Original[] | undefined;

/** The traces of the corpus that can be read, with stream files that are not too large. */
function originals(): readonly Original[] {
  known ??= corpusTraces().flatMap((trace): Original[] => {
    if (!families.includes(trace.family)) return [];
    if (trace.trace.startsWith('exp/') && !trace.trace.endsWith('0')) return [];
    const path = corpusTrace(trace);
    const bytes = new Uint8Array(readFileSync(join(path, 'metadata')));
    if (bytes.length > 150_000) return [];
    let traceClass: TraceClass;
    try {
      traceClass = readMetadata(bytes, 'metadata', { tolerant: true });
    } catch (error) {
      if (error instanceof SpoorError) return [];
      throw error;
    }
    const streams = readdirSync(path)
      .filter((name) => name !== 'metadata' && statSync(join(path, name)).isFile())
      .flatMap((name) => {
        const whole = new Uint8Array(readFileSync(join(path, name)));
        const content = whole.length === 0 ? undefined : beginningOf(traceClass, whole);
        return content === undefined ? [] : [{ name, content }];
      });
    const { text } = unwrapMetadata(bytes, 'metadata');
    return [{ path, version: traceClass.version, metadata: text, traceClass, streams }];
  });
  return known;
}

/** Reads metadata; undefined where it is refused as it must be. */
function modelOf(metadata: Uint8Array): TraceClass | undefined {
  try {
    return readMetadata(metadata, 'metadata', { tolerant: true });
  } catch (error) {
    if (!(error instanceof SpoorError)) throw error;
    if (error.where === undefined || !error.where.startsWith('metadata')) {
      throw new WrongAnswer(`refused without a place: ${error.code}: ${error.message}`);
    }
    return undefined;
  }
}

/** Sets both readers on the stream files. */
function checkStreams(traceClass: TraceClass, files: ReadonlyMap<string, Uint8Array>): Verdict {
  let verdict: Verdict = 'refused';
  for (const [name, content] of files) {
    if (name === 'metadata') continue;
    try {
      if (compareReadings(traceClass, name, content, mostSteps).eventCount > 0) verdict = 'read';
    } catch (error) {
      // A class that cannot be read at all (floating point numbers of 128 bits) is refused by name.
      if (!(error instanceof ReferenceBudgetError) && !(error instanceof SpoorError)) throw error;
    }
  }
  return verdict;
}

/** A stream file whose packets are damaged. */
const streams: FuzzTarget = {
  name: 'streams',
  make(random) {
    const {
      metadata,
      traceClass,
      streams: files,
    } = random.pick(originals().filter((original) => original.streams.length > 0));
    const { name, content } = random.pick(files);
    const { packets } = readReference(traceClass, content, 20_000);
    const starts = packets.map(({ startByte }) => startByte);
    const edits = random.chance(0.03)
      ? [
          {
            kind: 'set' as const,
            at: 0,
            bytes: Array.from({ length: Math.min(content.length, 500) }, () => random.below(256)),
          },
        ]
      : randomByteEdits(random, content.length, starts, random.pick([24, 64, 120]));
    return {
      editCount: edits.length,
      files: (kept) =>
        new Map([
          ['metadata', encode(metadata)],
          [
            name,
            withByteEdits(
              content,
              kept.map((index) => edits[index]!),
            ),
          ],
        ]),
      check: (damaged) => checkStreams(traceClass, damaged),
    };
  },
};

function metadataTarget(name: string, version: '1.8' | '2'): FuzzTarget {
  const withEdits = version === '1.8' ? withTsdlEdits : withJsonEdits;
  return {
    name,
    make(random) {
      const { metadata, streams: files } = random.pick(
        originals().filter((original) => original.version === version && original.metadata.length < 20_000),
      );
      const edits = randomMetadataEdits(random);
      const some = files.slice(0, 2);
      return {
        editCount: edits.length,
        files: (kept) =>
          new Map([
            [
              'metadata',
              encode(
                withEdits(
                  metadata,
                  kept.map((index) => edits[index]!),
                ),
              ),
            ],
            ...some.map((file) => [file.name, file.content] as const),
          ]),
        check(damaged) {
          const traceClass = modelOf(damaged.get('metadata')!);
          if (traceClass === undefined) return 'refused';
          if (version === '1.8') checkWriting(damaged.get('metadata')!);
          checkStreams(traceClass, damaged);
          return 'read';
        },
      };
    },
  };
}

/** What is written of a model reads as the same model. */
function checkWriting(metadata: Uint8Array): void {
  let traceClass: TraceClass;
  let written: string;
  try {
    // Strictly: what is tolerated, such as labels of values that no field can have, is not written again.
    traceClass = readMetadata(metadata);
    written = formatTsdl(traceClass);
  } catch (error) {
    if (error instanceof SpoorError) return;
    throw error;
  }
  let again: TraceClass;
  try {
    again = parseTsdl(written);
  } catch (error) {
    if (error instanceof SpoorError) throw new WrongAnswer(`written metadata is refused: ${error.message}`);
    throw error;
  }
  if (!isDeepStrictEqual(again, traceClass)) throw new WrongAnswer('written metadata reads otherwise');
}

/** Metadata in packets, and bytes of it changed. */
const metadataBytes: FuzzTarget = {
  name: 'metadata-bytes',
  make(random) {
    const { path } = random.pick(originals());
    const content = new Uint8Array(readFileSync(join(path, 'metadata')));
    const edits = randomByteEdits(random, content.length, [0], 48);
    return {
      editCount: edits.length,
      files: (kept) =>
        new Map([
          [
            'metadata',
            withByteEdits(
              content,
              kept.map((index) => edits[index]!),
            ),
          ],
        ]),
      check: (damaged) => (modelOf(damaged.get('metadata')!) === undefined ? 'refused' : 'read'),
    };
  },
};

/** LTTng's index files: an index that is believed covers its stream file without gaps. */
const indexes: FuzzTarget = {
  name: 'indexes',
  make(random) {
    const withIndex = corpusTraces().filter(({ trace }) =>
      /packet-seq-num|index|lttng-tracefile/.test(trace),
    );
    const found = withIndex.flatMap((trace) => {
      const folder = join(corpusTrace(trace), 'index');
      return statSync(folder, { throwIfNoEntry: false })?.isDirectory() === true
        ? readdirSync(folder).map((name) => ({ folder, name }))
        : [];
    });
    const { folder, name } = random.pick(found);
    const content = new Uint8Array(readFileSync(join(folder, name)));
    const streamBytes =
      statSync(join(folder, '..', name.replace(/\.idx$/, '')), { throwIfNoEntry: false })?.size ?? 0;
    const edits = randomByteEdits(random, content.length, [0, 16, 16 + 72], 72);
    return {
      editCount: edits.length,
      files: (kept) =>
        new Map([
          [
            name,
            withByteEdits(
              content,
              kept.map((index) => edits[index]!),
            ),
          ],
        ]),
      check(damaged) {
        const packets = readPacketIndex(damaged.get(name)!, streamBytes);
        if (packets === undefined) return 'refused';
        let end = 0;
        for (const { offsetBytes, sizeBytes, contentBits, beginTicks, endTicks } of packets) {
          if (offsetBytes !== end || sizeBytes <= 0 || contentBits > sizeBytes * 8 || beginTicks > endTicks) {
            throw new WrongAnswer(
              `an index is believed whose packet is at ${offsetBytes} of ${sizeBytes} bytes`,
            );
          }
          end += sizeBytes;
        }
        if (end !== streamBytes)
          throw new WrongAnswer(`an index is believed that covers ${end} of ${streamBytes} bytes`);
        return 'read';
      },
    };
  },
};

const filterWords = (
  'a msg_size $ctx.vpid $ctx["x"] $app.p:c x[3] x[3].y "text*" "\\"\\\\*" 0x1F 017 18446744073709551615 1.5 .5e-3 ' +
  '99999999999999999999 1e400 && || ! == != < <= > >= & | ^ ~ << >> + - * / % ( ) [ ] . , $ " \' \\ and like é \0 \n ' +
  '__proto__ = (((( )))) !!!! ----'
).split(' ');

/** The tree as text, without where its nodes stood. */
function withoutPlaces(expression: Expression): string {
  return JSON.stringify(expression, (key, value: unknown) =>
    key === 'at' ? undefined : typeof value === 'bigint' ? `${value}n` : value,
  );
}

/** Filter expressions: what is read prints as something that reads the same. */
const filters: FuzzTarget = {
  name: 'filters',
  make(random) {
    const words = Array.from({ length: 1 + random.below(14) }, () => random.pick(filterWords));
    const joint = random.pick([' ', ' ', '']);
    return {
      editCount: words.length,
      files: (kept) => new Map([['filter', encode(kept.map((index) => words[index]!).join(joint))]]),
      check(made) {
        const text = decode(made.get('filter')!);
        let expression;
        try {
          expression = parseFilter(text);
        } catch (error) {
          if (error instanceof SpoorError) return 'refused';
          throw error;
        }
        const printed = printExpression(expression);
        if (withoutPlaces(parseFilter(printed)) !== withoutPlaces(expression)) {
          throw new WrongAnswer(`prints as ${printed}, which reads otherwise`);
        }
        return 'read';
      },
    };
  },
};

/** All that is fuzzed. */
export const fuzzTargets: readonly FuzzTarget[] = [
  streams,
  metadataTarget('tsdl', '1.8'),
  metadataTarget('ctf2', '2'),
  metadataBytes,
  indexes,
  filters,
  archiveTarget(() =>
    originals()
      .flatMap(({ streams: files }) => files.map(({ content }) => content))
      .slice(0, 20),
  ),
  rawTraces,
];
