import { Option } from 'commander';
import { describeError } from '@spoor/base';
import type { CrashResult } from '@spoor/sessiond';
import type { CommandContext, RegisterCommand } from './register-command.ts';

interface CrashFlags {
  readonly extract?: string;
  readonly output?: string;
  readonly viewer?: string;
  /** How often `--verbose` was given. */
  readonly verbose: number;
}

export const registerCrash: RegisterCommand = (program, context) => {
  program
    .command('crash')
    .description('Read what killed programs left in their rings: show the events, or write a trace.')
    .argument('<dir>', 'run directory, or that of one recording or process in it, or a copy of such')
    .option('-x, --extract <dir>', 'write a trace there (new or empty), and do not show the events')
    .addOption(new Option('-o, --output <dir>', 'the same as --extract').conflicts('extract'))
    .option(
      '-e, --viewer <command>',
      'have this command show the events, which is given the directory of the trace last',
    )
    .addOption(
      new Option('-v, --verbose', 'tell of each process and ring; given twice, of each packet')
        .argParser((_, before: number) => before + 1)
        .default(0, 'nothing of them'),
    )
    .addHelpText(
      'after',
      '\nNothing in DIR is changed. Events that are in the trace of the recording already are left out.\nThe exit status is 1 if something of it could not be read.',
    )
    .action(async (directory: string, flags: CrashFlags) => {
      const kept = flags.extract ?? flags.output;
      if (kept !== undefined) await extract(directory, kept, true, flags.verbose, context);
      else await show(directory, flags, context);
    });
};

/** Writes the trace, and tells what of it could not be. */
async function extract(
  directory: string,
  output: string,
  isKept: boolean,
  verbosity: number,
  context: CommandContext,
): Promise<CrashResult> {
  const { extractCrash } = await import('@spoor/sessiond');
  const { describeCrash, describeStep } = await import('../crash-summary.ts');
  const result = extractCrash(directory, output, (step) => {
    if (verbosity > (step.kind === 'packet' ? 1 : 0)) process.stderr.write(describeStep(step));
  });
  for (const error of result.errors) process.stderr.write(`spoor: ${error}\n`);
  context.exitStatus = result.errors.length === 0 ? 0 : 1;
  if (isKept) process.stderr.write(describeCrash(result, true));
  return result;
}

/** Shows the events of a trace that is there for so long. */
async function show(directory: string, flags: CrashFlags, context: CommandContext): Promise<void> {
  const { mkdtempSync, rmSync } = await import('node:fs');
  const { tmpdir } = await import('node:os');
  const { join } = await import('node:path');
  const scratch = mkdtempSync(join(tmpdir(), 'spoor-crash-'));
  // An interrupted command leaves nothing behind either.
  const remove = (): void => rmSync(scratch, { recursive: true, force: true });
  process.once('exit', remove);
  const end = (): never => process.exit(130);
  process.once('SIGINT', end).once('SIGTERM', end);
  try {
    const result = await extract(directory, scratch, false, flags.verbose, context);
    if (result.totals.packetCount > 0) {
      const status = await showTrace(scratch, flags.viewer);
      if (status !== 0) context.exitStatus = status;
    }
    const { describeCrash } = await import('../crash-summary.ts');
    process.stderr.write(describeCrash(result, false));
  } catch (error) {
    process.stderr.write(`spoor: ${describeError(error)}\n`);
    context.exitStatus = 1;
  } finally {
    process.off('SIGINT', end).off('SIGTERM', end).off('exit', remove);
    remove();
  }
}

async function showTrace(directory: string, viewer: string | undefined): Promise<number> {
  if (viewer !== undefined) {
    const { showBy } = await import('../show-by.ts');
    return showBy(viewer, [directory]);
  }
  const { convert } = await import('../convert/convert.ts');
  return await convert([directory], {}, { parameters: [] });
}
