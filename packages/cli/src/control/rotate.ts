import type { RegisterCommand } from '../commands/register-command.ts';
import { onControl } from './verb.ts';

/** `rotate`: archives the current trace chunk. */
export const registerRotate: RegisterCommand = (program, context) => {
  const command = program
    .command('rotate')
    .description('Archive the current trace chunk of a session, which goes on recording.')
    .argument('[session]', 'the session; the current one by default')
    .option('-n, --no-wait', 'do not wait until the chunk is archived');
  onControl<{ readonly wait: boolean }>(
    command,
    context,
    async (client, { wait }, [name]) => {
      const { sessionNamed } = await import('./current-session.ts');
      const session = sessionNamed(name);
      const rotation = await client.call('rotate-session', { session, wait });
      const text =
        rotation.state === 'archived'
          ? `Trace chunk archive for session ${session} is now readable at ${rotation.path}\n`
          : `Rotation of session ${session} has begun\n`;
      const mi = async () => {
        const { rotationElement } = await import('../lttng/mi-session.ts');
        return rotationElement(session, rotation);
      };
      return { json: { session, ...rotation }, text, mi };
    },
    {},
  );
};
