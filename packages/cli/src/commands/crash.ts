import { describeError } from '@spoor/base';
import type { RegisterCommand } from './register-command.ts';

interface CrashFlags {
  readonly output?: string;
}

export const registerCrash: RegisterCommand = (program, context) => {
  program
    .command('crash')
    .description('Read what killed programs left in their rings: print the events, or write a trace.')
    .argument('<dir>', 'run directory, or that of one recording or process in it, or a copy of such')
    .option('-o, --output <dir>', 'write a trace there (new or empty) instead of printing the events')
    .addHelpText(
      'after',
      '\nNothing in DIR is changed. Events that are in the trace of the recording already are left out.\nThe exit status is 1 if something of it could not be read.',
    )
    .action(async (directory: string, flags: CrashFlags) => {
      const { extractCrash } = await import('@spoor/sessiond');
      const { describeCrash } = await import('../crash-summary.ts');
      if (flags.output !== undefined) {
        const result = extractCrash(directory, flags.output);
        for (const error of result.errors) process.stderr.write(`spoor: ${error}\n`);
        process.stderr.write(describeCrash(result, true));
        context.exitStatus = result.errors.length === 0 ? 0 : 1;
        return;
      }
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
        const result = extractCrash(directory, scratch);
        for (const error of result.errors) process.stderr.write(`spoor: ${error}\n`);
        context.exitStatus = result.errors.length === 0 ? 0 : 1;
        if (result.totals.packetCount > 0) {
          const { convert } = await import('../convert/convert.ts');
          const status = await convert([scratch], {}, { parameters: [] });
          if (status !== 0) context.exitStatus = status;
        }
        process.stderr.write(describeCrash(result, false));
      } catch (error) {
        process.stderr.write(`spoor: ${describeError(error)}\n`);
        context.exitStatus = 1;
      } finally {
        process.off('SIGINT', end).off('SIGTERM', end).off('exit', remove);
        remove();
      }
    });
};
