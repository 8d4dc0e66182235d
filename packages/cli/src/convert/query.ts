/** The work of `spoor query`: what a source knows of traces without their events being shown. */
import { join, resolve } from 'node:path';
import { statSync, readFileSync } from 'node:fs';
import { SpoorError } from '@spoor/base';
import { EventBatch, readMetadata, scanStatus } from '@spoor/ctf';
import { nanosecondsOfClock, openTrace, type StreamInfo, type TraceSet } from '@spoor/components/node';
import { checkParameters, parseParameters, type Parameters, type ParameterTable } from '@spoor/graph';
import { suggestion } from '../suggestion.ts';

/** What a query answers: printed like babeltrace2's values. */
type Answer = string | bigint | number | readonly Answer[] | { readonly [name: string]: Answer };

function print(value: Answer, indent: number): string {
  const pad = ' '.repeat(indent);
  const nested = (item: Answer): string => (typeof item === 'object' ? '\n' : '') + print(item, indent + 2);
  if (typeof value === 'number') return `${value.toFixed(6)}\n`;
  if (typeof value !== 'object') return `${value}\n`;
  if (Array.isArray(value)) return value.map((item: Answer) => `${pad}- ${nested(item)}`).join('');
  return Object.entries(value)
    .map(([name, item]) => `${pad}${name}: ${nested(item)}`)
    .join('');
}

/** Whether a tracer is one that wrote events after the ends of their packets, whose ends then do not count. */
function endsAtEvents({ trace }: StreamInfo): boolean {
  const number = (name: string): number => Number(trace.environment.get(name) ?? 0);
  const version = number('tracer_major') * 1000 + number('tracer_minor');
  const patch = number('tracer_patchlevel');
  const tracer = trace.environment.get('tracer_name');
  if (tracer === 'lttng-ust') return version < 2011;
  if (tracer !== 'lttng-modules') return false;
  return version < 2009 || (version === 2009 && patch < 13) || (version === 2010 && patch < 10);
}

/** Beginning and end of a stream, from its packets. */
function rangeOf(
  set: TraceSet,
  info: StreamInfo,
): { readonly begin: bigint; readonly end: bigint } | undefined {
  const clock = info.streamClass.clockClass;
  if (clock === undefined) return undefined;
  const { reader, decoder } = set.openStream(info.index);
  const batch = endsAtEvents(info) ? new EventBatch() : undefined;
  let begin: bigint | undefined;
  let end: bigint | undefined;
  while (reader.nextPacket()) {
    const { properties } = reader;
    if (!properties.hasBegin || !properties.hasEnd) return undefined;
    begin ??= (BigInt(properties.beginHi) << 32n) | BigInt(properties.beginLo);
    if (batch !== undefined) {
      do batch.count = 0;
      while (decoder.scan(reader.cursor, batch, Infinity) === scanStatus.batchFull);
    }
    const { cursor } = reader;
    end =
      batch === undefined
        ? (BigInt(properties.endHi) << 32n) | BigInt(properties.endLo)
        : (BigInt(cursor.clockHi) << 32n) | BigInt(cursor.clockLo);
  }
  if (begin === undefined || end === undefined) return undefined;
  return { begin: nanosecondsOfClock(clock, begin), end: nanosecondsOfClock(clock, end) };
}

function traceInfos(parameters: Parameters): Answer {
  const inputs = parameters.get('inputs');
  if (!Array.isArray(inputs)) {
    throw new SpoorError('query/parameters', 'babeltrace.trace-infos needs the parameter `inputs`', {
      hint: 'such as -p \'inputs=["DIR"]\'',
    });
  }
  const set = openTrace(inputs.filter((item) => typeof item === 'string'));
  return set.traces.map((trace) => ({
    'stream-infos': trace.streams.map((info) => {
      const range = rangeOf(set, info);
      const hasId = trace.traceClass.packetHeader?.members.some(
        ({ fieldClass }) => fieldClass.kind === 'integer' && fieldClass.roles.includes('data-stream-id'),
      );
      const id = hasId === true ? String(info.id) : info.path;
      return {
        'port-name': `${trace.traceClass.uuid ?? trace.path} | ${info.streamClass.id} | ${id}`,
        ...(range === undefined ? {} : { 'range-ns': { begin: range.begin, end: range.end } }),
      };
    }),
  }));
}

function supportInfo(parameters: Parameters): Answer {
  const input = parameters.get('input');
  const type = parameters.get('type');
  if (typeof input !== 'string' || typeof type !== 'string') {
    throw new SpoorError(
      'query/parameters',
      'babeltrace.support-info needs the parameters `type` and `input`',
    );
  }
  const metadata = join(resolve(input), 'metadata');
  if (type !== 'directory' || statSync(metadata, { throwIfNoEntry: false })?.isFile() !== true)
    return { weight: 0 };
  const { uuid } = readMetadata(readFileSync(metadata), metadata, { tolerant: true });
  return { ...(uuid === undefined ? {} : { group: uuid }), weight: 0.75 };
}

const objects: Readonly<
  Record<string, { readonly parameters: ParameterTable; readonly answer: (parameters: Parameters) => Answer }>
> = {
  'babeltrace.trace-infos': {
    parameters: {
      inputs: { kind: 'strings', text: 'Directories with traces in or below them.' },
      'clock-class-offset-ns': { kind: 'integer', text: 'Nanoseconds by which all clocks are moved.' },
      'clock-class-offset-s': { kind: 'integer', text: 'Seconds by which all clocks are moved.' },
    },
    answer: traceInfos,
  },
  'babeltrace.support-info': {
    parameters: {
      type: { kind: 'string', text: 'What the input is: directory, file or string.' },
      input: { kind: 'string', text: 'The input.' },
    },
    answer: supportInfo,
  },
};

/** Answers a query on standard output. */
export function query(className: string, object: string, parameterTexts: readonly string[]): number {
  if (className !== 'source.ctf.fs') {
    throw new SpoorError('query/class', `${className} answers no queries`, { hint: 'source.ctf.fs does' });
  }
  const known = Object.hasOwn(objects, object) ? objects[object] : undefined;
  if (known === undefined) {
    const names = Object.keys(objects);
    throw new SpoorError('query/object', `${className} knows no query ${JSON.stringify(object)}`, {
      hint: suggestion(object, names) ?? `it knows ${names.join(' and ')}`,
    });
  }
  const parameters: Parameters = new Map(parameterTexts.flatMap((text) => [...parseParameters(text)]));
  checkParameters(object, parameters, known.parameters);
  process.stdout.write(print(known.answer(parameters), 0));
  return 0;
}
