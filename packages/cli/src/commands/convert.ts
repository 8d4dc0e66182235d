import { InvalidArgumentError } from 'commander';
import type { RegisterCommand } from '../main.ts';

/** A component that `-c` named, and what `-p` said of it. */
interface ComponentRequest {
  readonly name?: string;
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

interface ConvertOptions {
  readonly begin?: string;
  readonly end?: string;
  readonly clockCycles?: boolean;
  readonly clockDate?: boolean;
  readonly clockGmt?: boolean;
  readonly clockSeconds?: boolean;
  readonly component?: readonly ComponentRequest[];
  readonly delta: boolean;
  readonly event?: readonly string[];
  readonly fields?: string;
  readonly filter?: string;
  readonly names?: string;
  readonly output?: string;
  readonly outputFormat?: string;
}

/** The default command: reads traces, prints their events as babeltrace2 does. */
export const registerConvert: RegisterCommand = (program, context) => {
  let current: ComponentRequest | undefined;
  program
    .command('convert', { isDefault: true })
    .description('Print the events of traces as text, as babeltrace2 does (the default command).')
    .argument('<dir...>', 'directories with traces in or below them')
    .option('-b, --begin <time>', 'leave out events before this time')
    .option('-e, --end <time>', 'leave out events after this time')
    .option(
      '--event <glob>',
      'print events of this name only, * for any text (may be given again)',
      (glob: string, before: readonly string[] | undefined) => [...(before ?? []), glob],
    )
    .option(
      '--filter <expression>',
      "print events of which this is true, as in 'size > 4096 && $ctx.vpid == 42'",
    )
    .option(
      '-o, --output-format <format>',
      'text, details, ctf to write traces, or dummy to read without printing',
    )
    .option(
      '-c, --component <class>',
      'the sink: sink.text.pretty, sink.text.details, sink.ctf.fs, sink.utils.counter or sink.utils.dummy',
      (text, components: readonly ComponentRequest[] | undefined) => {
        current = componentOf(text);
        return [...(components ?? []), current];
      },
    )
    .option(
      '-p, --params <params>',
      'parameters of the component named before: NAME=VALUE,NAME=VALUE',
      (text) => {
        if (current === undefined) throw new InvalidArgumentError('No -c stands before it.');
        current.parameters.push(text);
      },
    )
    .option('-w, --output <path>', 'write the text to a file, or the traces below a directory')
    .option('--clock-cycles', 'print times in clock cycles')
    .option('--clock-date', 'print the date with each time')
    .option('--clock-gmt', 'print times in UTC')
    .option('--clock-seconds', 'print times in seconds since the clock origin')
    .option('--no-delta', 'leave out the time since the event before')
    .option('-f, --fields <list>', 'what to print before event names: all, none, trace, loglevel, …')
    .option('-n, --names <list>', 'which names to print: all, none, payload, context, scope, header')
    .action(async (directories: readonly string[], options: ConvertOptions) => {
      const { convert } = await import('../convert/convert.ts');
      context.exitStatus = convert(directories, options);
    });
};

export type { ComponentRequest, ConvertOptions };
