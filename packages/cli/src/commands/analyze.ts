import { InvalidArgumentError } from 'commander';
import type { RegisterCommand } from '../main.ts';

interface AnalyzeCommandOptions {
  readonly json?: boolean;
  readonly slowest: number;
}

export const registerAnalyze: RegisterCommand = (program) => {
  program
    .command('analyze')
    .description(
      'Tell what a trace shows: events, requests and where their time went, garbage collection, losses.',
    )
    .argument('<path...>', 'directories with traces in or below them')
    .option('--json', 'print the result as JSON')
    .option('--slowest <number>', 'how many of the slowest requests to take apart', wholeNumber, 5)
    .action(async (paths: string[], options: AnalyzeCommandOptions) => {
      const { analyzeTrace } = await import('../analyze/analyze-trace.ts');
      const { stderr } = process;
      const analysis = analyzeTrace(paths, {
        slowest: options.slowest,
        onProgress: (events) => {
          if (stderr.isTTY) stderr.write(`\rspoor: ${events.toLocaleString('en-US')} events read…`);
        },
      });
      if (stderr.isTTY) stderr.write('\r\u001B[K');
      if (options.json === true) {
        const { jsonReport } = await import('../analyze/json-report.ts');
        process.stdout.write(`${JSON.stringify(jsonReport(analysis), null, 2)}\n`);
        return;
      }
      const { reportText } = await import('../analyze/report.ts');
      process.stdout.write(reportText(analysis.summary, analysis.facts, process.stdout, process.env));
    });
};

function wholeNumber(text: string): number {
  if (!/^\d{1,4}$/.test(text)) throw new InvalidArgumentError('A whole number from 0 to 9999 is needed.');
  return Number(text);
}
