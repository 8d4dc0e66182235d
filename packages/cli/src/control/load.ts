import type { ControlClient, SavedSession, Session } from '@spoor/control';
import type { RegisterCommand } from '../commands/register-command.ts';
import { onControl } from './verb.ts';

interface LoadOptions {
  readonly all?: true;
  readonly force?: true;
  readonly inputPath?: string;
  readonly overrideName?: string;
  readonly overrideUrl?: string;
}

/** `load`: makes sessions of what `save` wrote. */
export const registerLoad: RegisterCommand = (program, context) => {
  const command = program
    .command('load')
    .description(
      'Make sessions of files that spoor save or lttng save wrote; those that recorded then record at once.',
    )
    .argument('[session]', 'the session; all by default')
    .option('-a, --all', 'all sessions')
    .option('-f, --force', 'sessions of the same names give way')
    .option('-i, --input-path <path>', 'file, or directory of files (default: ~/.spoor/sessions)')
    .option('--override-name <name>', 'name of the session, in place of the saved one')
    .option('--override-url <url>', 'place of the traces, in place of the saved one');
  onControl<LoadOptions>(
    command,
    context,
    async (client, options, [name]) => {
      const { loadSessions } = await import('./saved-sessions.ts');
      const { readOutput } = await import('./output-url.ts');
      const { setCurrentSession } = await import('./current-session.ts');
      const { saved, warnings } = await loadSessions(
        options.inputPath,
        options.all === true ? undefined : name,
        {
          ...(options.overrideName === undefined ? {} : { name: options.overrideName }),
          ...(options.overrideUrl === undefined ? {} : { output: readOutput(options.overrideUrl) }),
        },
      );
      const loaded = await restoreAll(client, saved, options.force === true);
      const last = loaded.at(-1);
      if (last !== undefined) setCurrentSession(last.name);
      return {
        json: { sessions: loaded },
        text: loaded.map((session) => `Session ${session.name} has been loaded successfully\n`).join(''),
        warnings,
        mi: () => loadElement(options, [name]),
      };
    },
    { failed: loadElement },
  );
};

/** Makes all the sessions, or none: what was made before one is refused is taken back. */
async function restoreAll(
  client: ControlClient,
  saved: readonly SavedSession[],
  force: boolean,
): Promise<readonly Session[]> {
  const loaded: Session[] = [];
  try {
    for (const session of saved) {
      loaded.push((await client.call('restore-session', { session, force })).session);
    }
  } catch (error) {
    for (const { name } of loaded) await client.call('destroy-session', { session: name });
    throw error;
  }
  return loaded;
}

async function loadElement(options: LoadOptions, [name]: readonly (string | undefined)[]) {
  const { savedPath } = await import('./saved-sessions.ts');
  const { sessionState } = await import('../lttng/mi-session.ts');
  const { element } = await import('../lttng/xml.ts');
  const { overrideName, overrideUrl } = options;
  return element('load', [
    sessionState(name ?? '*'),
    element('path', savedPath(options.inputPath)),
    element('overrides', [
      overrideName === undefined ? undefined : element('name', overrideName),
      overrideUrl === undefined ? undefined : element('url', overrideUrl),
    ]),
  ]);
}
