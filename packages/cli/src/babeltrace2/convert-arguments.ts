/** `convert`: its arguments as those of `run`, in babeltrace2's order. */
import { SpoorError } from '@spoor/base';
import type { ComponentKind, LogLevel } from '@spoor/graph';
import { componentArgument } from './component-argument.ts';
import type { DiscoveredSource } from './discovered-sources.ts';
import { escapedName, partUntil, quotedValue } from './escaped-text.ts';
import { freeName, ImplicitComponent } from './implicit-component.ts';
import { readLiveUrl } from './live-url.ts';
import { moreTelling } from './log-levels.ts';
import { parseCommandLine, type CommandLineItem } from './option-parser.ts';
import { convertOptions } from './options.ts';
import { fieldsParameters, namesParameters } from './shown-lists.ts';

/** What a conversion comes to. */
export type Conversion =
  | { readonly kind: 'help' }
  | { readonly kind: 'metadata'; readonly path: string; readonly output: string | undefined }
  | { readonly kind: 'live-sessions'; readonly url: string }
  | {
      readonly kind: 'run';
      readonly runArguments: readonly string[];
      readonly level: LogLevel | undefined;
      readonly intersects: boolean;
      /** How the arguments are to be printed, in place of being run. */
      readonly print?: 'shell' | 'nul';
    };

/** Finds sources for the words of a command line. */
export type Discover = (
  words: readonly string[],
  only: string | undefined,
  level: LogLevel | undefined,
) => Promise<readonly DiscoveredSource[]>;

function wrong(message: string): SpoorError {
  return new SpoorError('babeltrace2/convert', message);
}

/** A word of the command line that is no option, and what was said behind it. */
interface NamedInput {
  readonly text: string;
  readonly parameters: string[];
  level: string | undefined;
}

/** What can be said of a component or an input is of the one named last. */
interface Explicit {
  readonly runArguments: string[];
  readonly names: Record<ComponentKind, string[]>;
  readonly taken: Set<string>;
  readonly inputs: NamedInput[];
}

function readComponent(argument: string): ReturnType<typeof componentArgument> {
  try {
    return componentArgument(argument);
  } catch (cause) {
    throw new SpoorError(
      'babeltrace2/component',
      `Invalid format for --component option's argument:\n    ${argument}`,
      { cause },
    );
  }
}

/** What goes to `run` as it is: components that are named, and what is said of them. */
function explicitParts(items: readonly CommandLineItem[]): Explicit {
  const runArguments: string[] = [];
  const names: Explicit['names'] = { source: [], filter: [], sink: [] };
  const taken = new Set<string>();
  const inputs: NamedInput[] = [];
  let current: 'nothing' | 'component' | 'input' = 'nothing';
  for (const item of items) {
    if (item.kind === 'word') {
      inputs.push({ text: item.text, parameters: [], level: undefined });
      current = 'input';
      continue;
    }
    const { long, value } = item;
    if (long === 'component') {
      const { name, kind } = readComponent(value);
      if (name !== undefined && taken.has(name)) {
        throw wrong(`Duplicate component instance name:\n    ${name}`);
      }
      const given = name ?? freeName(value, taken);
      runArguments.push('--component', name === undefined ? `${given}:${value}` : value);
      taken.add(given);
      names[kind].push(given);
      current = 'component';
    } else if (long === 'params' || long === 'log-level') {
      if (current === 'component') {
        runArguments.push(`--${long}`, value);
      } else if (current === 'input') {
        const input = inputs.at(-1)!;
        if (long === 'params') input.parameters.push(value);
        else input.level = value;
      } else {
        throw wrong(
          long === 'params'
            ? `No current component (--component option) or non-option argument of which to set parameters:\n    ${value}`
            : `No current component (--component option) or non-option argument to assign a log level to:\n    ${value}`,
        );
      }
    } else if (long === 'retry-duration') {
      runArguments.push('--retry-duration', value);
    }
  }
  return { runArguments, names, taken, inputs };
}

/** What the other options say. */
class Implied {
  readonly text = new ImplicitComponent('sink.text.pretty');
  readonly ctf = new ImplicitComponent('sink.ctf.fs');
  readonly dummy = new ImplicitComponent('sink.utils.dummy');
  readonly live = new ImplicitComponent('source.ctf.lttng-live');
  readonly muxer = new ImplicitComponent('filter.utils.muxer', true);
  readonly trimmer = new ImplicitComponent('filter.utils.trimmer');
  readonly debugInfo = new ImplicitComponent('filter.lttng-utils.debug-info');
  /** Parameters of sources of CTF, by option. */
  readonly clockFlags = new Map<string, string>();
  level: LogLevel | undefined;
  /** The only source class that is asked for inputs. */
  only: string | undefined;
  output: string | undefined;
  printsMetadata = false;
  intersects = false;
  print: 'shell' | 'nul' | undefined;
  private readonly once = new Set<string>();

  constructor(level: LogLevel | undefined) {
    this.level = level;
  }

  private refuseSecond(long: string, message = `Duplicate --${long} option.`): void {
    if (this.once.has(long)) throw wrong(message);
    this.once.add(long);
  }

  private ofText(...flags: readonly string[]): void {
    this.text.exists = true;
    this.text.flag(...flags);
  }

  private bound(long: 'begin' | 'end', value: string): void {
    this.refuseSecond(
      long,
      `At --${long} option: --${long} or --timerange option already specified\n    ${value}`,
    );
    this.trimmer.exists = true;
    this.trimmer.text(long, value);
  }

  private timeRange(value: string): void {
    if (this.once.has('begin') || this.once.has('end')) {
      throw wrong(
        `At --timerange option: --begin, --end, or --timerange option already specified\n    ${value}`,
      );
    }
    const begin = partUntil(value, value.startsWith('[') ? 1 : 0, '', ',');
    const end = partUntil(value, begin.end + 1, '', ']');
    if (begin.text === '' || value[begin.end] !== ',' || end.text === '') {
      throw wrong(`Invalid --timerange option's argument: expecting BEGIN,END or [BEGIN,END]:\n    ${value}`);
    }
    // As with babeltrace2 2.0, which lets --begin and --end follow.
    this.trimmer.exists = true;
    this.trimmer.text('begin', begin.text);
    this.trimmer.text('end', end.text);
  }

  private inputFormat(value: string): void {
    this.refuseSecond('input-format');
    if (value !== 'ctf' && value !== 'lttng-live') throw wrong(`Unknown legacy input format:\n    ${value}`);
    if (value === 'lttng-live') this.live.exists = true;
    else this.only = 'source.ctf.fs';
  }

  private outputFormat(value: string): void {
    this.refuseSecond('output-format');
    if (value === 'text') this.text.exists = true;
    else if (value === 'ctf') this.ctf.exists = true;
    else if (value === 'dummy') this.dummy.exists = true;
    else if (value === 'ctf-metadata') this.printsMetadata = true;
    else throw wrong(`Unknown legacy output format:\n    ${value}`);
  }

  private runArguments(how: 'shell' | 'nul'): void {
    if (this.print !== undefined && this.print !== how) {
      throw wrong('Cannot specify --run-args and --run-args-0.');
    }
    this.print = how;
  }

  private clockFlag(long: string, parameter: string, value: string): void {
    this.refuseSecond(long, `Duplicate --${long} option`);
    this.clockFlags.set(long, `${parameter}=${value}`);
  }

  /** Takes one option. */
  take(long: string, value: string): void {
    switch (long) {
      case 'begin':
      case 'end':
        return this.bound(long, value);
      case 'timerange':
        return this.timeRange(value);
      case 'clock-cycles':
      case 'clock-date':
      case 'clock-seconds':
      case 'no-delta':
        return this.ofText(`${long}=yes`);
      case 'clock-gmt':
        this.trimmer.flag('gmt=yes');
        return this.ofText('clock-gmt=yes');
      case 'clock-force-correlate':
        this.clockFlags.set(long, 'force-clock-class-origin-unix-epoch=yes');
        return undefined;
      case 'clock-offset':
        return this.clockFlag(long, 'clock-class-offset-s', value);
      case 'clock-offset-ns':
        return this.clockFlag(long, 'clock-class-offset-ns', value);
      case 'color':
        this.text.exists = true;
        return this.text.text('color', value);
      case 'fields':
        return this.ofText(...fieldsParameters(value));
      case 'names':
        return this.ofText(...namesParameters(value));
      case 'debug-info-full-path':
        this.debugInfo.flag('full-path=yes');
        this.debugInfo.exists = true;
        return undefined;
      case 'debug-info':
        this.debugInfo.exists = true;
        return undefined;
      case 'debug-info-dir':
      case 'debug-info-target-prefix':
        this.debugInfo.exists = true;
        return this.debugInfo.text(long.replace('debug-info-target', 'target'), value);
      case 'input-format':
        return this.inputFormat(value);
      case 'output-format':
        return this.outputFormat(value);
      case 'output':
        this.refuseSecond(long, 'Duplicate --output option');
        this.output = value;
        return undefined;
      case 'run-args':
        return this.runArguments('shell');
      case 'run-args-0':
        return this.runArguments('nul');
      case 'stream-intersection':
        this.intersects = true;
        return undefined;
      case 'verbose':
        this.level = moreTelling(this.level, 'info');
        return undefined;
      case 'debug':
        this.level = moreTelling(this.level, 'trace');
        return undefined;
      default:
        return undefined;
    }
  }

  /** Decides which sink there is, and where it writes. @param hasSink whether one was named. */
  chooseSink(hasSink: boolean): void {
    if (this.ctf.exists && this.output === undefined) {
      throw wrong('--output-format=ctf specified without --output (trace output path).');
    }
    if (this.ctf.exists && this.text.exists) {
      throw wrong(
        'Ambiguous --output option: --output-format=ctf specified but another option implies --output-format=text.',
      );
    }
    if (!this.dummy.exists && !this.ctf.exists && !hasSink) this.text.exists = true;
    if (this.level === 'info') this.text.flag('verbose=yes');
    if (this.output === undefined) return;
    if (this.text.exists) this.text.text('path', this.output);
    else if (this.ctf.exists) this.ctf.text('path', this.output);
  }
}

/** The component that a discovered source becomes. */
function sourceComponent(
  { className, inputs, wordIndexes }: DiscoveredSource,
  words: readonly NamedInput[],
): ImplicitComponent {
  const component = new ImplicitComponent(className, true);
  for (const index of wordIndexes) {
    const { parameters, level } = words[index]!;
    for (const text of parameters) component.argument('--params', text);
    if (level !== undefined) component.argument('--log-level', level);
  }
  const [only] = inputs;
  if (className === 'source.ctf.fs' && only !== undefined && inputs.length === 1) {
    // A trace below a directory that was named has its way from there as its name.
    const way = only.slice(words[wordIndexes[0]!]!.text.length).replace(/^\/+/, '');
    if (way !== '') component.text('trace-name', way);
  }
  component.argument('--params', `inputs=[${inputs.map(quotedValue).join(', ')}]`);
  return component;
}

/** Says how clocks of traces are moved. @param flags parameters, by the options that they come from. */
function moveClocks(sources: readonly ImplicitComponent[], flags: ReadonlyMap<string, string>): void {
  const traces = sources.filter(({ className }) => className === 'source.ctf.fs');
  for (const option of ['clock-force-correlate', 'clock-offset', 'clock-offset-ns']) {
    const flag = flags.get(option);
    if (flag === undefined) continue;
    if (traces.length === 0) {
      throw wrong(`--${option} specified, but no source.ctf.fs component instantiated.`);
    }
    for (const source of traces) source.flag(flag);
  }
}

function connections(
  sources: readonly string[],
  chain: readonly string[],
  sinks: readonly string[],
): readonly string[] {
  const joined: (readonly [string, string])[] = sources.map((name) => [name, chain[0]!]);
  for (let at = 1; at < chain.length; at++) joined.push([chain[at - 1]!, chain[at]!]);
  for (const name of sinks) joined.push([chain.at(-1)!, name]);
  return joined.flatMap(([up, down]) => ['--connect', `${escapedName(up)}:${escapedName(down)}`]);
}

/**
 * Reads the arguments of `convert`.
 * @param general the level that options before the command set.
 * @throws SpoorError for what babeltrace2 refuses.
 */
export async function readConversion(
  args: readonly string[],
  general: LogLevel | undefined,
  discover: Discover,
): Promise<Conversion> {
  let items: readonly CommandLineItem[];
  try {
    ({ items } = parseCommandLine(args, convertOptions));
  } catch (cause) {
    throw new SpoorError(
      'babeltrace2/convert',
      `While parsing \`convert\` command's command-line arguments: ${(cause as SpoorError).message}`,
    );
  }
  if (items.some((item) => item.kind === 'option' && item.long === 'help')) return { kind: 'help' };
  const { runArguments, names, taken, inputs } = explicitParts(items);
  const implied = new Implied(general);
  for (const item of items) if (item.kind === 'option') implied.take(item.long, item.value);
  const words = inputs.map(({ text }) => text);
  if (implied.printsMetadata) {
    if (words.length === 0) throw wrong('--output-format=ctf-metadata specified without a path.');
    if (words.length > 1) throw wrong('Too many paths specified for --output-format=ctf-metadata.');
    return { kind: 'metadata', path: words[0]!, output: implied.output };
  }
  implied.chooseSink(names.sink.length > 0);
  let sources: ImplicitComponent[] = [];
  if (implied.live.exists && words.length > 0) {
    if (words.length > 1) throw wrong('Too many URLs specified for --input-format=lttng-live.');
    if (!readLiveUrl(words[0]!).hasSession) return { kind: 'live-sessions', url: words[0]! };
    implied.live.argument('--params', `inputs=[${quotedValue(words[0]!)}]`);
    implied.live.text('session-not-found-action', 'end');
  } else if (words.length > 0) {
    const found = await discover(words, implied.only, implied.level);
    sources = found.map((source) => sourceComponent(source, inputs));
  }
  moveClocks(sources, implied.clockFlags);
  if (implied.live.exists && words.length === 0) {
    throw wrong(`Missing URL for implicit \`${implied.live.className}\` component.`);
  }
  for (const source of sources) source.takeName(`auto-disc-${source.className.replaceAll('.', '-')}`, taken);
  const { live, text, ctf, dummy, muxer, trimmer, debugInfo } = implied;
  live.takeName('lttng-live', taken);
  text.takeName('pretty', taken);
  ctf.takeName('sink-ctf-fs', taken);
  dummy.takeName('dummy', taken);
  muxer.takeName('muxer', taken);
  trimmer.takeName('trimmer', taken);
  debugInfo.takeName('debug-info', taken);
  const present = (...components: readonly ImplicitComponent[]): string[] =>
    components.flatMap(({ exists, name }) => (exists ? [name] : []));
  const sourceNames = [...names.source, ...present(...sources, live)];
  const sinkNames = [...names.sink, ...present(text, ctf, dummy)];
  if (sourceNames.length === 0) throw wrong('No source component.');
  if (sinkNames.length === 0) throw wrong('No sink component.');
  if (sinkNames.length > 1) throw wrong('More than one sink component specified.');
  const implicit = [...sources, live, text, ctf, dummy, muxer, trimmer, debugInfo];
  const chain = [...present(muxer, trimmer, debugInfo), ...names.filter];
  if (implied.print !== undefined && implied.intersects) {
    throw wrong('Cannot specify --stream-intersection with --run-args or --run-args-0.');
  }
  return {
    kind: 'run',
    runArguments: [
      ...runArguments,
      ...implicit.flatMap((component) => component.runArguments),
      ...connections(sourceNames, chain, sinkNames),
    ],
    level: implied.level,
    intersects: implied.intersects,
    ...(implied.print === undefined ? {} : { print: implied.print }),
  };
}
