import type { RegisterCommand } from '../commands/register-command.ts';
import { type SessionsOptions, addSessionsOptions, noMiSessions, onControl } from './verb.ts';

/** `clear`: forgets what was recorded of the current chunk. */
export const registerClear: RegisterCommand = (program, context) => {
  const command = program
    .command('clear')
    .description('Remove what a session has recorded, but for archived trace chunks; it goes on recording.')
    .argument('[session]', 'the session; the current one by default');
  onControl<SessionsOptions>(
    addSessionsOptions(command),
    context,
    async (client, options, [name]) => {
      const { sessionsNamed } = await import('./current-session.ts');
      const { eachSession } = await import('./each-session.ts');
      return eachSession(await sessionsNamed(client, name, options), async (session) => {
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
    },
    { failed: noMiSessions },
  );
};
