import type { RegisterCommand } from '../commands/register-command.ts';
import { onSessions } from './sessions-verb.ts';
import type { SessionsOptions } from './verb.ts';

interface DestroyOptions extends SessionsOptions {
  /** False for `--no-wait`. */
  readonly wait: boolean;
}

/** `destroy`: ends sessions; their traces stay. */
export const registerDestroy: RegisterCommand = (program, context) => {
  const command = program
    .command('destroy')
    .description('End a session: all that it recorded is written, its memory is free, its traces stay.')
    .option('-n, --no-wait', 'do not wait until programs have handed over their last events');
  onSessions<DestroyOptions>(command, context, async (client, session, options) => {
    const { countersText, lossesText } = await import('./session-text.ts');
    const { forgetCurrentSession } = await import('./current-session.ts');
    const before =
      options.mi === undefined ? undefined : (await client.call('get-session', { session })).session;
    const { losses, counters, path, warnings } = await client.call('destroy-session', {
      session,
      wait: options.wait,
    });
    forgetCurrentSession(session);
    const archived = path?.includes('/archives/') === true;
    const told = archived ? `Trace chunk archive for session ${session} is now readable at ${path}\n` : '';
    return {
      json: { losses, counters, ...(path === undefined ? {} : { path }) },
      text: `${lossesText(losses)}${countersText(counters)}${told}Session ${session} destroyed\n`,
      warnings,
      mi: async () => {
        const { sessionElement, sessionState } = await import('../lttng/mi-session.ts');
        return before === undefined ? sessionState(session) : sessionElement(before);
      },
    };
  });
};
