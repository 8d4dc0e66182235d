import type { RegisterCommand } from '../commands/register-command.ts';
import { type SessionsOptions, addSessionsOptions, noMiSessions, onControl } from './verb.ts';

interface DestroyOptions extends SessionsOptions {
  /** False for `--no-wait`. */
  readonly wait: boolean;
}

/** `destroy`: ends sessions; their traces stay. */
export const registerDestroy: RegisterCommand = (program, context) => {
  const command = program
    .command('destroy')
    .description('End a session: all that it recorded is written, its memory is free, its traces stay.')
    .argument('[session]', 'the session; the current one by default')
    .option('-n, --no-wait', 'do not wait until programs have handed over their last events');
  onControl<DestroyOptions>(
    addSessionsOptions(command),
    context,
    async (client, options, [name]) => {
      const { forgetCurrentSession, sessionsNamed } = await import('./current-session.ts');
      const { eachSession } = await import('./each-session.ts');
      const { lossesText } = await import('./session-text.ts');
      return eachSession(await sessionsNamed(client, name, options), async (session) => {
        const before =
          options.mi === undefined ? undefined : (await client.call('get-session', { session })).session;
        const { losses, path, warnings } = await client.call('destroy-session', {
          session,
          wait: options.wait,
        });
        forgetCurrentSession(session);
        const archived = path?.includes('/archives/') === true;
        const told = archived
          ? `Trace chunk archive for session ${session} is now readable at ${path}\n`
          : '';
        return {
          json: { losses, ...(path === undefined ? {} : { path }) },
          text: `${lossesText(losses)}${told}Session ${session} destroyed\n`,
          warnings,
          mi: async () => {
            const { sessionElement, sessionState } = await import('../lttng/mi-session.ts');
            return before === undefined ? sessionState(session) : sessionElement(before);
          },
        };
      });
    },
    { failed: noMiSessions },
  );
};
