/**
 * `spoor report` alone: `scripts/bundle-command.mjs` makes one file of this module with all that reads recordings of the
 * kernel's rings, for that is most of what a report of a short one takes.
 */
import type { ReportRequest } from '@spoor/components/report';
import type { CommandContext } from './commands/register-command.ts';
import { registerReport } from './commands/report.ts';
import { programOf } from './program-frame.ts';
import { runProgram } from './run-program.ts';

/**
 * Runs it as `main` of main.ts does.
 * @param args the first is the verb. @returns the exit status.
 */
export function main(args: readonly string[]): Promise<number> {
  const context: CommandContext = { exitStatus: 0 };
  return runProgram(programOf([registerReport], context), context, args);
}

/** The work of a thread that it starts. */
export async function helpReport(request: ReportRequest): Promise<void> {
  const report = await import('@spoor/components/report');
  report.helpReport(request);
}
