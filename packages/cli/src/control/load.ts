import type { ControlClient, SavedSession, Session } from '@spoor/control';
import type { RegisterCommand } from '../commands/register-command.ts';
import { onControl } from './verb.ts';

interface LoadOptions {
  readonly all?: true;
  readonly force?: true;
  readonly inputPath?: string;
  readonly overrideName?: string;
  readonly overrideUrl?: string;
  /** False for `--no-triggers`. */
  readonly triggers: boolean;
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
    .option('--no-triggers', 'leave out counter maps and triggers')
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
      const wanted = options.triggers ? saved : saved.map(withoutTriggers);
      const { loaded, warnings: ours } = await restoreAll(client, wanted, options.force === true);
      const last = loaded.at(-1);
      if (last !== undefined) setCurrentSession(last.name);
      return {
        json: { sessions: loaded },
        text: loaded.map((session) => `Session ${session.name} has been loaded successfully\n`).join(''),
        warnings: [...warnings, ...ours],
        mi: () => loadElement(options, [name]),
      };
    },
    { failed: loadElement },
  );
};

function withoutTriggers(saved: SavedSession): SavedSession {
  return { ...saved, maps: [], triggers: [] };
}

/** Makes all the sessions, or none: what was made before one is refused is taken back. */
async function restoreAll(
  client: ControlClient,
  saved: readonly SavedSession[],
  force: boolean,
): Promise<{ readonly loaded: readonly Session[]; readonly warnings: readonly string[] }> {
  const loaded: Session[] = [];
  const warnings: string[] = [];
  try {
    for (const session of saved) {
      const done = await client.call('restore-session', { session, force });
      loaded.push(done.session);
      warnings.push(...done.warnings);
    }
  } catch (error) {
    for (const { name } of loaded) await client.call('destroy-session', { session: name });
    throw error;
  }
  return { loaded, warnings };
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
