import { createRequire } from 'node:module';
import { Command, CommanderError } from 'commander';
import { SpoorError, describeError } from '@spoor/base';
import { registerAnalyze } from './commands/analyze.ts';
import { registerConvert } from './commands/convert.ts';
import { registerRecord } from './commands/record.ts';
import { registerView } from './commands/view.ts';

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
export async function main(args: readonly string[]): Promise<number> {
  const context: CommandContext = { exitStatus: 0 };
  const program = new Command('spoor')
    .description('Record, read and look at traces of Node.js programs.')
    .version(version, '-V, --version')
    .enablePositionalOptions()
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
  for (const register of [registerConvert, registerRecord, registerView, registerAnalyze]) {
    register(program, context);
  }
  if (args.length === 0) {
    program.outputHelp({ error: true });
    return 1;
  }
  try {
    await program.parseAsync(args, { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode;
    process.stderr.write(
      `spoor: ${describeError(isMistypedCommand(error, args) ? unknownCommand(args[0]) : error)}\n`,
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

function unknownCommand(word = ''): SpoorError {
  return new SpoorError('cli/unknown-command', `no command and no directory is named ${word}`, {
    hint: 'spoor --help lists the commands',
  });
}
