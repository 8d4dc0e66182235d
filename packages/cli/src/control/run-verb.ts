import { SpoorError, describeError } from '@spoor/base';
import { ControlClient, toWireError } from '@spoor/control';
import type { MiElement, VerbOptions, VerbOutcome } from './verb.ts';
import { WARNED_STATUS } from './verb.ts';

/**
 * A connection to the session daemon of this user, which is started if there is none and it may be.
 * @param group that may control root's daemon, if it is started; `tracing` by default.
 */
export async function connectToDaemon(isStarted: boolean, group?: string): Promise<ControlClient> {
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
  const pid = await startDaemon({
    environment: process.env,
    ...(group === undefined ? {} : { group }),
  });
  const connected = await ControlClient.connect({ client });
  if (pid === undefined) return connected;
  const { loadAtStart } = await import('./load-at-start.ts');
  for (const line of await loadAtStart(connected, undefined)) process.stderr.write(`spoor: ${line}\n`);
  return connected;
}

/** How a verb appears in LTTng's machine interface. */
export interface MiDocumentForm {
  readonly command: string;
  readonly saysSuccess: boolean;
  readonly failed: () => MiElement;
}

/**
 * Runs a verb and prints what came of it.
 * @param form for `--mi`; undefined where LTTng's schema has no such command.
 * @returns the exit status.
 */
export function runVerb(
  options: VerbOptions,
  form: MiDocumentForm | undefined,
  work: (client: ControlClient) => Promise<VerbOutcome>,
): Promise<number> {
  return runWithout(options, form, async () => {
    using client = await connectToDaemon(options.sessiond, options.group);
    return await work(client);
  });
}

/** Runs what needs no session daemon, and prints what came of it as {@link runVerb} does. */
export async function runWithout(
  options: VerbOptions,
  form: MiDocumentForm | undefined,
  work: () => Promise<VerbOutcome>,
): Promise<number> {
  const tell = (line: string): void => {
    if (options.quiet !== true) process.stderr.write(`spoor: ${line}\n`);
  };
  const mi = options.mi === undefined ? undefined : form;
  if (options.mi !== undefined && mi === undefined) tell('--mi does not apply to this verb');
  try {
    const outcome = await work();
    const { warnings = [], errors = [], isWarned = false } = outcome;
    for (const warning of warnings) tell(warning);
    for (const error of errors) tell(describeError(error));
    if (mi !== undefined) await printMi(mi, !isWarned && errors.length === 0, await outcome.mi?.());
    else if (options.json === true) print(`${JSON.stringify(jsonOf(outcome), null, 2)}\n`);
    else if (options.quiet !== true) print(outcome.text);
    if (errors.length > 0) return 1;
    return isWarned ? WARNED_STATUS : 0;
  } catch (error) {
    if (mi !== undefined) await printMi(mi, false, await failedElement(mi));
    else if (options.json === true && error instanceof SpoorError) {
      const { code, message, where, hint } = error;
      print(`${JSON.stringify({ error: { code, message, where, hint } }, null, 2)}\n`);
    }
    tell(describeError(error));
    return 1;
  }
}

/** What is in the document of a verb that failed; nothing where the options themselves are at fault. */
async function failedElement({ failed }: MiDocumentForm): Promise<Awaited<MiElement>> {
  try {
    return await failed();
  } catch {
    return undefined;
  }
}

async function printMi(form: MiDocumentForm, isSuccess: boolean, output: Awaited<MiElement>): Promise<void> {
  const { miDocument } = await import('../lttng/mi-document.ts');
  const { command, saysSuccess } = form;
  print(miDocument({ command, output, ...(saysSuccess ? { isSuccess } : {}) }));
}

/** What `--json` prints; of things that failed the first error beside what was done, and all of them if they are several. */
function jsonOf({ json, errors = [] }: VerbOutcome): unknown {
  if (errors.length === 0) return json;
  const [error, ...others] = errors.map(toWireError);
  return { ...(json as object), error, ...(others.length === 0 ? {} : { errors: [error, ...others] }) };
}

/** Writes to standard output, which is synchronous; a reader that leaves early (`| head`) has seen enough. */
function print(text: string): void {
  process.stdout.on('error', () => undefined);
  process.stdout.write(text);
}
