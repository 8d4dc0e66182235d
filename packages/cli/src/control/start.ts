import type { RegisterCommand } from '../commands/register-command.ts';
import { onSessions } from './sessions-verb.ts';

/** `start`: has sessions record. */
export const registerStart: RegisterCommand = (program, context) => {
  const command = program.command('start').description('Start recording.');
  onSessions(command, context, async (client, session) => {
    const { warnings } = await client.call('start-session', { session });
    return {
      json: {},
      text: `Tracing started for session ${session}\n`,
      warnings,
      mi: async () => (await import('../lttng/mi-session.ts')).sessionState(session, true),
    };
  });
};
