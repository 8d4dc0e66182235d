/** The graph that a conversion is: what the arguments of `convert` come to, as components and connections. */
import { fieldWords, nameWords } from './shown-words.ts';
import { SpoorError } from '@spoor/base';
import type { ConvertOptions } from '../commands/convert.ts';
import type { ImplicitOptions, NamedComponent } from '../commands/component-options.ts';
import type { LogLevel } from '@spoor/graph';
import { suggestion } from '../suggestion.ts';
import { sinkFormats, type SinkFormat } from './sinks.ts';

/** A component as the command line has it. */
export interface WrittenComponent {
  readonly name: string;
  readonly className: string;
  readonly parameters: readonly string[];
  readonly logLevel?: LogLevel;
}

/** A graph as the command line of `run` has it. */
export interface WrittenGraph {
  readonly components: readonly WrittenComponent[];
  readonly connections: readonly string[];
}

/** A text as a value of parameters. */
function literal(text: string): string {
  return `"${text.replaceAll(/["\\]/g, '\\$&')}"`;
}

/** A name of a component in a connection. */
function escaped(name: string): string {
  return name.replaceAll(/[:.\\*?[]/g, '\\$&');
}

/** Options that are parameters of an implicit `sink.text.pretty`, in the words of its parameters. */
const prettyFlags: ReadonlyMap<string, string> = new Map([
  ['clockCycles', 'clock-cycles'],
  ['clockDate', 'clock-date'],
  ['clockGmt', 'clock-gmt'],
  ['clockSeconds', 'clock-seconds'],
  ['delta', 'no-delta'],
]);

/** The parameters of a list such as `payload,context`. */
function listParameters(
  option: string,
  list: string,
  group: string,
  words: Readonly<Record<string, string>>,
): string[] {
  const items = list.split(',').map((item) => item.trim());
  const chosen: string[] = [];
  let preset = 'hide';
  for (const item of items) {
    const word = Object.hasOwn(words, item) ? words[item] : undefined;
    if (word !== undefined) chosen.push(`${group}-${word}=yes`);
    else if (item === 'all') preset = 'show';
    else if (item !== 'none') {
      const known = ['all', 'none', ...Object.keys(words)];
      throw new SpoorError('convert/unknown-name', `--${option}: ${JSON.stringify(item)} is not known`, {
        hint: suggestion(item, known) ?? `one of ${known.join(', ')}`,
      });
    }
  }
  return [...chosen, `${group}-default=${preset}`];
}

/** What the options say of how text looks, in the order in which they were given. */
function prettyParameters(options: ConvertOptions): string[] {
  const texts = Object.entries(options).flatMap(([name, value]) => {
    if (name === 'names' && typeof value === 'string')
      return listParameters('names', value, 'name', nameWords);
    if (name === 'fields' && typeof value === 'string')
      return listParameters('fields', value, 'field', fieldWords);
    const parameter = prettyFlags.get(name);
    return parameter !== undefined && value === (name !== 'delta') ? [`${parameter}=yes`] : [];
  });
  return [
    ...(texts.length === 0 ? [] : [texts.join(',')]),
    ...(options.color === undefined ? [] : [`color=${literal(options.color)}`]),
    ...(options.workers === undefined ? [] : [`workers=${options.workers}`]),
  ];
}

/** The bounds of `--timerange`. */
function splitRange(text: string): readonly [string, string] {
  const found = /^\s*\[?([^,\]]+),([^,\]]+)\]?\s*$/.exec(text);
  if (found !== null) return [found[1]!.trim(), found[2]!.trim()];
  throw new SpoorError('convert/time', `--timerange ${JSON.stringify(text)} is not BEGIN,END`);
}

function timeRange({ begin, end, timerange }: ConvertOptions): {
  readonly begin?: string | undefined;
  readonly end?: string | undefined;
} {
  if (timerange === undefined) return { begin, end };
  if (begin !== undefined || end !== undefined) {
    throw new SpoorError('convert/time', '--timerange says what --begin and --end say', {
      hint: 'give one or the other',
    });
  }
  const [first, last] = splitRange(timerange);
  return { begin: first, end: last };
}

/** Finds a sink by what `-o` names. @throws SpoorError `convert/unknown-sink`. */
function sinkFormatOf(asked: string): SinkFormat {
  const found = sinkFormats.find(({ className, format }) => className === asked || format === asked);
  if (found !== undefined) return found;
  const names = [...sinkFormats.flatMap(({ format }) => format ?? []), 'ctf-metadata'];
  throw new SpoorError('convert/unknown-sink', `there is no output ${JSON.stringify(asked)}`, {
    hint: suggestion(asked, names) ?? `one of ${names.join(', ')}`,
  });
}

const implicitSinkNames: Readonly<Record<string, string>> = { text: 'pretty', ctf: 'sink-ctf-fs' };

function kindOf(className: string): 'source' | 'filter' | 'sink' | undefined {
  const [word] = className.split('.');
  if (word === 'source' || word === 'src') return 'source';
  if (word === 'filter' || word === 'flt') return 'filter';
  return word === 'sink' ? 'sink' : undefined;
}

/** Gives a name to those that have none: that of their class, with a number where it is taken. */
function named(components: readonly NamedComponent[]): WrittenComponent[] {
  const taken = new Set(components.flatMap(({ name }) => name ?? []));
  return components.map(({ name, className, parameters, logLevel }) => {
    let given = name ?? className;
    if (name === undefined) {
      for (let number = 0; taken.has(given); number++) given = `${className}-${number}`;
      taken.add(given);
    }
    return { name: given, className, parameters, ...(logLevel === undefined ? {} : { logLevel }) };
  });
}

/** Whether a component takes what the options say of text: `sink.text.pretty` alone. */
function withTextOptions(component: WrittenComponent, texts: readonly string[]): WrittenComponent {
  return component.className === 'sink.text.pretty'
    ? { ...component, parameters: [...texts, ...component.parameters] }
    : component;
}

/** The only sink that is named writes where `--output` says, unless it has a path of its own. */
function withOutput(component: WrittenComponent, output: string | undefined): WrittenComponent {
  const format = sinkFormats.find(({ className }) => className === component.className);
  if (output === undefined || format === undefined || !Object.hasOwn(format.parameters, 'path')) {
    return component;
  }
  return { ...component, parameters: [`path=${literal(output)}`, ...component.parameters] };
}

/** The implicit source: the paths, and what the options say of clocks. */
function implicitSource(
  paths: readonly string[],
  options: ConvertOptions,
  implicit: ImplicitOptions,
): WrittenComponent {
  const { clockForceCorrelate, clockOffset, clockOffsetNs } = options;
  const clocks = [
    ...(clockForceCorrelate === true ? ['force-clock-class-origin-unix-epoch=yes'] : []),
    ...(clockOffset === undefined ? [] : [`clock-class-offset-s=${clockOffset}`]),
    ...(clockOffsetNs === undefined ? [] : [`clock-class-offset-ns=${clockOffsetNs}`]),
  ];
  return {
    name: 'auto-disc-source-ctf-fs',
    className: 'source.ctf.fs',
    parameters: [
      ...(clocks.length === 0 ? [] : [clocks.join(',')]),
      ...implicit.parameters,
      `inputs=[${paths.map(literal).join(', ')}]`,
    ],
    ...(implicit.logLevel === undefined ? {} : { logLevel: implicit.logLevel }),
  };
}

/** The implicit sink of `-o`. */
function implicitSink(options: ConvertOptions): WrittenComponent {
  const format = sinkFormatOf(options.outputFormat ?? 'text');
  const { output, color, ctfVersion } = options;
  if (ctfVersion !== undefined && format.format !== 'ctf') {
    throw new SpoorError(
      'convert/ctf-version',
      'only traces have a version of CTF: --ctf-version goes with -o ctf',
    );
  }
  if (format.format === 'ctf' && output === undefined) {
    throw new SpoorError('convert/output-missing', 'traces are written to a directory', {
      hint: 'name it with --output',
    });
  }
  const parameters = [
    ...(format.format === 'text' ? prettyParameters(options) : []),
    ...(format.format !== 'text' && color !== undefined && Object.hasOwn(format.parameters, 'color')
      ? [`color=${literal(color)}`]
      : []),
    ...(ctfVersion === undefined ? [] : [`ctf-version=${literal(ctfVersion)}`]),
    ...(output !== undefined && Object.hasOwn(format.parameters, 'path') ? [`path=${literal(output)}`] : []),
  ];
  const name = format.format ?? format.className;
  return { name: implicitSinkNames[name] ?? name, className: format.className, parameters };
}

/** Filters that options ask for, in their order. */
function implicitFilters(options: ConvertOptions): WrittenComponent[] {
  const filters: WrittenComponent[] = [];
  const { begin, end } = timeRange(options);
  if (begin !== undefined || end !== undefined) {
    const parameters = [
      ...(options.clockGmt === true ? ['gmt=yes'] : []),
      ...(begin === undefined ? [] : [`begin=${literal(begin)}`]),
      ...(end === undefined ? [] : [`end=${literal(end)}`]),
    ];
    filters.push({ name: 'trimmer', className: 'filter.utils.trimmer', parameters });
  }
  const { debugInfo, debugInfoDir, debugInfoFullPath, debugInfoTargetPrefix } = options;
  if (
    debugInfo === true ||
    debugInfoFullPath === true ||
    debugInfoDir !== undefined ||
    debugInfoTargetPrefix !== undefined
  ) {
    const parameters = [
      ...(debugInfoFullPath === true ? ['full-path=yes'] : []),
      ...(debugInfoDir === undefined ? [] : [`debug-info-dir=${literal(debugInfoDir)}`]),
      ...(debugInfoTargetPrefix === undefined ? [] : [`target-prefix=${literal(debugInfoTargetPrefix)}`]),
    ];
    filters.push({ name: 'debug-info', className: 'filter.lttng-utils.debug-info', parameters });
  }
  return filters;
}

function eventsFilter({ event, filter }: ConvertOptions): WrittenComponent[] {
  if (event === undefined && filter === undefined) return [];
  const parameters = [
    ...(event === undefined ? [] : [`names=[${event.map(literal).join(', ')}]`]),
    ...(filter === undefined ? [] : [`filter=${literal(filter)}`]),
  ];
  return [{ name: 'events', className: 'filter.utils.events', parameters }];
}

/**
 * The graph of a conversion, its parts in babeltrace2's order: what was named, then what comes from other arguments.
 * @throws SpoorError for arguments that contradict each other.
 */
export function conversionGraph(
  paths: readonly string[],
  options: ConvertOptions,
  implicit: ImplicitOptions,
): WrittenGraph {
  const explicit = named(options.component ?? []);
  const texts = prettyParameters(options);
  const single = explicit.filter(({ className }) => kindOf(className) === 'sink').length === 1;
  const components = explicit.map((component) =>
    withTextOptions(single ? withOutput(component, options.output) : component, texts),
  );
  const sources = components.filter(({ className }) => kindOf(className) === 'source');
  const filters = components.filter(({ className }) => kindOf(className) === 'filter');
  const sinks = components.filter(({ className }) => kindOf(className) === 'sink');
  const odd = components.find(({ className }) => kindOf(className) === undefined);
  if (odd !== undefined) {
    throw new SpoorError('convert/class', `${JSON.stringify(odd.className)} is no component class`, {
      hint: 'write [NAME:]TYPE.PLUGIN.CLASS, where TYPE is source, filter or sink',
    });
  }
  if (paths.length > 0) {
    const source = implicitSource(paths, options, implicit);
    components.push(source);
    sources.push(source);
  }
  if (sources.length === 0) {
    throw new SpoorError('convert/no-input', 'no directory is given', {
      hint: 'give a directory with traces in or below it; --help tells more',
    });
  }
  if (sinks.length === 0) {
    const sink = implicitSink(options);
    components.push(sink);
    sinks.push(sink);
  }
  const muxer = { name: 'muxer', className: 'filter.utils.muxer', parameters: [] };
  const asked = implicitFilters(options);
  const chosen = eventsFilter(options);
  components.push(muxer, ...asked, ...chosen);
  // Clocks are changed where traces are read, so times of a range are times after that.
  const clocks = filters.filter(({ className }) => className.endsWith('.utils.clock'));
  const rest = filters.filter((component) => !clocks.includes(component));
  const chain = [muxer, ...clocks, ...asked, ...rest, ...chosen];
  const connections = sources.map(({ name }) => `${escaped(name)}:muxer`);
  for (let at = 1; at < chain.length; at++) {
    connections.push(`${escaped(chain[at - 1]!.name)}:${escaped(chain[at]!.name)}`);
  }
  for (const { name } of sinks) connections.push(`${escaped(chain.at(-1)!.name)}:${escaped(name)}`);
  return { components, connections };
}
