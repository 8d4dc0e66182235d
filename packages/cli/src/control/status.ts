import type { RegisterCommand } from '../commands/register-command.ts';
import { noMiSessions, onControl } from './verb.ts';

interface StatusOptions {
  readonly advice?: true;
}

/** How long it is watched for advice. */
const WATCHED_MS = 1000;

/** `status`: shows the current session, and what it loses. */
export const registerStatus: RegisterCommand = (program, context) => {
  const command = program
    .command('status')
    .description('Show the current session: what it records, how full its buffers are, what was lost.')
    .option('--advice', 'watch it for a second, and say what sizes its channels should have');
  onControl<StatusOptions>(
    command,
    context,
    async (client, options) => {
      const { sessionNamed } = await import('./current-session.ts');
      const { mapsAndTriggers, sessionText } = await import('./session-text.ts');
      const name = sessionNamed(undefined);
      const { session } = await client.call('get-session', { session: name });
      const usage = await client.call('get-usage', { session: name });
      const more = await mapsAndTriggers(client, name);
      const mi = async () => {
        const { domainsWithChannels, sessionElement, sessionsElement } =
          await import('../lttng/mi-session.ts');
        return sessionsElement([sessionElement(session, domainsWithChannels(usage))]);
      };
      const text = sessionText(session, usage, more);
      if (options.advice !== true) return { json: { session, usage, ...more }, text, mi };
      const { adviceOnSession, adviceText } = await import('../top/advice.ts');
      const advice = await adviceOnSession(client, { session, usage }, WATCHED_MS);
      const told =
        advice.length === 0 ? 'its channels are large enough for what was seen\n' : adviceText(advice);
      return { json: { session, usage, ...more, advice }, text: `${text}Advice:\n${told}`, mi };
    },
    { command: 'list', saysSuccess: false, failed: noMiSessions },
  );
};
