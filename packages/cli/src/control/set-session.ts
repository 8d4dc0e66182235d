import type { RegisterCommand } from '../commands/register-command.ts';
import { onControl } from './verb.ts';

/** `set-session`: chooses the current session. */
export const registerSetSession: RegisterCommand = (program, context) => {
  const command = program
    .command('set-session')
    .description('Choose the session that verbs mean when none is named.')
    .argument('<session>', 'its name');
  onControl(
    command,
    context,
    async (client, _options, [name = '']) => {
      const { session } = await client.call('get-session', { session: name });
      const { setCurrentSession } = await import('./current-session.ts');
      setCurrentSession(session.name);
      const mi = async () => {
        const { sessionState, sessionsElement } = await import('../lttng/mi-session.ts');
        return sessionsElement([sessionState(session.name)]);
      };
      return { json: { session: session.name }, text: `Session set to ${session.name}\n`, mi };
    },
    {},
  );
};
