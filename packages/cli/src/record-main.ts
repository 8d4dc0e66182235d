/**
 * `spoor record` alone: `scripts/bundle-command.mjs` makes one file of this module with all that a recording of programs
 * needs, for the recorder and for its consumer: until both are loaded the program does not begin.
 */
import type { CommandContext } from './commands/register-command.ts';
import { registerRecord } from './commands/record.ts';
import { programOf } from './program-frame.ts';
import { runProgram } from './run-program.ts';

/**
 * Runs it as `main` of main.ts does.
 * @param args the first is the verb. @returns the exit status.
 */
export function main(args: readonly string[]): Promise<number> {
  const context: CommandContext = { exitStatus: 0 };
  return runProgram(programOf([registerRecord], context), context, args);
}

/** The work of the consumer that it starts. */
export async function consume(sessionPath: string): Promise<void> {
  const { runConsumer } = await import('@spoor/sessiond/record');
  runConsumer(sessionPath);
}
