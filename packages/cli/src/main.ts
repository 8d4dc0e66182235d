import { createRequire } from 'node:module';
import { Command, CommanderError, Option } from 'commander';
import { SpoorError, describeError } from '@spoor/base';
import { registerAnalyze } from './commands/analyze.ts';
import { registerConvert } from './commands/convert.ts';
import { registerPlugins } from './commands/plugins.ts';
import { registerRecord } from './commands/record.ts';
import { registerRun } from './commands/run.ts';
import { registerView } from './commands/view.ts';
import { suggestion } from './suggestion.ts';

const { version } = createRequire(import.meta.url)('../package.json') as { readonly version: string };

/** Carries the exit status of a command out of commander's callbacks. */
export interface CommandContext {
  /** Status of the process when the command is done; 0 only for success. */
  exitStatus: number;
}

/** Adds one command to the program. Its heavy modules are imported only when the command runs. */
export type RegisterCommand = (program: Command, context: CommandContext) => void;

/**
 * Runs the `spoor` command. Answers go to standard output, all else to standard error.
 * @returns the exit status.
 */
export function main(args: readonly string[]): Promise<number> {
  return runProgram(
    new Command('spoor').description('Record, read and look at traces of Node.js programs.'),
    [registerConvert, registerRecord, registerView, registerAnalyze, registerRun, registerPlugins],
    args,
  );
}

/** Like `main`, but with the verbs of babeltrace2's command line alone. */
export function mainAsBabeltrace2(args: readonly string[]): Promise<number> {
  return runProgram(
    new Command('spoor-babeltrace2').description("Read traces, with babeltrace2's command line."),
    [registerConvert, registerRun, registerPlugins],
    args,
  );
}

async function runProgram(
  program: Command,
  commands: readonly RegisterCommand[],
  args: readonly string[],
): Promise<number> {
  const context: CommandContext = { exitStatus: 0 };
  program
    .version(version, '-V, --version')
    .enablePositionalOptions()
    .helpCommand(false)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => {
        // Who closes the pipe (`spoor --help | head -1`) has seen enough.
        process.stdout.on('error', () => {});
        process.stdout.write(text);
      },
      outputError: (text, write) => {
        const what = text.replace(/^error: /, '').replace(/\.?\n$/, '');
        write(`spoor: ${what} (--help tells how it is used)\n`);
      },
    });
  // General options of babeltrace2, before its verb, that say nothing here.
  for (const flags of [
    '-d, --debug',
    '-v, --verbose',
    '-l, --log-level <level>',
    '--plugin-path <path>',
    '--omit-home-plugin-path',
    '--omit-system-plugin-path',
  ]) {
    program.addOption(new Option(flags, 'accepted').hideHelp());
  }
  for (const register of commands) register(program, context);
  if (args.length === 0) {
    program.outputHelp({ error: true });
    return 1;
  }
  try {
    await program.parseAsync(args, { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode;
    process.stderr.write(
      `spoor: ${describeError(isMistypedCommand(error, args) ? unknownCommand(program, args[0]) : error)}\n`,
    );
    return 1;
  }
  return context.exitStatus;
}

/** Whether a first word that names no command was read as the name of a directory, and there is none. */
function isMistypedCommand(error: unknown, [word = '']: readonly string[]): boolean {
  return (
    error instanceof SpoorError &&
    error.code === 'trace/not-found' &&
    /^[a-z]+$/.test(word) &&
    error.message.endsWith(` ${word}`)
  );
}

function unknownCommand(program: Command, word = ''): SpoorError {
  const names = program.commands.map((command) => command.name());
  return new SpoorError('cli/unknown-command', `no command and no directory is named ${word}`, {
    hint: suggestion(word, names) ?? 'spoor --help lists the commands',
  });
}
