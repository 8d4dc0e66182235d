import { InvalidArgumentError, Option, type Command } from 'commander';
import type { RegisterCommand } from './register-command.ts';
import {
  addComponentOptions,
  collect,
  type ImplicitOptions,
  type NamedComponent,
} from './component-options.ts';
import { addGeneralOptions, type GeneralOptions } from './general-options.ts';

export interface ConvertOptions extends GeneralOptions {
  readonly begin?: string;
  readonly end?: string;
  readonly timerange?: string;
  readonly clockCycles?: boolean;
  readonly clockDate?: boolean;
  readonly clockForceCorrelate?: boolean;
  readonly clockGmt?: boolean;
  readonly clockOffset?: bigint;
  readonly clockOffsetNs?: bigint;
  readonly clockSeconds?: boolean;
  readonly color?: string;
  readonly component?: readonly NamedComponent[];
  readonly ctfVersion?: string;
  readonly debugInfo?: boolean;
  readonly debugInfoDir?: string;
  readonly debugInfoFullPath?: boolean;
  readonly debugInfoTargetPrefix?: string;
  readonly delta?: boolean;
  readonly event?: readonly string[];
  readonly fields?: string;
  readonly filter?: string;
  readonly inputFormat?: string;
  readonly names?: string;
  readonly output?: string;
  readonly outputFormat?: string;
  /** Milliseconds. */
  readonly retryDuration?: number;
  readonly runArgs?: boolean;
  readonly runArgs0?: boolean;
  readonly streamIntersection?: boolean;
  readonly strict?: boolean;
  readonly workers?: number;
}

function wholeNumber(text: string): bigint {
  if (!/^[-+]?\d+$/.test(text)) throw new InvalidArgumentError('It must be a whole number.');
  return BigInt(text.replace(/^\+/, ''));
}

function threadCount(text: string): number {
  const count = Number(text);
  if (!/^\d+$/.test(text) || count < 1 || count > 64) {
    throw new InvalidArgumentError('A number from 1 to 64 is needed.');
  }
  return count;
}

/** The default command: reads traces, prints their events as babeltrace2 does. */
export const registerConvert: RegisterCommand = (program, context) => {
  const command = program
    .command('convert', { isDefault: true })
    .description('Print the events of traces as text, as babeltrace2 does (the default command).')
    .argument(
      '[dir...]',
      'directories with traces in or below them, archives of such, or - for an archive on standard input',
    )
    .option('-b, --begin <time>', 'leave out events before this time')
    .option('-e, --end <time>', 'leave out events after this time')
    .option('-t, --timerange <begin,end>', 'both of them: BEGIN,END or [BEGIN,END]')
    .option('--event <glob>', 'print events of this name only, * for any text (may be given again)', collect)
    .option(
      '--filter <expression>',
      "print events of which this is true, as in 'size > 4096 && $ctx.vpid == 42'",
    )
    .option(
      '-o, --output-format <format>',
      'text, details, json, csv, otlp-json for spans, ctf to write traces, parquet or arrow to write tables, ctf-metadata, or dummy',
    )
    .addOption(
      new Option('-i, --input-format <format>', 'what the arguments are: ctf').choices(['ctf', 'lttng-live']),
    )
    .option('-w, --output <path>', 'write the text to a file, or the traces below a directory')
    .addOption(
      new Option('--ctf-version <version>', 'of the traces that -o ctf writes; 1.8 by default').choices([
        '1',
        '1.8',
        '2',
        '2.0',
      ]),
    );
  const implicit: ImplicitOptions = { parameters: [] };
  addComponentOptions(command, implicit)
    .addOption(new Option('--color <when>', 'colours').choices(['never', 'auto', 'always']))
    .option('--clock-cycles', 'print times in clock cycles')
    .option('--clock-date', 'print the date with each time')
    .option('--clock-force-correlate', 'take the Unix epoch for the origin of all clocks')
    .option('--clock-gmt', 'print times in UTC')
    .option('--clock-offset <seconds>', 'move all clocks by so many seconds', wholeNumber)
    .option('--clock-offset-ns <ns>', 'move all clocks by so many nanoseconds', wholeNumber)
    .option('--clock-seconds', 'print times in seconds since the clock origin')
    .option('--no-delta', 'leave out the time since the event before')
    .option('-f, --fields <list>', 'what to print before event names: all, none, trace, loglevel, …')
    .option('-n, --names <list>', 'which names to print: all, none, payload, context, scope, header')
    .option('--strict', 'end at the first thing that is wrong with a trace')
    .option('--workers <threads>', 'print text with so many threads; 1, or 2 for long traces', threadCount)
    .option('--run-args', 'print the arguments of `run` that do the same, and do nothing')
    .option('--run-args-0', 'the same, each argument ended by a NUL')
    .option('--stream-intersection', 'of each trace, print only what is within the time of all its streams')
    .option('--debug-info', 'add to LTTng events where in a program they come from')
    .option('--debug-info-dir <dir>', 'directory of debug information; /usr/lib/debug by default')
    .option('--debug-info-full-path', 'print whole paths of programs and sources')
    .option('--debug-info-target-prefix <dir>', 'look for the programs of the trace below this directory');
  addGeneralOptions(command, false);
  command.action(async (paths: readonly string[], _: unknown, self: Command) => {
    const { convert } = await import('../convert/convert.ts');
    context.exitStatus = await convert(paths, self.optsWithGlobals<ConvertOptions>(), implicit);
  });
};
