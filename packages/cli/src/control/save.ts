import { Option } from 'commander';
import type { RegisterCommand } from '../commands/register-command.ts';
import type { SavedFormat } from './saved-sessions.ts';
import { onControl } from './verb.ts';

interface SaveOptions {
  readonly all?: true;
  readonly force?: true;
  readonly outputPath?: string;
  readonly format: SavedFormat;
  /** False for `--no-triggers`. */
  readonly triggers: boolean;
}

/** `save`: writes sessions to files, for `load`. */
export const registerSave: RegisterCommand = (program, context) => {
  const command = program
    .command('save')
    .description('Write sessions to files, without their traces, for spoor load.')
    .argument('[session]', 'the session; all by default')
    .option('-a, --all', 'all sessions')
    .option('-f, --force', 'replace files that are there')
    .option('--no-triggers', 'leave out counter maps and the triggers that are about the sessions')
    .option(
      '-o, --output-path <dir>',
      "directory of the files (default: ~/.spoor/sessions, in LTTng's form ~/.lttng/sessions)",
    )
    .addOption(
      new Option('--format <form>', "form of the files: ours, or LTTng's, for lttng load")
        .choices(['json', 'lttng'])
        .default('json'),
    );
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
      const { withTriggers } = await import('./saved-triggers.ts');
      const complete = options.triggers
        ? await withTriggers(client, chosen)
        : { sessions: chosen, warnings: [] };
      const { paths, warnings } = await saveSessions(complete.sessions, options.outputPath, options);
      const text = paths.map(({ session, path }) => `Session ${session} saved in ${path}\n`).join('');
      return {
        json: { saved: paths },
        text: text === '' ? 'There is no session to save\n' : text,
        warnings: [...complete.warnings, ...warnings],
        mi: () => saveElement(options, [name]),
      };
    },
    { failed: saveElement },
  );
};

async function saveElement({ outputPath, format }: SaveOptions, [name]: readonly (string | undefined)[]) {
  const { savedPath } = await import('./saved-sessions.ts');
  const { sessionState } = await import('../lttng/mi-session.ts');
  const { element } = await import('../lttng/xml.ts');
  return element('save', [sessionState(name ?? '*'), element('path', savedPath(outputPath, format))]);
}
