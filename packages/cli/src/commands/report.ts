import { SpoorError } from '@spoor/base';
import { reportThread } from '../report-thread.ts';
import type { RegisterCommand } from './register-command.ts';

interface ReportFlags {
  readonly output?: string;
  readonly workers?: string;
}

/** @throws SpoorError `report/options` */
function threadsOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const threads = Number(text);
  if (threads === 1 || threads === 2) return threads;
  throw new SpoorError('report/options', `--workers is 1 or 2, not ${JSON.stringify(text)}`);
}

export const registerReport: RegisterCommand = (program) => {
  program
    .command('report')
    .description("Print recordings of the kernel's rings as the kernel itself writes its events.")
    .argument('<recordings...>', 'files of trace-cmd, directories with raw pages in or below them')
    .option('-w, --output <path>', 'write the text to a file')
    .option('--workers <threads>', 'print with so many threads; 1, or 2 for long recordings')
    .addHelpText(
      'after',
      '\nExamples:\n  spoor report trace.dat | less\n  spoor report -w events.txt ./trace\n\nLines are those of the file `trace` of tracefs. For other forms and outputs the same recordings are\nread by `spoor -c source.ftrace.trace-dat` and `spoor -c source.ftrace.raw`.',
    )
    .action(async (paths: readonly string[], flags: ReportFlags) => {
      const threads = threadsOf(flags.workers);
      const { closeSync, openSync } = await import('node:fs');
      const { printReport } = await import('@spoor/components/report');
      const { output } = flags;
      const descriptor = output === undefined ? 1 : openSync(output, 'w');
      try {
        await printReport(paths, {
          descriptor,
          threadProgram: reportThread(),
          ...(output === undefined ? {} : { output }),
          ...(threads === undefined ? {} : { threads }),
          warn: (line) => process.stderr.write(`spoor: ${line}\n`),
        });
      } catch (error) {
        // Who reads has read enough.
        if (!(error instanceof SpoorError) || error.code !== 'output/closed-pipe') throw error;
      } finally {
        if (output !== undefined) closeSync(descriptor);
      }
    });
};
