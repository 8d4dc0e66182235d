import type { RegisterCommand } from '../commands/register-command.ts';
import {
  type DomainOptions,
  addDomainOptions,
  addSessionOption,
  commaWords,
  domainOf,
  domainPrefix,
  noMi,
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
  onControl<DisableChannelOptions>(
    command,
    context,
    async (client, options, [names = '']) => {
      const { sessionNamed } = await import('./current-session.ts');
      const { eachName } = await import('./each-name.ts');
      const session = sessionNamed(options.session);
      const domain = domainOf(options);
      const channels = commaWords(names);
      const { all, errors } = await eachName(channels, (channel) =>
        client.call('disable-channel', { session, domain, channel }),
      );
      const done = all.filter(({ result }) => result !== undefined).map(({ name }) => name);
      const kind = domainPrefix(domain);
      return {
        json: { session, channels: done },
        text: done.map((name) => `${kind} channel ${name} disabled for session ${session}\n`).join(''),
        errors,
        mi: async () => {
          const { channelElement } = await import('../lttng/mi-session.ts');
          const { element } = await import('../lttng/xml.ts');
          return element(
            'channels',
            all.map(({ name, result }) => {
              const isSuccess = result !== undefined;
              return channelElement(name, !isSuccess, { isSuccess });
            }),
          );
        },
      };
    },
    { failed: () => noMi('channels') },
  );
};
