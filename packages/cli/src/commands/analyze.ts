import { InvalidArgumentError } from 'commander';
import type { RegisterCommand } from './register-command.ts';

interface AnalyzeCommandOptions {
  readonly json?: boolean;
  readonly slowest: number;
}

export const registerAnalyze: RegisterCommand = (program, context) => {
  program
    .command('analyze')
    .description(
      'Tell what a trace shows: events, requests and where their time went, system calls, garbage collection, losses.',
    )
    .argument('<dir...>', 'directories with traces in or below them, or archives of such')
    .option('--json', 'print the result as JSON')
    .option(
      '--slowest <number>',
      'how many of the slowest requests to take apart, and of the slowest system calls to list',
      wholeNumber,
      5,
    )
    .action(async (paths: string[], options: AnalyzeCommandOptions) => {
      const { analyzeTrace } = await import('../analyze/analyze-trace.ts');
      const { stderr } = process;
      const { withRawReader } = await import('@spoor/components/node');
      const { loadRawReader } = await import('../convert/raw-rings.ts');
      const analysis = await withRawReader(loadRawReader, (readRaw) =>
        analyzeTrace(paths, {
          slowest: options.slowest,
          readRaw,
          onProgress: (events) => {
            if (stderr.isTTY) stderr.write(`\rspoor: ${events.toLocaleString('en-US')} events read…`);
          },
        }),
      );
      if (stderr.isTTY) stderr.write('\r\u001B[K');
      // As for reading: a damaged trace is told of as far as it goes, but that is no success.
      context.exitStatus = analysis.facts.warnings.length === 0 ? 0 : 1;
      if (options.json === true) {
        const { jsonReport } = await import('../analyze/json-report.ts');
        await answer(`${JSON.stringify(jsonReport(analysis), null, 2)}\n`);
        return;
      }
      const { reportText } = await import('../analyze/report.ts');
      await answer(reportText(analysis.summary, analysis.facts, process.stdout, process.env));
    });
};

/** Writes the whole text to standard output; a reader that leaves early (`| head`) has seen enough. */
async function answer(text: string): Promise<void> {
  const { ClosedPipeError, FileOutput } = await import('@spoor/components/node');
  const bytes = Buffer.from(text, 'utf8');
  try {
    new FileOutput(process.stdout.fd).write(bytes, bytes.length);
  } catch (error) {
    if (!(error instanceof ClosedPipeError)) throw error;
  }
}

function wholeNumber(text: string): number {
  if (!/^\d{1,4}$/.test(text)) throw new InvalidArgumentError('A whole number from 0 to 9999 is needed.');
  return Number(text);
}
