/** The component classes `source.ftrace.raw`, `source.ftrace.text` and `source.ftrace.trace-dat`. */
import { SpoorError } from '@spoor/base';
import type { ComponentClass, Parameters } from '@spoor/graph';
import type { EventFlow } from '../event-flow.ts';
import { openTrace } from '../source-ctf-fs/open-trace.node.ts';
import { SetSource, type SourceEnvironment } from '../source-ctf-fs/set-source.ts';
import type { FtraceKind, openFtrace } from './open-ftrace.node.ts';

/** Brings in what reads recordings: few runs of a command need it. */
export type FtraceLoader = () => Promise<{ readonly openFtrace: typeof openFtrace }>;

const textsOf = (value: unknown): readonly string[] => (Array.isArray(value) ? value.map(String) : []);

function namingOf(parameters: Parameters): 'native' | 'lttng' {
  const naming = parameters.get('naming') ?? 'native';
  if (naming === 'native' || naming === 'lttng') return naming;
  throw new SpoorError('convert/parameters', `naming is native or lttng, not ${JSON.stringify(naming)}`);
}

/** Of recordings: a text has names, and what it tells of threads, already. */
const recordingParameters = {
  naming: {
    kind: 'string',
    text: "Names of events and fields: `native`, the kernel's own (the default), or `lttng`, those of LTTng.",
  },
  contexts: {
    kind: 'strings',
    text: 'Context fields of each event, by their names in LTTng: `tid` (the default), `procname`, `pid` and others.',
  },
} as const;

function ftraceClass(
  name: FtraceKind,
  description: string,
  inputs: string,
  environment: SourceEnvironment,
  load: FtraceLoader,
): ComponentClass<EventFlow> {
  return {
    kind: 'source',
    name,
    description,
    parameters: {
      inputs: { kind: 'strings', required: true, text: inputs },
      ...(name === 'text' ? {} : recordingParameters),
    },
    create: async (parameters, context) => {
      const naming = namingOf(parameters);
      const given = parameters.get('contexts');
      const contexts = given === undefined ? ['tid'] : textsOf(given);
      const { openFtrace: open } = await load();
      const traces = open(textsOf(parameters.get('inputs')), name, {
        naming,
        contexts,
        warn: environment.warn,
      });
      return SetSource.make(
        { name: `source.ftrace.${name}`, open: (clockRules) => openTrace([], { clockRules }, traces) },
        context,
        environment,
      );
    },
  };
}

/** Makes the classes. */
export function ftraceClasses(
  environment: SourceEnvironment,
  load: FtraceLoader,
): readonly ComponentClass<EventFlow>[] {
  return [
    ftraceClass(
      'raw',
      "Reads raw recordings of the kernel's ring buffers.",
      'Directories of recordings.',
      environment,
      load,
    ),
    ftraceClass(
      'text',
      'Reads text that the kernel made of its rings: of tracefs, or on the console when it died.',
      'Files.',
      environment,
      load,
    ),
    ftraceClass('trace-dat', 'Reads the files of trace-cmd, of version 6 or 7.', 'Files.', environment, load),
  ];
}
