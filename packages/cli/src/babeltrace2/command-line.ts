/** babeltrace2's command line: its commands, their output and their exit statuses. */
import { existsSync, writeFileSync } from 'node:fs';
import { delimiter } from 'node:path';
import { SpoorError } from '@spoor/base';
import { Logger, type LogLevel } from '@spoor/graph';
import { metadataOf } from '../convert/convert.ts';
import { openSession, pluginFolders } from '../convert/open-session.ts';
import { classHelp, pluginHead, pluginRows } from '../convert/plugins.ts';
import { answerQuery, answerText } from '../convert/query.ts';
import type { Session } from '../convert/session.ts';
import type { GeneralOptions } from '../commands/general-options.ts';
import { componentArgument, dottedName, missingClass, type ComponentArgument } from './component-argument.ts';
import { readConversion, type Conversion } from './convert-arguments.ts';
import { discoverSources } from './discovered-sources.ts';
import { commandLineError, errorChainText } from './error-chain.ts';
import { shellQuoted } from './escaped-text.ts';
import { levelArgument, moreTelling } from './log-levels.ts';
import { parseCommandLine } from './option-parser.ts';
import { generalOptions, helpAlone, queryOptions, usageText } from './options.ts';
import { parametersArgument, readRun, type RunDescription } from './run-arguments.ts';

const commands = ['convert', 'run', 'query', 'list-plugins', 'help'] as const;
type CommandName = (typeof commands)[number];

/** The version of babeltrace2 whose command line this is. */
const peerVersion = '2.0.4';

function wrong(message: string, cause?: unknown): SpoorError {
  return new SpoorError('babeltrace2/arguments', message, cause === undefined ? {} : { cause });
}

function print(text: string): void {
  // Who closes the pipe has seen enough.
  process.stdout.on('error', () => {});
  process.stdout.write(text);
}

/** Objects of which babeltrace2 passes over parameters that it does not know; of others it refuses them. */
const lenientObjects: readonly string[] = ['metadata-info', 'babeltrace.support-info'];

/** What stands before the command, and what behind it. */
interface General {
  readonly command: CommandName;
  readonly rest: readonly string[];
  readonly options: GeneralOptions;
}

/** Reads what stands before the command. @returns a text to print, where that is all. */
function readGeneral(args: readonly string[], versionText: string): General | string {
  if (args.length === 0) return `${versionText}\n${usageText('general')}`;
  const { items, readCount } = readOptions(args);
  let logLevel: LogLevel | undefined;
  const pluginPath = pathsOf(process.env['BABELTRACE_PLUGIN_PATH'] ?? '');
  let omitHomePluginPath = false;
  let omitSystemPluginPath = false;
  const options = (): GeneralOptions => ({
    colorsOnTerminalsOnly: true,
    ...(logLevel === undefined ? {} : { logLevel }),
    pluginPath,
    omitHomePluginPath,
    omitSystemPluginPath,
  });
  for (const item of items) {
    if (item.kind === 'word') {
      const command = commands.find((name) => name === item.text);
      return command === undefined
        ? { command: 'convert', rest: args.slice(item.index), options: options() }
        : { command, rest: args.slice(item.index + 1), options: options() };
    }
    const { long, value } = item;
    if (long === 'help') return usageText('general');
    if (long === 'version') return versionText;
    if (long === 'debug') logLevel = moreTelling(logLevel, 'trace');
    else if (long === 'verbose') logLevel = moreTelling(logLevel, 'info');
    else if (long === 'log-level') logLevel = moreTelling(logLevel, levelArgument(value));
    else if (long === 'plugin-path') pluginPath.push(...pathsOf(value));
    else if (long === 'omit-home-plugin-path') omitHomePluginPath = true;
    else omitSystemPluginPath = true;
  }
  return readCount === args.length
    ? usageText('general')
    : { command: 'convert', rest: args.slice(readCount), options: options() };
}

function readOptions(args: readonly string[]): ReturnType<typeof parseCommandLine> {
  try {
    return parseCommandLine(args, generalOptions, true);
  } catch (error) {
    if (!(error instanceof SpoorError)) throw error;
    throw wrong(`While parsing command-line arguments: ${error.message}`);
  }
}

/** Directories of a list; babeltrace2 passes over those that are not there. */
function pathsOf(list: string): string[] {
  return list.split(delimiter).filter((path) => path !== '' && existsSync(path));
}

/** Something that the command does when its arguments are right. */
type Work = () => number | Promise<number>;

function printing(text: string): Work {
  return () => {
    print(text);
    return 0;
  };
}

function refuseMissingClasses(session: Session, { components }: RunDescription): void {
  for (const { className } of components) {
    if (session.registry.look(className) === undefined) throw missingClass(componentArgument(className));
  }
}

/** Runs a graph. */
async function runGraph(session: Session, description: RunDescription, intersects: boolean): Promise<number> {
  refuseMissingClasses(session, description);
  const components = description.components.map((component) =>
    intersects && component.className === 'source.ctf.fs'
      ? {
          ...component,
          parameters: new Map([...component.parameters, ['stream-intersection', true] as const]),
        }
      : component,
  );
  try {
    return await session.run(
      { components, connections: description.connections },
      { retryMs: description.retryMs },
    );
  } catch (cause) {
    throw wrong('Graph failed to complete successfully', cause);
  }
}

async function convertWork({ rest, options }: General): Promise<Work> {
  if (rest.length === 0) return printing(usageText('convert'));
  let opened: Session | undefined;
  const conversion = await readConversion(rest, options.logLevel, async (words, only, level) => {
    opened = await openSession({ ...options, ...(level === undefined ? {} : { logLevel: level }) });
    const log = new Logger(level ?? 'warning', (_, text) => void process.stderr.write(`spoor: ${text}\n`));
    return discoverSources(words, {
      registry: opened.registry,
      only,
      log,
      signal: new AbortController().signal,
    });
  });
  return conversionWork(conversion, options, opened);
}

function conversionWork(conversion: Conversion, options: GeneralOptions, opened: Session | undefined): Work {
  switch (conversion.kind) {
    case 'help':
      return printing(usageText('convert'));
    case 'metadata':
      return () => printMetadata(conversion.path, conversion.output);
    case 'live-sessions':
      return () => {
        throw missingClass({ kind: 'source', plugin: 'ctf', className: 'lttng-live' });
      };
    case 'run': {
      const { runArguments, level, intersects, print: how } = conversion;
      if (how === 'nul') return printing(runArguments.join('\0'));
      if (how === 'shell') return printing(runArguments.map(shellQuoted).join(' '));
      const description = readRun(runArguments)!;
      return async () => {
        const session =
          opened ?? (await openSession({ ...options, ...(level === undefined ? {} : { logLevel: level }) }));
        return runGraph(session, description, intersects);
      };
    }
    default: {
      const never: never = conversion;
      throw new TypeError(String(never));
    }
  }
}

/** `-o ctf-metadata`: the metadata of one trace. */
function printMetadata(path: string, output: string | undefined): number {
  let text: string;
  try {
    text = metadataOf(path);
  } catch (cause) {
    throw wrong(`Failed to query \`metadata-info\` object: path="${path}"`, cause);
  }
  if (output === undefined) {
    print(`${text}\n`);
    return 0;
  }
  try {
    writeFileSync(output, `${text}\n`);
  } catch (cause) {
    throw wrong(`Cannot open file for writing: path="${output}"`, cause);
  }
  return 0;
}

function runWork({ rest, options }: General): Work {
  const description = readRun(rest);
  if (description === undefined) return printing(usageText('run'));
  return async () => runGraph(await openSession(options), description, false);
}

/** Arguments of a command that takes few. @returns undefined where help is asked for. */
function wordsOf(
  command: CommandName,
  rest: readonly string[],
  most: number,
): { readonly words: readonly string[]; readonly params: readonly string[] } | undefined {
  const rules = command === 'query' ? queryOptions : helpAlone;
  let parsed: ReturnType<typeof parseCommandLine>;
  try {
    parsed = parseCommandLine(rest, rules);
  } catch (cause) {
    throw wrong(
      `While parsing \`${command}\` command's command-line arguments: ${(cause as SpoorError).message}`,
    );
  }
  const options = parsed.items.flatMap((item) => (item.kind === 'option' ? [item] : []));
  if (options.some(({ long }) => long === 'help')) return undefined;
  const words = parsed.items.flatMap((item) => (item.kind === 'word' ? [item.text] : []));
  if (words.length > most) {
    throw wrong(`Extraneous command-line argument specified to \`${command}\` command: \`${words[most]!}\`.`);
  }
  return { words, params: options.map(({ value }) => value) };
}

function queryWork({ rest, options }: General): Work {
  const given = wordsOf('query', rest, 2);
  const [classText, object] = given?.words ?? [];
  if (given === undefined || classText === undefined || object === undefined) {
    return printing(usageText('query'));
  }
  const parameters = new Map(given.params.flatMap((text) => [...parametersArgument('params', text)]));
  let asked: ComponentArgument;
  try {
    asked = componentArgument(classText);
  } catch (cause) {
    throw wrong(`Invalid format for component class specification:\n    ${classText}`, cause);
  }
  if (object === '') throw wrong('Invalid empty object.');
  return async () => {
    const session = await openSession(options);
    const found = session.registry.look(dottedName(asked));
    if (found === undefined) throw missingClass(asked);
    const known = found.componentClass.queries?.[object]?.parameters ?? {};
    if (lenientObjects.includes(object)) {
      for (const name of parameters.keys()) if (!Object.hasOwn(known, name)) parameters.delete(name);
    }
    try {
      const { status, answer } = await answerQuery(session, dottedName(asked), object, parameters);
      if (answer !== undefined) print(answerText(answer));
      return status;
    } catch (cause) {
      throw wrong(`Failed to query component class: comp-cls="${classText}", object="${object}"`, cause);
    }
  };
}

function listWork({ rest, options }: General): Work {
  if (wordsOf('list-plugins', rest, 0) === undefined) return printing(usageText('list-plugins'));
  return async () => {
    const session = await openSession(options);
    const paths = pluginFolders(options).map(({ path }) => `  - ${path}\n`);
    const places = `From the following plugin paths:\n\n${paths.length === 0 ? '  [ ]\n' : paths.join('')}\n`;
    print(places + pluginRows(session));
    return 0;
  };
}

function helpWork({ rest, options }: General): Work {
  const given = wordsOf('help', rest, 1);
  if (given === undefined) return printing(usageText('help'));
  const [name] = given.words;
  if (name === undefined) throw wrong('Missing plugin name or component class descriptor.');
  let asked: ComponentArgument | undefined;
  try {
    asked = name.includes('.') ? componentArgument(name) : undefined;
  } catch (cause) {
    throw wrong(`Could not parse argument as a component class name: arg=${name}`, cause);
  }
  return async () => {
    const { registry } = await openSession(options);
    const pluginName = asked?.plugin ?? name;
    const entry = registry.plugins.find(({ plugin }) => plugin.name === pluginName);
    if (entry === undefined) throw wrong(`Cannot find plugin: plugin-name="${pluginName}"`);
    print(pluginHead(entry.plugin, entry.place));
    if (asked === undefined) return 0;
    const found = registry.look(dottedName(asked));
    if (found === undefined) throw missingClass(asked);
    print(classHelp(found));
    return 0;
  };
}

async function workOf(general: General): Promise<Work> {
  switch (general.command) {
    case 'convert':
      return convertWork(general);
    case 'run':
      return runWork(general);
    case 'query':
      return queryWork(general);
    case 'list-plugins':
      return listWork(general);
    case 'help':
      return helpWork(general);
    default: {
      const never: never = general.command;
      throw new TypeError(String(never));
    }
  }
}

/**
 * Does what a command line of babeltrace2 says.
 * @param version that of Spoor.
 * @returns the exit status.
 */
export async function runAsBabeltrace2(args: readonly string[], version: string): Promise<number> {
  try {
    let work: Work;
    try {
      const general = readGeneral(args, `Babeltrace ${peerVersion} (Spoor ${version})\n`);
      work = typeof general === 'string' ? printing(general) : await workOf(general);
    } catch (error) {
      throw commandLineError(error);
    }
    return await work();
  } catch (error) {
    process.stderr.write(errorChainText(error));
    return 1;
  }
}
