import { InvalidArgumentError, Option } from 'commander';
import { describeError } from '@spoor/base';
import type { RegisterCommand } from '../commands/register-command.ts';
import type { SortKey } from '../top/top-table.ts';
import { addSessionOption } from './verb.ts';

interface TopVerbOptions {
  readonly session?: string;
  readonly delay: string;
  readonly iterations?: number;
  readonly once?: true;
  readonly sortBy: SortKey;
  readonly json?: true;
}

/** The names of `SORT_KEYS`, which is loaded when the verb runs. */
const sortKeys: readonly SortKey[] = ['throughput', 'events', 'lost', 'used', 'name'];

function count(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError('A number from 1 is needed.');
  return Number(text);
}

/** `top`: shows what sessions do, again and again. */
export const registerTop: RegisterCommand = (program, context) => {
  const command = program
    .command('top')
    .description('Show throughput, losses and buffer use of each channel and process, again and again.');
  addSessionOption(command)
    .option('-d, --delay <time>', 'how often: microseconds, or with a suffix us, ms, s, m, h', '1s')
    .addOption(new Option('-n, --iterations <count>', 'show it so often and end').argParser(count))
    .option('--once', 'the same as --iterations 1')
    .addOption(new Option('--sort-by <key>', 'which rows come first').choices(sortKeys).default('throughput'))
    .option('--json', 'print a line of JSON each time')
    .addHelpText(
      'after',
      '\nWithout --session it shows all sessions. On a terminal keys choose the order, and q ends it; elsewhere each\ntable is plain text. Below it stands what sizes channels should have, from what was seen since the start.',
    )
    .action(async (options: TopVerbOptions) => {
      const { connectToDaemon } = await import('./run-verb.ts');
      const { readMicroseconds } = await import('./values.ts');
      const { runTop } = await import('../top/run-top.ts');
      try {
        const intervalMs = Math.max(10, readMicroseconds('--delay', options.delay) / 1000);
        const times = options.once === true ? 1 : options.iterations;
        using client = await connectToDaemon(true);
        await runTop(client, {
          ...(options.session === undefined ? {} : { session: options.session }),
          intervalMs,
          ...(times === undefined ? {} : { count: times }),
          sortKey: options.sortBy,
          isJson: options.json === true,
        });
      } catch (error) {
        process.stderr.write(`spoor: ${describeError(error)}\n`);
        context.exitStatus = 1;
      }
    });
};
