import { Option } from 'commander';
import type { RegisterCommand } from '../commands/register-command.ts';
import { parseCount } from './map-options.ts';

/** What `listen` is told. */
export interface ListenOptions {
  readonly json?: true;
  readonly sessiond: boolean;
  readonly trigger?: readonly string[];
  readonly count?: number;
}

/** `listen`: prints what triggers tell, as it happens. */
export const registerListen: RegisterCommand = (program, context) => {
  const command = program
    .command('listen')
    .description('Print notifications of triggers as they come, until Ctrl-C.')
    .option('--trigger <names...>', 'only of these triggers')
    .addOption(new Option('--count <n>', 'end after so many').argParser(parseCount))
    .option('--json', 'print each as a line of JSON')
    .option('--no-sessiond', 'do not start a session daemon when none runs');
  command.action(async () => {
    const { listen } = await import('./listening.ts');
    context.exitStatus = await listen(command.opts<ListenOptions>());
  });
};
