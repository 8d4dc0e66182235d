/** What can be asked of `source.ctf.fs`: babeltrace2's objects, in its form. */
import { readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { SpoorError } from '@spoor/base';
import { readMetadata, unwrapMetadata } from '@spoor/ctf';
import type { Parameters, QueryAnswer, QueryContext, QueryObject } from '@spoor/graph';
import { ctfFsOpening } from './ctf-fs-opening.ts';
import { openTrace } from './open-trace.node.ts';
import { portName } from './port-name.ts';
import { withRawReader, type RawReader } from './raw-rings.ts';
import { streamSpan } from './stream-range.ts';

/** Longest time in milliseconds between two looks at the signal. */
const pauseEveryMs = 50;

type RawLoader = (() => Promise<RawReader>) | undefined;

async function traceInfos(
  parameters: Parameters,
  context: QueryContext,
  loadRaw: RawLoader,
): Promise<QueryAnswer> {
  const { inputs, options } = ctfFsOpening(parameters);
  const set = await withRawReader(loadRaw, (readRaw) => openTrace(inputs, { ...options, readRaw }));
  let nextPause = performance.now() + pauseEveryMs;
  let done = 0;
  const pause = (): Promise<void> | undefined => {
    if (performance.now() < nextPause) return undefined;
    nextPause = performance.now() + pauseEveryMs;
    return context.progress(done / set.streams.length, `stream ${done + 1} of ${set.streams.length}`);
  };
  const answer: QueryAnswer[] = [];
  for (const trace of set.traces) {
    const streamInfos: QueryAnswer[] = [];
    for (const info of trace.streams) {
      const range = await streamSpan(set, info, pause);
      done += 1;
      streamInfos.push({
        'port-name': portName(info),
        ...(range === undefined ? {} : { 'range-ns': { begin: range.begin, end: range.end } }),
      });
    }
    answer.push({ 'stream-infos': streamInfos });
  }
  return answer;
}

function supportInfo(parameters: Parameters): QueryAnswer {
  const input = parameters.get('input');
  if (typeof input !== 'string') return { weight: 0 };
  const metadata = join(resolve(input), 'metadata');
  if (
    parameters.get('type') !== 'directory' ||
    statSync(metadata, { throwIfNoEntry: false })?.isFile() !== true
  ) {
    return { weight: 0 };
  }
  const { uuid } = readMetadata(readFileSync(metadata), metadata, { tolerant: true });
  return { ...(uuid === undefined ? {} : { group: uuid }), weight: 0.75 };
}

function metadataInfo(parameters: Parameters): QueryAnswer {
  const folder = parameters.get('path');
  const path = join(typeof folder === 'string' ? folder : '', 'metadata');
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    throw new SpoorError('query/metadata', `cannot read ${path}`, { cause: error });
  }
  const { text, packetised } = metadataText(bytes, path);
  return { 'is-packetized': packetised, text };
}

/** The text of metadata, as it stands in the file or its packets, and whether it is in packets. */
export function metadataText(
  bytes: Uint8Array,
  path: string,
): { readonly text: string; readonly packetised: boolean } {
  const { text, packetByteOrder } = unwrapMetadata(bytes, path);
  return { text, packetised: packetByteOrder !== undefined };
}

const traceParameters = {
  inputs: { kind: 'strings', required: true, text: 'Directories with traces in or below them, or archives.' },
  'clock-class-offset-ns': { kind: 'integer', text: 'Nanoseconds by which all clocks are moved.' },
  'clock-class-offset-s': { kind: 'integer', text: 'Seconds by which all clocks are moved.' },
} as const;

/** Makes them. @param loadRaw as of the class. */
export const ctfFsQueries = (loadRaw: RawLoader): Readonly<Record<string, QueryObject>> => ({
  'babeltrace.trace-infos': {
    description: 'The streams of traces: their ports, and when they begin and end.',
    parameters: traceParameters,
    answer: (parameters, context) => traceInfos(parameters, context, loadRaw),
  },
  'babeltrace.support-info': {
    description: 'How well a source fits an input.',
    parameters: {
      type: { kind: 'string', required: true, text: '`directory`, `file` or `string`.' },
      input: { kind: 'string', required: true, text: 'The input.' },
    },
    answer: supportInfo,
  },
  'metadata-info': {
    description: "The text of a trace's metadata, and whether it is in packets.",
    parameters: { path: { kind: 'string', required: true, text: 'The directory of the trace.' } },
    answer: metadataInfo,
  },
});
