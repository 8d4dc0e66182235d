import type { RegisterCommand } from '../commands/register-command.ts';
import { onSessions } from './sessions-verb.ts';

/** `clear`: forgets what was recorded of the current chunk. */
export const registerClear: RegisterCommand = (program, context) => {
  const command = program
    .command('clear')
    .description('Remove what a session has recorded, but for archived trace chunks; it goes on recording.');
  onSessions(command, context, async (client, session, options) => {
    const { warnings } = await client.call('clear-session', { session });
    // The connection is closed when the document is made.
    const cleared =
      options.mi === undefined ? undefined : (await client.call('get-session', { session })).session;
    const mi = async () => {
      const { sessionElement, sessionState } = await import('../lttng/mi-session.ts');
      return cleared === undefined ? sessionState(session) : sessionElement(cleared);
    };
    return { json: {}, text: `Session "${session}" cleared\n`, warnings, mi };
  });
};
