/** Verbs that do the same with each of the sessions that are meant: one, the current one, those of a pattern or all. */
import type { Command } from 'commander';
import type { ControlClient } from '@spoor/control';
import type { CommandContext } from '../commands/register-command.ts';
import type { OfSession } from './each-session.ts';
import {
  type SessionsOptions,
  type VerbOptions,
  type VerbWork,
  addSessionsOptions,
  noMiSessions,
  onControl,
} from './verb.ts';

/** Adds what says which sessions are meant to a verb, and has it run by `work`, once for each of them; answers all of it. */
export function onSessions<Options extends SessionsOptions>(
  command: Command,
  context: CommandContext,
  work: (client: ControlClient, session: string, options: Options & VerbOptions) => Promise<OfSession>,
): VerbWork<Options> {
  return onControl<Options>(
    addSessionsOptions(command.argument('[session]', 'the session; the current one by default')),
    context,
    async (client, options, [name]) => {
      const { sessionsNamed } = await import('./current-session.ts');
      const { eachSession } = await import('./each-session.ts');
      const names = await sessionsNamed(client, name, options);
      return eachSession(names, (session) => work(client, session, options));
    },
    { failed: noMiSessions },
  );
}
