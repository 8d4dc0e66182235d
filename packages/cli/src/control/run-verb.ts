import { SpoorError, describeError } from '@spoor/base';
import { ControlClient } from '@spoor/control';
import type { VerbOptions, VerbOutcome } from './verb.ts';
import { WARNED_STATUS } from './verb.ts';

/** A connection to the session daemon of this user, which is started if there is none and it may be. */
export async function connectToDaemon(isStarted: boolean): Promise<ControlClient> {
  const client = `spoor ${process.pid}`;
  try {
    return await ControlClient.connect({ client });
  } catch (error) {
    if (!(error instanceof SpoorError) || error.code !== 'control/unreachable') throw error;
    if (!isStarted) {
      throw new SpoorError('control/unreachable', 'no session daemon runs', {
        where: error.where,
        hint: 'spoor sessiond --daemonize starts one',
        cause: error.cause,
      });
    }
  }
  const { startDaemon } = await import('@spoor/sessiond');
  await startDaemon({ environment: process.env });
  return ControlClient.connect({ client });
}

/**
 * Runs a verb and prints what came of it.
 * @returns the exit status.
 */
export async function runVerb(
  options: VerbOptions,
  work: (client: ControlClient) => Promise<VerbOutcome>,
): Promise<number> {
  try {
    using client = await connectToDaemon(options.sessiond);
    const { json, text, warnings = [], isWarned = false } = await work(client);
    for (const warning of warnings) process.stderr.write(`spoor: ${warning}\n`);
    print(options.json === true ? `${JSON.stringify(json, null, 2)}\n` : text);
    return isWarned ? WARNED_STATUS : 0;
  } catch (error) {
    if (options.json === true && error instanceof SpoorError) {
      const { code, message, where, hint } = error;
      print(`${JSON.stringify({ error: { code, message, where, hint } }, null, 2)}\n`);
    }
    process.stderr.write(`spoor: ${describeError(error)}\n`);
    return 1;
  }
}

/** Writes to standard output, which is synchronous; a reader that leaves early (`| head`) has seen enough. */
function print(text: string): void {
  process.stdout.on('error', () => undefined);
  process.stdout.write(text);
}
