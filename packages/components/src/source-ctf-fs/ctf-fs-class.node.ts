/** The component class `source.ctf.fs`: one output port a stream. */
import { SpoorError } from '@spoor/base';
import type { ComponentClass } from '@spoor/graph';
import type { EventFlow } from '../event-flow.ts';
import { ctfFsOpening } from './ctf-fs-opening.ts';
import { ctfFsQueries } from './ctf-fs-queries.node.ts';
import { openTrace } from './open-trace.node.ts';
import { withRawReader, type RawReader } from './raw-rings.ts';
import { SetSource, type SourceEnvironment } from './set-source.ts';
import { streamSpan, type TimeSpan } from './stream-range.ts';
import type { TraceInfo } from './trace-info.ts';
import type { TraceSet } from './trace-set.ts';

/** The time that all streams of each trace have. @throws SpoorError `source-ctf-fs/intersection`. */
async function intersections(set: TraceSet): Promise<ReadonlyMap<TraceInfo, TimeSpan>> {
  const spans = new Map<TraceInfo, TimeSpan>();
  for (const info of set.streams) {
    const span = await streamSpan(set, info);
    if (span === undefined) {
      throw new SpoorError(
        'source-ctf-fs/intersection',
        'a stream does not say when it begins and ends, so there is no telling when all streams are active',
        { where: info.path },
      );
    }
    const { begin, end } = spans.get(info.trace) ?? span;
    spans.set(info.trace, {
      begin: span.begin > begin ? span.begin : begin,
      end: span.end < end ? span.end : end,
    });
  }
  const silent = set.traces.find((trace) => !spans.has(trace));
  if (silent !== undefined) {
    throw new SpoorError('source-ctf-fs/intersection', 'the trace has no streams', { where: silent.path });
  }
  for (const [{ path }, { begin, end }] of spans) {
    if (begin > end) {
      throw new SpoorError(
        'source-ctf-fs/intersection',
        'there is no time at which all its streams are active',
        { where: path },
      );
    }
  }
  return spans;
}

/** Makes the class. @param loadRaw brings in what makes events of raw pages of the kernel; few traces have such. */
export function ctfFsClass(
  environment: SourceEnvironment,
  loadRaw?: () => Promise<RawReader>,
): ComponentClass<EventFlow> {
  return {
    kind: 'source',
    name: 'fs',
    description: 'Read CTF traces from the file system, archives too.',
    parameters: {
      inputs: {
        kind: 'strings',
        required: true,
        text: 'Directories with traces in or below them, or archives.',
      },
      'clock-class-offset-ns': { kind: 'integer', text: 'Nanoseconds by which all clocks are moved.' },
      'clock-class-offset-s': { kind: 'integer', text: 'Seconds by which all clocks are moved.' },
      'force-clock-class-origin-unix-epoch': {
        kind: 'boolean',
        text: 'Takes the Unix epoch for the origin of all clocks.',
      },
      'trace-name': { kind: 'string', text: 'What traces are named after their host.' },
      'stream-intersection': {
        kind: 'boolean',
        text: 'Of each trace hand out only what lies in the time that all its streams have.',
      },
    },
    queries: ctfFsQueries(loadRaw),
    create: (parameters, context) => {
      const { inputs, options } = ctfFsOpening(parameters);
      const { clockRules = [] } = options;
      return withRawReader(loadRaw, (readRaw) =>
        SetSource.make(
          {
            name: 'source.ctf.fs',
            open: (rules) =>
              openTrace(inputs, { ...options, readRaw, clockRules: [...clockRules, ...rules] }),
            ...(parameters.get('stream-intersection') === true ? { ranges: intersections } : {}),
          },
          context,
          environment,
        ),
      );
    },
  };
}
