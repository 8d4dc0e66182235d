/** Has a program of commander do what its words say. */
import { CommanderError, type Command } from 'commander';
import { SpoorError, describeError } from '@spoor/base';
import { nameLackOfDescriptors } from '@spoor/sys/open-files';
import type { CommandContext } from './commands/register-command.ts';

/** Exit status where the command line itself is at fault, as of `lttng`: an unknown command or option, a value that is none. */
const MISREAD_STATUS = 2;
/** Errors that say the same, found out later than by the reader of options. */
const misreadCodes: ReadonlySet<string> = new Set([
  'cli/unknown-command',
  'convert/unknown-sink',
  'convert/unknown-name',
  'convert/time',
]);

/**
 * Runs it; errors are told on standard error, in one line.
 * @param context what the program's verbs were added with.
 * @param explain the error that is told in place of one.
 * @returns the exit status.
 */
export async function runProgram(
  program: Command,
  context: CommandContext,
  args: readonly string[],
  explain: (error: unknown) => unknown = (error) => error,
): Promise<number> {
  try {
    await program.parseAsync(args, { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : MISREAD_STATUS;
    const told = explain(error);
    process.stderr.write(`spoor: ${describeError(nameLackOfDescriptors(told))}\n`);
    return told instanceof SpoorError && misreadCodes.has(told.code) ? MISREAD_STATUS : 1;
  }
  return context.exitStatus;
}
