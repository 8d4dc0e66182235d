import { Argument, Option } from 'commander';
import type { NameKind } from '../completion/table.ts';
import type { RegisterCommand } from './register-command.ts';

/** `completion`: a script by which a shell completes words after `spoor`. */
export const registerCompletion: RegisterCommand = (program) => {
  program
    .command('completion')
    .description('Print the script by which a shell completes words after spoor.')
    .addArgument(new Argument('<shell>', 'the shell').choices(['bash', 'zsh']))
    .addOption(
      new Option('--names <kind>', 'print names that the session daemon knows, for the script').choices([
        'sessions',
        'channels',
        'events',
        'triggers',
      ]),
    )
    .action(async (shell: string, { names }: { readonly names?: NameKind }) => {
      if (names !== undefined) {
        const { knownNames } = await import('../control/known-names.ts');
        process.stdout.write((await knownNames(names)).map((name) => `${name}\n`).join(''));
        return;
      }
      const { completionScript } = await import('../completion/script.ts');
      process.stdout.write(completionScript(program, shell === 'zsh' ? 'zsh' : 'bash'));
    });
};
