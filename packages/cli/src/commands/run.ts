import type { RegisterCommand } from '../main.ts';
import { addComponentOptions, type ComponentRequest } from './component-options.ts';

/** `run`: a graph that is written out, as babeltrace2's command has it. */
export const registerRun: RegisterCommand = (program, context) => {
  const command = program
    .command('run')
    .description('Run a graph of components that is written out.')
    .option(
      '-x, --connect <connection>',
      'join two components: NAME:NAME',
      (text, all: readonly string[] | undefined) => [...(all ?? []), text],
    )
    .option('--retry-duration <us>', 'accepted');
  addComponentOptions(command, true).action(
    async (options: { component?: readonly ComponentRequest[]; connect?: readonly string[] }) => {
      const { runGraph } = await import('../convert/run-graph.ts');
      context.exitStatus = await runGraph(options.component ?? [], options.connect ?? []);
    },
  );
};
