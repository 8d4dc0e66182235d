import { InvalidArgumentError, Option } from 'commander';
import { SpoorError } from '@spoor/base';
import type { RegisterCommand } from '../commands/register-command.ts';
import { onControl } from './verb.ts';

interface RemoveTriggerOptions {
  readonly ownerUid?: number;
}

function userNumber(text: string): number {
  if (!/^\d{1,10}$/.test(text)) throw new InvalidArgumentError('The number of a user is needed.');
  return Number(text);
}

/** `remove-trigger`: takes a trigger away. */
export const registerRemoveTrigger: RegisterCommand = (program, context) => {
  const command = program
    .command('remove-trigger')
    .description('Remove a trigger.')
    .argument('<trigger>', 'its name')
    .addOption(new Option('--owner-uid <uid>', 'only if it is of this user').argParser(userNumber));
  onControl<RemoveTriggerOptions>(
    command,
    context,
    async (client, options, [name = '']) => {
      const { ownerUid, mi: format } = options;
      const isLookedUp = format !== undefined || ownerUid !== undefined;
      const all = isLookedUp ? (await client.call('list-triggers', {})).triggers : [];
      const trigger = all.find((own) => own.name === name);
      if (ownerUid !== undefined && trigger?.ownerUid !== ownerUid) {
        throw new SpoorError('trigger/unknown', `user ${ownerUid} has no trigger \`${name}\``, {
          hint: 'spoor list-triggers shows them',
        });
      }
      await client.call('remove-trigger', { name });
      const mi = async () => trigger && (await import('../lttng/mi-trigger.ts')).triggerElement(trigger);
      return { json: { removed: name }, text: `Removed trigger \`${name}\`.\n`, mi };
    },
    {},
  );
};
