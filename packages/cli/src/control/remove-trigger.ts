import type { RegisterCommand } from '../commands/register-command.ts';
import { onControl } from './verb.ts';

/** `remove-trigger`: takes a trigger away. */
export const registerRemoveTrigger: RegisterCommand = (program, context) => {
  const command = program
    .command('remove-trigger')
    .description('Remove a trigger.')
    .argument('<trigger>', 'its name');
  onControl(
    command,
    context,
    async (client, options, [name = '']) => {
      const all = options.mi === undefined ? [] : (await client.call('list-triggers', {})).triggers;
      const trigger = all.find((own) => own.name === name);
      await client.call('remove-trigger', { name });
      const mi = async () => trigger && (await import('../lttng/mi-trigger.ts')).triggerElement(trigger);
      return { json: { removed: name }, text: `Removed trigger \`${name}\`.\n`, mi };
    },
    {},
  );
};
