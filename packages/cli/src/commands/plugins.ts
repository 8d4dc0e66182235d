import type { Command } from 'commander';
import type { RegisterCommand } from './register-command.ts';
import { collect } from './component-options.ts';
import { addGeneralOptions, type GeneralOptions } from './general-options.ts';

/** `query`, `list-plugins` and `help NAME`, as babeltrace2's command has them. */
export const registerPlugins: RegisterCommand = (program, context) => {
  const query = program
    .command('query')
    .description('Ask a component class about something: babeltrace.trace-infos, babeltrace.support-info.')
    .argument('<class>', 'the component class, such as source.ctf.fs')
    .argument('<object>', 'what is asked for')
    .option('-p, --params <params>', 'parameters of the query', collect);
  addGeneralOptions(query, false);
  query.action(async (className: string, object: string, _: unknown, self: Command) => {
    const { query: answer } = await import('../convert/query.ts');
    const options = self.optsWithGlobals<GeneralOptions & { readonly params?: readonly string[] }>();
    context.exitStatus = await answer(className, object, options.params ?? [], options);
  });
  const list = program
    .command('list-plugins')
    .description('List the plug-ins and component classes that there are.');
  addGeneralOptions(list, false);
  list.action(async (_: unknown, self: Command) => {
    const { pluginList } = await import('../convert/plugins.ts');
    process.stdout.write(await pluginList(self.optsWithGlobals<GeneralOptions>()));
  });
  const help = program
    .command('help')
    .description('Tell of a command, a plug-in or a component class.')
    .argument('[name]');
  addGeneralOptions(help, false);
  help.action(async (name: string | undefined, _: unknown, self: Command) => {
    const command = program.commands.find((candidate) => candidate.name() === name);
    // A person at a terminal gets the manual page; scripts, and those of babeltrace2, the text.
    if (name !== undefined && program.name() === 'spoor' && process.stdout.isTTY) {
      const { showManualPage } = await import('./manual-page.ts');
      if (showManualPage(`spoor-${name}`)) return;
    }
    if (name === undefined || command !== undefined) {
      (command ?? program).outputHelp();
      return;
    }
    const { pluginHelp } = await import('../convert/plugins.ts');
    process.stdout.write(await pluginHelp(name, self.optsWithGlobals<GeneralOptions>()));
  });
};
