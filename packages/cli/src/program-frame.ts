/** What the command is with whichever of its verbs: its name, its version, the options before a verb, how it tells errors. */
import { createRequire } from 'node:module';
import { Command } from 'commander';
import { addGeneralOptions } from './commands/general-options.ts';
import type { CommandContext, RegisterCommand } from './commands/register-command.ts';

const manifest = createRequire(import.meta.url)('../package.json') as { readonly version: string };

/** Version of Spoor. */
export const version: string = manifest.version;

/** Makes the `spoor` command of some verbs. */
export function programOf(commands: readonly RegisterCommand[], context: CommandContext): Command {
  const program = new Command('spoor');
  program
    .description('Record Node.js programs; read, convert and look at CTF traces.')
    .version(version, '-V, --version')
    .enablePositionalOptions()
    .helpCommand(false)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => {
        // Who closes the pipe (`spoor --help | head -1`) has seen enough.
        process.stdout.on('error', () => {});
        process.stdout.write(text);
      },
      outputError: (text, write) => {
        const [what = '', meant] = text
          .replace(/^error: /, '')
          .replace(/\.?\n$/, '')
          .split('\n(Did you mean ');
        // An error is one line.
        const hint =
          meant === undefined ? '--help tells how it is used' : `did you mean ${meant.replace(/\)$/, '')}`;
        write(`spoor: ${what} (${hint})\n`);
      },
    });
  addGeneralOptions(program, true);
  for (const register of commands) register(program, context);
  return program;
}
