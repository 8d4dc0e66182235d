import type { RegisterCommand } from '../commands/register-command.ts';
import { onSessions } from './sessions-verb.ts';
import type { SessionsOptions } from './verb.ts';

interface StopOptions extends SessionsOptions {
  /** False for `--no-wait`. */
  readonly wait: boolean;
}

/** `stop`: has sessions record no more; they can be started again. */
export const registerStop: RegisterCommand = (program, context) => {
  const command = program
    .command('stop')
    .description('Stop recording, and wait until what was recorded is written.')
    .option('-n, --no-wait', 'do not wait until programs have handed over their last events');
  onSessions<StopOptions>(command, context, async (client, session, options) => {
    const { countersText, lossesText } = await import('./session-text.ts');
    const { losses, counters, warnings } = await client.call('stop-session', { session, wait: options.wait });
    const text = `${lossesText(losses)}${countersText(counters)}Tracing stopped for session ${session}\n`;
    const mi = async () => (await import('../lttng/mi-session.ts')).sessionState(session, false);
    return { json: { losses, counters }, text, warnings, mi };
  });
};
