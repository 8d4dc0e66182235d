import type { RegisterCommand } from '../main.ts';

interface ConvertOptions {
  readonly begin?: string;
  readonly end?: string;
  readonly clockCycles?: boolean;
  readonly clockDate?: boolean;
  readonly clockGmt?: boolean;
  readonly clockSeconds?: boolean;
  readonly component?: string;
  readonly delta: boolean;
  readonly fields?: string;
  readonly names?: string;
  readonly output?: string;
  readonly outputFormat?: string;
}

/** The default command: reads traces, prints their events as babeltrace2 does. */
export const registerConvert: RegisterCommand = (program, context) => {
  program
    .command('convert', { isDefault: true })
    .description('Print the events of traces as text, as babeltrace2 does (the default command).')
    .argument('<dir...>', 'directories with traces in or below them')
    .option('-b, --begin <time>', 'leave out events before this time')
    .option('-e, --end <time>', 'leave out events after this time')
    .option('-o, --output-format <format>', 'text, or dummy to read without printing')
    .option('-c, --component <class>', 'the sink: sink.text.pretty, sink.utils.counter or sink.utils.dummy')
    .option('-w, --output <file>', 'write the text to a file')
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

export type { ConvertOptions };
