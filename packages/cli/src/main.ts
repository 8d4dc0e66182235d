import type { Command } from 'commander';
import { SpoorError } from '@spoor/base';
import type { CommandContext } from './commands/register-command.ts';
import type { PrintRequest } from './print-threads.ts';
import { version } from './program-frame.ts';
import { spoorProgram } from './program.ts';
import { runProgram } from './run-program.ts';
import { suggestion } from './suggestion.ts';

/**
 * Runs the `spoor` command. Answers go to standard output, all else to standard error.
 * @returns the exit status.
 */
export async function main(args: readonly string[]): Promise<number> {
  const context: CommandContext = { exitStatus: 0 };
  const program = spoorProgram(context);
  if (args.length === 0) {
    program.outputHelp({ error: true });
    return 1;
  }
  return runProgram(program, context, args, (error) =>
    isMistypedCommand(error, args) ? unknownCommand(program, args[0]) : error,
  );
}

/** Like `main`, but with babeltrace2's command line. */
export async function mainAsBabeltrace2(args: readonly string[]): Promise<number> {
  const { runAsBabeltrace2 } = await import('./babeltrace2/command-line.ts');
  return runAsBabeltrace2(args, version);
}

/** The work of a thread that `spoor convert` starts to print a part of the events. */
export async function helpPrinting(request: PrintRequest): Promise<void> {
  const threads = await import('./print-threads.ts');
  threads.helpPrinting(request);
}

export { consume } from './record-main.ts';
export { helpReport } from './report-main.ts';

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
