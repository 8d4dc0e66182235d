import { Argument } from 'commander';
import type { RegisterCommand } from './register-command.ts';

/** `completion`: a script by which a shell completes words after `spoor`. */
export const registerCompletion: RegisterCommand = (program) => {
  program
    .command('completion')
    .description('Print the script by which a shell completes words after spoor.')
    .addArgument(new Argument('<shell>', 'the shell').choices(['bash', 'zsh']))
    .action(async (shell: string) => {
      const { completionScript } = await import('../completion/script.ts');
      process.stdout.write(completionScript(program, shell === 'zsh' ? 'zsh' : 'bash'));
    });
};
