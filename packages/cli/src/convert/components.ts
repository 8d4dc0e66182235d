/** Components that a command line names: `-c [NAME:]TYPE.PLUGIN.CLASS` with the `-p` after each. */
import { SpoorError } from '@spoor/base';
import { clockParameters, clockRuleOf, type ClockRule } from '@spoor/components';
import type { DmesgInput } from '@spoor/components/node';
import { checkParameters, parseParameters, type Parameters, type ParameterTable } from '@spoor/graph';
import type { ComponentRequest } from '../commands/component-options.ts';
import { suggestion } from '../suggestion.ts';
import { filterClasses, type FilterRequest } from './filters.ts';
import { sinkFormatOf, sinkFormats, type SinkFormat } from './sinks.ts';

/** Sources and filters, with what each takes. */
export const otherClasses: Readonly<
  Record<string, { readonly description: string; readonly parameters: ParameterTable }>
> = {
  'source.ctf.fs': {
    description: 'Reads CTF traces from directories and archives.',
    parameters: {
      inputs: { kind: 'strings', text: 'Directories with traces in or below them.' },
      'clock-class-offset-ns': { kind: 'integer', text: 'Nanoseconds by which all clocks are moved.' },
      'clock-class-offset-s': { kind: 'integer', text: 'Seconds by which all clocks are moved.' },
      'force-clock-class-origin-unix-epoch': {
        kind: 'boolean',
        text: 'Takes the Unix epoch for the origin of all clocks.',
      },
    },
  },
  'source.text.dmesg': {
    description: "Reads lines of the kernel's ring buffer, as dmesg(1) prints them.",
    parameters: {
      path: { kind: 'string', text: 'File to read; standard input by default.' },
      'read-from-stdin': { kind: 'boolean', text: 'Read standard input, as without a path.' },
      'no-extract-timestamp': { kind: 'boolean', text: 'Keep times as part of the lines.' },
    },
  },
  'filter.utils.clock': {
    description: 'Moves clocks, of all traces or of some.',
    parameters: clockParameters,
  },
  'filter.utils.muxer': { description: 'Merges streams by time.', parameters: {} },
  'filter.utils.trimmer': {
    description: 'Leaves out events outside a time range.',
    parameters: {
      begin: { kind: 'string', text: 'Leave out events before this time.' },
      end: { kind: 'string', text: 'Leave out events after this time.' },
      gmt: { kind: 'boolean', text: 'Times without a zone are in UTC, not in the local time zone.' },
    },
  },
  ...filterClasses,
};

/** What the components of a command line come to. */
export interface ComponentPlan {
  /** Of the sources. */
  readonly inputs: readonly string[];
  /** Of `source.text.dmesg`, one each, with the component that asked for it. */
  readonly dmesg: readonly { readonly input: DmesgInput; readonly request: ComponentRequest }[];
  readonly offsetSeconds: bigint;
  readonly offsetNanoseconds: bigint;
  readonly begin?: string;
  readonly end?: string;
  readonly gmt?: boolean;
  /** Of `filter.utils.clock`, one each, and of sources. */
  readonly clockRules: readonly ClockRule[];
  /** Between muxer and sink, in their order. */
  readonly filters: readonly FilterRequest[];
  readonly sink?: { readonly format: SinkFormat; readonly parameters: Parameters };
}

function text(parameters: Parameters, name: string): string | undefined {
  const value = parameters.get(name);
  return typeof value === 'string' ? value : undefined;
}

function integer(parameters: Parameters, name: string): bigint {
  const value = parameters.get(name);
  return typeof value === 'bigint' ? value : 0n;
}

function dmesgInputOf(parameters: Parameters): DmesgInput {
  const path = text(parameters, 'path');
  if (path !== undefined && parameters.get('read-from-stdin') === true) {
    throw new SpoorError('convert/parameters', 'source.text.dmesg reads `path` or standard input, not both');
  }
  const noExtractTimestamp = parameters.get('no-extract-timestamp') === true;
  return path === undefined ? { noExtractTimestamp } : { path, noExtractTimestamp };
}

/** Parameters of a component: those of later `-p` win. */
export function parametersOf(request: ComponentRequest): Parameters {
  return new Map(request.parameters.flatMap((words) => [...parseParameters(words)]));
}

/** Checks the components and sums them up. @throws SpoorError for what is not known. */
export function planComponents(requests: readonly ComponentRequest[]): ComponentPlan {
  const inputs: string[] = [];
  const filters: FilterRequest[] = [];
  const clockRules: ClockRule[] = [];
  const dmesg: { readonly input: DmesgInput; readonly request: ComponentRequest }[] = [];
  let plan: Omit<ComponentPlan, 'inputs' | 'filters' | 'clockRules' | 'dmesg'> = {
    offsetSeconds: 0n,
    offsetNanoseconds: 0n,
  };
  for (const request of requests) {
    const { className } = request;
    const parameters = parametersOf(request);
    if (className.startsWith('sink.') || !/^(?:source|filter)\./.test(className)) {
      if (plan.sink !== undefined) {
        throw new SpoorError('convert/several-sinks', `${className}: there is a sink already`, {
          hint: 'name one sink; run the command again for another',
        });
      }
      const format = sinkFormatOf(className);
      checkParameters(className, parameters, format.parameters);
      plan = { ...plan, sink: { format, parameters } };
      continue;
    }
    const known = Object.hasOwn(otherClasses, className) ? otherClasses[className] : undefined;
    if (known === undefined) {
      const names = [...Object.keys(otherClasses), ...sinkFormats.map((format) => format.className)];
      throw new SpoorError('convert/unknown-class', `there is no component class ${className}`, {
        hint: suggestion(className, names) ?? `one of ${names.join(', ')}`,
      });
    }
    checkParameters(className, parameters, known.parameters);
    const filter = Object.hasOwn(filterClasses, className) ? filterClasses[className] : undefined;
    if (filter !== undefined) {
      filters.push({ ...request, make: (messages) => filter.make(parameters, messages) });
    }
    if (className === 'filter.utils.clock') clockRules.push(clockRuleOf(parameters));
    if (parameters.get('force-clock-class-origin-unix-epoch') === true) clockRules.push({ unixEpoch: true });
    if (className === 'source.text.dmesg') dmesg.push({ input: dmesgInputOf(parameters), request });
    const listed = parameters.get('inputs');
    if (Array.isArray(listed)) inputs.push(...listed.filter((item) => typeof item === 'string'));
    const begin = text(parameters, 'begin');
    const end = text(parameters, 'end');
    const gmt = parameters.get('gmt');
    plan = {
      ...plan,
      offsetSeconds: plan.offsetSeconds + integer(parameters, 'clock-class-offset-s'),
      offsetNanoseconds: plan.offsetNanoseconds + integer(parameters, 'clock-class-offset-ns'),
      ...(begin === undefined ? {} : { begin }),
      ...(end === undefined ? {} : { end }),
      ...(typeof gmt === 'boolean' ? { gmt } : {}),
    };
  }
  return { ...plan, inputs, filters, clockRules, dmesg };
}
