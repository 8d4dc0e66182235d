import type { RegisterCommand } from '../main.ts';

/** `query`, `list-plugins` and `help NAME`, as babeltrace2's command has them. */
export const registerPlugins: RegisterCommand = (program, context) => {
  program
    .command('query')
    .description('Ask a source about traces: babeltrace.trace-infos, babeltrace.support-info.')
    .argument('<class>', 'the component class: source.ctf.fs')
    .argument('<object>', 'what is asked for')
    .option(
      '-p, --params <params>',
      'parameters of the query',
      (text: string, all: readonly string[] | undefined) => [...(all ?? []), text],
    )
    .action(async (className: string, object: string, options: { readonly params?: readonly string[] }) => {
      const { query } = await import('../convert/query.ts');
      context.exitStatus = query(className, object, options.params ?? []);
    });
  program
    .command('list-plugins')
    .description('List the component classes that there are.')
    .action(async () => {
      const { pluginList } = await import('../convert/plugins.ts');
      process.stdout.write(pluginList());
    });
  program
    .command('help')
    .description('Tell of a command, a plug-in or a component class.')
    .argument('[name]')
    .action(async (name: string | undefined) => {
      const command = program.commands.find((candidate) => candidate.name() === name);
      if (name === undefined || command !== undefined) {
        (command ?? program).outputHelp();
        return;
      }
      const { pluginHelp } = await import('../convert/plugins.ts');
      process.stdout.write(pluginHelp(name));
    });
};
