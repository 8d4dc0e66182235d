/**
 * The control verbs alone: `scripts/bundle-command.mjs` makes one file of this module, by which they are answered without
 * what reads traces, and without the options of all other verbs.
 */
import type { CommandContext } from './commands/register-command.ts';
import { controlVerbs } from './control-verbs.ts';
import { programOf } from './program-frame.ts';
import { runProgram } from './run-program.ts';

/**
 * Runs a control verb as `main` of main.ts does.
 * @param args one of them is the verb; a name may stand there too that is one.
 * @returns the exit status.
 */
export function main(args: readonly string[]): Promise<number> {
  const context: CommandContext = { exitStatus: 0 };
  const verbs = Object.entries(controlVerbs).filter(([name]) => args.includes(name));
  return runProgram(
    programOf(
      verbs.map(([, register]) => register),
      context,
    ),
    context,
    args,
  );
}
