import type { RegisterCommand } from '../commands/register-command.ts';
import { onControl } from './verb.ts';

/** `remove-trigger`: takes a trigger away. */
export const registerRemoveTrigger: RegisterCommand = (program, context) => {
  const command = program
    .command('remove-trigger')
    .description('Remove a trigger.')
    .argument('<trigger>', 'its name');
  onControl(command, context, async (client, _, [name = '']) => {
    await client.call('remove-trigger', { name });
    return { json: { removed: name }, text: `Removed trigger \`${name}\`.\n` };
  });
};
