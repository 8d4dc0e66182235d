import type { RegisterCommand } from '../commands/register-command.ts';
import { type SessionsOptions, addSessionsOptions, noMiSessions, onControl } from './verb.ts';

/** `start`: has sessions record. */
export const registerStart: RegisterCommand = (program, context) => {
  const command = program
    .command('start')
    .description('Start recording.')
    .argument('[session]', 'the session; the current one by default');
  onControl<SessionsOptions>(
    addSessionsOptions(command),
    context,
    async (client, options, [name]) => {
      const { sessionsNamed } = await import('./current-session.ts');
      const { eachSession } = await import('./each-session.ts');
      return eachSession(await sessionsNamed(client, name, options), async (session) => {
        const { warnings } = await client.call('start-session', { session });
        return {
          json: {},
          text: `Tracing started for session ${session}\n`,
          warnings,
          mi: async () => (await import('../lttng/mi-session.ts')).sessionState(session, true),
        };
      });
    },
    { failed: noMiSessions },
  );
};
