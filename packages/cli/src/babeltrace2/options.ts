/** The options of babeltrace2's commands. */
import type { OptionRule } from './option-parser.ts';

const help: OptionRule = { long: 'help', short: 'h', text: 'print this help' };
const debug: OptionRule = { long: 'debug', short: 'd', text: 'tell all, as --log-level=T does' };
const verbose: OptionRule = { long: 'verbose', short: 'v', text: 'tell more, as --log-level=I does' };
const component = {
  long: 'component',
  short: 'c',
  argument: '[NAME:]TYPE.PLUGIN.CLASS',
  text: 'add a component to the graph',
} as const;
const level: OptionRule = {
  long: 'log-level',
  short: 'l',
  argument: 'LEVEL',
  text: 'what the component or path before it tells: N, F, E, W, I, D or T',
};
const params: OptionRule = {
  long: 'params',
  short: 'p',
  argument: 'NAME=VALUE,…',
  text: 'parameters of the component or path before it',
};
const retryDuration: OptionRule = {
  long: 'retry-duration',
  argument: 'US',
  text: 'ask again after so many microseconds where there is nothing now; 100000 by default',
};

/** Before the command. */
export const generalOptions: readonly OptionRule[] = [
  debug,
  help,
  {
    long: 'log-level',
    short: 'l',
    argument: 'LEVEL',
    text: 'what is told: N, F, E, W (the default), I, D or T',
  },
  verbose,
  { long: 'version', short: 'V', text: 'print the version' },
  { long: 'omit-home-plugin-path', text: 'leave out the plug-ins of the user' },
  { long: 'omit-system-plugin-path', text: 'leave out the plug-ins of the system' },
  {
    long: 'plugin-path',
    argument: 'DIR:…',
    text: 'look for plug-ins in these directories, separated by colons',
  },
];

export const convertOptions: readonly OptionRule[] = [
  { long: 'begin', short: 'b', argument: 'TIME', text: 'leave out events before this time' },
  { long: 'clock-cycles', text: 'print times in clock cycles' },
  { long: 'clock-date', text: 'print the date with each time' },
  { long: 'clock-force-correlate', text: 'take the Unix epoch for the origin of all clocks' },
  { long: 'clock-gmt', text: 'print and read times in UTC' },
  { long: 'clock-offset', argument: 'S', text: 'move all clocks by so many seconds' },
  { long: 'clock-offset-ns', argument: 'NS', text: 'move all clocks by so many nanoseconds' },
  { long: 'clock-seconds', text: 'print times in seconds since the origin of clocks' },
  { long: 'color', argument: 'WHEN', text: 'colours: never, auto or always' },
  component,
  debug,
  { long: 'debug-info-dir', argument: 'DIR', text: 'directory of debug information' },
  { long: 'debug-info-full-path', text: 'print whole paths of programs and sources' },
  {
    long: 'debug-info-target-prefix',
    argument: 'DIR',
    text: 'look for the programs of the trace below this directory',
  },
  { long: 'end', short: 'e', argument: 'TIME', text: 'leave out events after this time' },
  {
    long: 'fields',
    short: 'f',
    argument: 'FIELD,…',
    text: 'print more before event names: all, trace, trace:hostname, trace:domain, trace:procname, trace:vpid, loglevel, emf',
  },
  help,
  { long: 'input-format', short: 'i', argument: 'FORMAT', text: 'what the arguments are: ctf' },
  level,
  {
    long: 'names',
    short: 'n',
    argument: 'NAME,…',
    text: 'names to print: payload, context, scope, header, all, none',
  },
  { long: 'debug-info', text: 'add to LTTng events where in a program they come from' },
  { long: 'no-delta', text: 'leave out the time since the event before' },
  { long: 'output', short: 'w', argument: 'PATH', text: 'write the text, or the traces, there' },
  {
    long: 'output-format',
    short: 'o',
    argument: 'FORMAT',
    text: 'text (the default), ctf, dummy or ctf-metadata',
  },
  params,
  retryDuration,
  { long: 'run-args', text: 'print the arguments of `run` that do the same' },
  { long: 'run-args-0', text: 'the same, separated by NUL' },
  { long: 'stream-intersection', text: 'print only what lies in the time of all streams of a trace' },
  { long: 'timerange', argument: '[BEGIN,END]', text: 'both of --begin and --end' },
  verbose,
];

export const runOptions: readonly OptionRule[] = [
  {
    long: 'base-params',
    short: 'b',
    argument: 'NAME=VALUE,…',
    text: 'parameters of all components that follow',
  },
  { ...component, argument: 'NAME:TYPE.PLUGIN.CLASS' },
  {
    long: 'connect',
    short: 'x',
    argument: 'UP[.PORT]:DOWN[.PORT]',
    text: 'join ports of two components, with * for any text in the names of ports',
  },
  help,
  level,
  params,
  { long: 'reset-base-params', short: 'r', text: 'forget the parameters of --base-params' },
  retryDuration,
];

export const queryOptions: readonly OptionRule[] = [
  help,
  { long: 'params', short: 'p', argument: 'NAME=VALUE,…', text: 'parameters of the query' },
];

/** Of `list-plugins` and `help`. */
export const helpAlone: readonly OptionRule[] = [help];

/** A command, as its help and the manual page tell of it. */
export interface CommandText {
  readonly name: 'general' | 'convert' | 'run' | 'query' | 'list-plugins' | 'help';
  /** Of the manual page's section. */
  readonly title: string;
  readonly usages: readonly string[];
  readonly options: readonly OptionRule[];
  /** More for the help, behind the options. */
  readonly more?: string;
}

export const babeltrace2Commands: readonly CommandText[] = [
  {
    name: 'general',
    title: 'General options',
    usages: ['[GENERAL OPTIONS] [COMMAND] [COMMAND ARGUMENTS]'],
    options: generalOptions,
    more: `
Commands:
  convert       convert traces and cut them (the default)
  help          tell of a plug-in or of a component class
  list-plugins  list the plug-ins and their component classes
  query         ask a component class about something
  run           run a graph that is written out

--help behind a command tells of its options.
`,
  },
  {
    name: 'convert',
    title: 'Options of convert',
    usages: ['[GENERAL OPTIONS] [convert] [OPTIONS] [PATH...]'],
    options: convertOptions,
  },
  {
    name: 'run',
    title: 'Options of run',
    usages: ['[GENERAL OPTIONS] run [OPTIONS]'],
    options: runOptions,
  },
  {
    name: 'query',
    title: 'Options of query',
    usages: ['[GENERAL OPTIONS] query [OPTIONS] TYPE.PLUGIN.CLASS OBJECT'],
    options: queryOptions,
  },
  {
    name: 'list-plugins',
    title: 'Options of list-plugins',
    usages: ['[GENERAL OPTIONS] list-plugins [OPTIONS]'],
    options: helpAlone,
  },
  {
    name: 'help',
    title: 'Options of help',
    usages: ['[GENERAL OPTIONS] help [OPTIONS] PLUGIN', '[GENERAL OPTIONS] help [OPTIONS] TYPE.PLUGIN.CLASS'],
    options: helpAlone,
  },
];

/** The help of a command. */
export function usageText(command: CommandText['name']): string {
  const { usages, options, more = '' } = babeltrace2Commands.find(({ name }) => name === command)!;
  const heads = usages.map(
    (usage, index) => `${index === 0 ? 'Usage:' : '      '} spoor-babeltrace2 ${usage}\n`,
  );
  const rows = [...options].sort((left, right) => (left.long < right.long ? -1 : 1));
  const left = rows.map(
    ({ long, short, argument }) =>
      `  ${short === undefined ? '    ' : `-${short}, `}--${long}${argument === undefined ? '' : `=${argument}`}`,
  );
  const width = Math.max(...left.map(({ length }) => length)) + 2;
  const lines = rows.map(({ text }, index) => `${left[index]!.padEnd(width)}${text}\n`);
  return `${heads.join('')}\nOptions:\n${lines.join('')}${more}`;
}
