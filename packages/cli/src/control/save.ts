import type { RegisterCommand } from '../commands/register-command.ts';
import { onControl } from './verb.ts';

interface SaveOptions {
  readonly all?: true;
  readonly force?: true;
  readonly outputPath?: string;
}

/** `save`: writes sessions to files, for `load`. */
export const registerSave: RegisterCommand = (program, context) => {
  const command = program
    .command('save')
    .description('Write sessions to files, without their traces, for spoor load.')
    .argument('[session]', 'the session; all by default')
    .option('-a, --all', 'all sessions')
    .option('-f, --force', 'replace files that are there')
    .option('-o, --output-path <dir>', 'directory of the files (default: ~/.spoor/sessions)');
  onControl<SaveOptions>(
    command,
    context,
    async (client, options, [name]) => {
      const { saveSessions } = await import('./saved-sessions.ts');
      const { sessions } = await client.call('list-sessions', {});
      const chosen =
        name === undefined || options.all === true
          ? sessions
          : [(await client.call('get-session', { session: name })).session];
      const paths = saveSessions(chosen, options.outputPath, options.force === true);
      const text = paths.map(({ session, path }) => `Session ${session} saved in ${path}\n`).join('');
      return {
        json: { saved: paths },
        text: text === '' ? 'There is no session to save\n' : text,
        mi: () => saveElement(options, [name]),
      };
    },
    { failed: saveElement },
  );
};

async function saveElement({ outputPath }: SaveOptions, [name]: readonly (string | undefined)[]) {
  const { savedPath } = await import('./saved-sessions.ts');
  const { sessionState } = await import('../lttng/mi-session.ts');
  const { element } = await import('../lttng/xml.ts');
  return element('save', [sessionState(name ?? '*'), element('path', savedPath(outputPath))]);
}
