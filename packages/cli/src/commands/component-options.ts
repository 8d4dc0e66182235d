/** The options by which a command line names components. */
import { InvalidArgumentError, type Command } from 'commander';
import type { LogLevel } from '@spoor/graph';

/** A component that `-c` named, and what the options after it said of it. */
export interface NamedComponent {
  name?: string;
  readonly className: string;
  readonly parameters: string[];
  logLevel?: LogLevel;
}

/** Reads `[NAME:]TYPE.PLUGIN.CLASS`; a backslash takes a colon or dot of a name as it is. */
function componentOf(text: string): NamedComponent {
  const [, name, className = text] = /^((?:[^:\\]|\\.)*):(.*)$/s.exec(text) ?? [];
  return {
    className,
    parameters: [],
    ...(name === undefined ? {} : { name: name.replaceAll(/\\(.)/gs, '$1') }),
  };
}

const levels: Readonly<Record<string, LogLevel>> = {
  N: 'none',
  NONE: 'none',
  F: 'fatal',
  FATAL: 'fatal',
  E: 'error',
  ERROR: 'error',
  W: 'warning',
  WARN: 'warning',
  WARNING: 'warning',
  I: 'info',
  INFO: 'info',
  D: 'debug',
  DEBUG: 'debug',
  T: 'trace',
  TRACE: 'trace',
};

/** The level that a word of babeltrace2 names. */
export function levelOfWord(text: string): LogLevel | undefined {
  return Object.hasOwn(levels, text) ? levels[text] : undefined;
}

/** A level of babeltrace2. */
export function logLevel(text: string): LogLevel {
  const level = levelOfWord(text);
  if (level === undefined) throw new InvalidArgumentError('It must be one of N, F, E, W, I, D, T.');
  return level;
}

/** A time to wait in microseconds, as milliseconds. */
function retryDuration(text: string): number {
  if (!/^\+?\d+$/.test(text)) throw new InvalidArgumentError('It must be a number of microseconds.');
  return Number(text) / 1000;
}

/** Collects the values of an option that may be given again. */
export function collect(text: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), text];
}

/** What is said before any component is named: of the components that come from other arguments. */
export interface ImplicitOptions {
  readonly parameters: string[];
  logLevel?: LogLevel;
}

/**
 * Adds `-c`, `-p`, `-l` and what else is said of the component named last.
 * @param implicit takes what is said when none is named; absent where that is an error.
 */
export function addComponentOptions(command: Command, implicit?: ImplicitOptions): Command {
  let current: NamedComponent | undefined;
  let base: readonly string[] = [];
  const ofCurrent = (): NamedComponent | ImplicitOptions => {
    const found = current ?? implicit;
    if (found === undefined) throw new InvalidArgumentError('No -c stands before it.');
    return found;
  };
  command
    .option(
      '-c, --component <class>',
      'add a component: [NAME:]TYPE.PLUGIN.CLASS, such as sink.text.details',
      (text, components: readonly NamedComponent[] | undefined) => {
        current = componentOf(text);
        current.parameters.push(...base);
        return [...(components ?? []), current];
      },
    )
    .option('-p, --params <params>', 'parameters of the component named before: NAME=VALUE,…', (text) => {
      ofCurrent().parameters.push(text);
    })
    .option(
      '-l, --log-level <level>',
      'what the component named before tells: N, F, E, W (the default), I, D or T',
      (text) => {
        ofCurrent().logLevel = logLevel(text);
      },
    )
    .option(
      '--retry-duration <us>',
      'ask again after so many microseconds where there is nothing now',
      retryDuration,
    );
  if (implicit !== undefined) {
    return command.option('--name <name>', 'name of the component named before', (text) => {
      if (current === undefined) throw new InvalidArgumentError('No -c stands before it.');
      current.name = text;
    });
  }
  return command
    .option('-b, --base-params <params>', 'parameters of all components that follow', (text) => {
      base = [text];
    })
    .option('-r, --reset-base-params', 'forget the parameters of --base-params', () => {
      base = [];
    });
}
