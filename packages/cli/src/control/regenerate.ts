import type { RegisterCommand } from '../commands/register-command.ts';
import type { XmlElement } from '../lttng/xml.ts';
import { type MiForm, addSessionOption, onControl } from './verb.ts';

async function actionElement(action: string): Promise<XmlElement> {
  const { element } = await import('../lttng/xml.ts');
  return element('regenerate_action', [element('name', action)]);
}

function miForm(action: string): MiForm<object> {
  return { command: 'regenerate', failed: () => actionElement(action) };
}

/** `regenerate`: has metadata or the state of programs written anew. */
export const registerRegenerate: RegisterCommand = (program, context) => {
  const regenerate = program
    .command('regenerate')
    .description('Have something of a session written anew.')
    .helpCommand(false);
  const metadata = regenerate
    .command('metadata')
    .description('Write the metadata anew, with the clock as it is set now.');
  onControl<{ readonly session?: string }>(
    addSessionOption(metadata),
    context,
    async (client, options) => {
      const { sessionNamed } = await import('./current-session.ts');
      const session = sessionNamed(options.session);
      const { warnings } = await client.call('regenerate-metadata', { session });
      return {
        json: { session },
        text: `Metadata successfully regenerated for session ${session}\n`,
        warnings,
        mi: () => actionElement('metadata'),
      };
    },
    miForm('metadata'),
  );
  const statedump = regenerate
    .command('statedump')
    .description('Have programs tell again what they told at their begin.');
  onControl<{ readonly session?: string }>(
    addSessionOption(statedump),
    context,
    async (client, options) => {
      const { sessionNamed } = await import('./current-session.ts');
      const session = sessionNamed(options.session);
      const { warnings } = await client.call('regenerate-statedump', { session });
      return {
        json: { session },
        text: `State dump successfully regenerated for session ${session}\n`,
        warnings,
        mi: () => actionElement('statedump'),
      };
    },
    miForm('statedump'),
  );
};
