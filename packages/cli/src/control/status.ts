import type { RegisterCommand } from '../commands/register-command.ts';
import { noMiSessions, onControl } from './verb.ts';

/** `status`: shows the current session, and what it loses. */
export const registerStatus: RegisterCommand = (program, context) => {
  const command = program
    .command('status')
    .description('Show the current session: what it records, how full its buffers are, what was lost.');
  onControl(
    command,
    context,
    async (client) => {
      const { sessionNamed } = await import('./current-session.ts');
      const { sessionText } = await import('./session-text.ts');
      const name = sessionNamed(undefined);
      const { session } = await client.call('get-session', { session: name });
      const usage = await client.call('get-usage', { session: name });
      const mi = async () => {
        const { domainsWithChannels, sessionElement, sessionsElement } =
          await import('../lttng/mi-session.ts');
        return sessionsElement([sessionElement(session, domainsWithChannels(usage))]);
      };
      return { json: { session, usage }, text: sessionText(session, usage), mi };
    },
    { command: 'list', saysSuccess: false, failed: noMiSessions },
  );
};
