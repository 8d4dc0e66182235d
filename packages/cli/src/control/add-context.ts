import { SpoorError } from '@spoor/base';
import type { Domain } from '@spoor/control';
import type { RegisterCommand } from '../commands/register-command.ts';
import type { XmlElement } from '../lttng/xml.ts';
import {
  type DomainOptions,
  type VerbOutcome,
  addDomainOptions,
  addSessionOption,
  commaWords,
  domainOf,
  domainPrefix,
  noMi,
  onControl,
} from './verb.ts';

interface AddContextOptions extends DomainOptions {
  readonly session?: string;
  readonly channel?: string;
  readonly type?: readonly string[];
  readonly list?: true;
}

/** `add-context`: has events of channels carry more fields. */
export const registerAddContext: RegisterCommand = (program, context) => {
  const command = program
    .command('add-context')
    .description('Have the events of channels carry context fields.');
  addSessionOption(addDomainOptions(command))
    .option('-c, --channel <channel>', 'the channel; all of the domain by default')
    .option(
      '-t, --type <context>',
      'the context field, such as vpid or $app.shop:cart; may be repeated',
      (text: string, before: readonly string[] | undefined) => [...(before ?? []), ...commaWords(text)],
    )
    .option('--list', 'show the context fields that there are');
  onControl<AddContextOptions>(
    command,
    context,
    async (client, options) => {
      const { checkContexts } = await import('./values.ts');
      const { sessionNamed } = await import('./current-session.ts');
      const session = sessionNamed(options.session);
      const domain = domainOf(options);
      const types = options.type ?? [];
      if (types.length === 0) {
        throw new SpoorError('control/option', 'no context field is named', { hint: '-t NAME, or --list' });
      }
      const contexts = domain === 'user' ? checkContexts(types) : types;
      const { channel } = options;
      const { channels, warnings } = await client.call('add-context', {
        session,
        domain,
        ...(channel === undefined ? {} : { channel }),
        contexts,
      });
      const place = channel === undefined ? 'all channels' : `channel ${channel}`;
      const kind = domainPrefix(domain);
      return {
        json: { session, channels, contexts },
        text: contexts.map((name) => `${kind} context ${name} added to ${place}\n`).join(''),
        warnings,
        mi: () => contextsElement(contexts),
      };
    },
    { failed: () => noMi('contexts') },
    (options) => (options.list === true ? () => listed(domainOf(options)) : undefined),
  );
};

/** The context fields that there are, which nobody has to be asked for. */
async function listed(domain: Domain): Promise<VerbOutcome> {
  const contexts =
    domain === 'user'
      ? (await import('./values.ts')).allContexts
      : (await import('@spoor/kernel')).kernelContextNames;
  const text = contexts.map((name) => `${name}\n`).join('');
  return { json: { contexts }, text, mi: () => contextsElement(contexts) };
}

async function contextsElement(names: readonly string[]): Promise<XmlElement> {
  const { contextElement } = await import('../lttng/mi-session.ts');
  const { element } = await import('../lttng/xml.ts');
  return element('contexts', names.map(contextElement));
}
