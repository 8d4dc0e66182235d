/** The options by which a command line names components. */
import { InvalidArgumentError, type Command } from 'commander';

/** A component that `-c` named, and what the options after it said of it. */
export interface ComponentRequest {
  name?: string;
  readonly className: string;
  readonly parameters: string[];
}

/** Reads `[NAME:]TYPE.PLUGIN.CLASS`; a backslash takes a colon or dot of a name as it is. */
function componentOf(text: string): ComponentRequest {
  const [, name, className = text] = /^((?:[^:\\]|\\.)*):(.*)$/s.exec(text) ?? [];
  return {
    className,
    parameters: [],
    ...(name === undefined ? {} : { name: name.replaceAll(/\\(.)/gs, '$1') }),
  };
}

const logLevels = /^(?:N|NONE|T|TRACE|D|DEBUG|I|INFO|W|WARN|WARNING|E|ERROR|F|FATAL)$/;

/** A level of babeltrace2; what is told here does not depend on it. */
export function logLevel(text: string): string {
  if (!logLevels.test(text)) throw new InvalidArgumentError('It must be one of N, T, D, I, W, E, F.');
  return text;
}

/** Adds `-c`, `-p` and what else is said of the component named last. */
export function addComponentOptions(command: Command, withBase: boolean): Command {
  let current: ComponentRequest | undefined;
  let base: readonly string[] = [];
  const ofCurrent = (): ComponentRequest => {
    if (current === undefined) throw new InvalidArgumentError('No -c stands before it.');
    return current;
  };
  command
    .option(
      '-c, --component <class>',
      'add a component: [NAME:]TYPE.PLUGIN.CLASS, such as sink.text.details',
      (text, components: readonly ComponentRequest[] | undefined) => {
        current = componentOf(text);
        current.parameters.push(...base);
        return [...(components ?? []), current];
      },
    )
    .option('-p, --params <params>', 'parameters of the component named before: NAME=VALUE,…', (text) => {
      ofCurrent().parameters.push(text);
    })
    .option('-l, --log-level <level>', 'accepted: N, T, D, I, W, E or F', logLevel);
  if (!withBase) {
    return command.option('--name <name>', 'name of the component named before', (text) => {
      ofCurrent().name = text;
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
