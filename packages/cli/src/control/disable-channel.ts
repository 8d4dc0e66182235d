import type { RegisterCommand } from '../commands/register-command.ts';
import {
  type DomainOptions,
  addDomainOptions,
  addSessionOption,
  commaWords,
  domainOf,
  onControl,
} from './verb.ts';

interface DisableChannelOptions extends DomainOptions {
  readonly session?: string;
}

/** `disable-channel`: has channels record nothing until they are enabled again. */
export const registerDisableChannel: RegisterCommand = (program, context) => {
  const command = program
    .command('disable-channel')
    .description('Have channels record nothing until they are enabled again.')
    .argument('<channels>', 'their names, separated by commas');
  addSessionOption(addDomainOptions(command));
  onControl<DisableChannelOptions>(command, context, async (client, options, [names = '']) => {
    const { sessionNamed } = await import('./current-session.ts');
    const session = sessionNamed(options.session);
    const domain = domainOf(options);
    const channels = commaWords(names);
    for (const channel of channels) await client.call('disable-channel', { session, domain, channel });
    const kind = domain === 'user' ? 'ust' : 'kernel';
    return {
      json: { session, channels },
      text: channels.map((name) => `${kind} channel ${name} disabled for session ${session}\n`).join(''),
    };
  });
};
