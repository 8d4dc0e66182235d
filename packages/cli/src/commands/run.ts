import type { Command } from 'commander';
import type { RegisterCommand } from './register-command.ts';
import { addComponentOptions, collect, type NamedComponent } from './component-options.ts';
import { addGeneralOptions, type GeneralOptions } from './general-options.ts';

/** What `run` is told. */
export interface RunOptions extends GeneralOptions {
  readonly component?: readonly NamedComponent[];
  readonly connect?: readonly string[];
  /** Milliseconds. */
  readonly retryDuration?: number;
}

/** `run`: a graph that is written out, as babeltrace2's command has it. */
export const registerRun: RegisterCommand = (program, context) => {
  const command = program
    .command('run')
    .description('Run a graph of components that is written out.')
    .option(
      '-x, --connect <connection>',
      'join components: NAME[.PORT]:NAME[.PORT], with * for any text',
      collect,
    );
  addComponentOptions(command);
  addGeneralOptions(command, false);
  command.action(async (_: unknown, self: Command) => {
    const { runCommand } = await import('../convert/run-command.ts');
    context.exitStatus = await runCommand(self.optsWithGlobals<RunOptions>());
  });
};
