import { type Command, InvalidArgumentError } from 'commander';
import { SpoorError } from '@spoor/base';
import type { SnapshotOutput } from '@spoor/control';
import type { RegisterCommand } from '../commands/register-command.ts';
import type { XmlElement } from '../lttng/xml.ts';
import { type MiForm, addSessionOption, onControl } from './verb.ts';

interface SnapshotOptions {
  readonly session?: string;
  readonly maxSize?: string;
  readonly name?: string;
  readonly ctrlUrl?: string;
  readonly dataUrl?: string;
}

function addOutputOptions(command: Command): Command {
  return addSessionOption(command)
    .option('-m, --max-size <size>', 'most bytes of the streams of a snapshot; suffixes k, M, G')
    .option('-n, --name <name>', 'how the names of snapshots begin')
    .option('-C, --ctrl-url <url>', 'control connection of a relay daemon')
    .option('-D, --data-url <url>', 'data connection of a relay daemon');
}

async function readOptions(options: SnapshotOptions, url: string | undefined) {
  const { outputOfOptions } = await import('./output-url.ts');
  const { readByteSize } = await import('./values.ts');
  const { name, maxSize, ctrlUrl, dataUrl } = options;
  const output = outputOfOptions({
    ...(url === undefined ? {} : { setUrl: url }),
    ...(ctrlUrl === undefined ? {} : { ctrlUrl }),
    ...(dataUrl === undefined ? {} : { dataUrl }),
  });
  return {
    output,
    ...(name === undefined ? {} : { name }),
    ...(maxSize === undefined ? {} : { maxSizeBytes: readByteSize('--max-size', maxSize) }),
  };
}

function outputName(text: string): number | string {
  if (text === '') throw new InvalidArgumentError('A number or a name is needed.');
  return /^\d+$/.test(text) ? Number(text) : text;
}

/** An output as `snapshot` shows it. */
async function outputLine({ id, name, output, maxSizeBytes }: SnapshotOutput): Promise<string> {
  const { outputText } = await import('./output-url.ts');
  const limit = maxSizeBytes === undefined ? '' : ` (max size: ${maxSizeBytes} bytes)`;
  return `    [${id}] ${name}: ${outputText(output)}${limit}\n`;
}

/** An action of `snapshot` in LTTng's machine interface. The schema has another name for `record`. */
async function actionElement(action: string, output?: XmlElement): Promise<XmlElement> {
  const { element } = await import('../lttng/xml.ts');
  return element('snapshot_action', [
    element('name', action === 'record' ? 'record-output' : action),
    element('output', [output]),
  ]);
}

function miForm(action: string): MiForm<SnapshotOptions> {
  return { command: 'snapshot', failed: () => actionElement(action) };
}

/** `snapshot`: writes what a flight recorder has in memory, and says where to. */
export const registerSnapshot: RegisterCommand = (program, context) => {
  const snapshot = program
    .command('snapshot')
    .description('Take snapshots of a flight recorder, and say where they go.')
    .helpCommand(false);
  const record = snapshot
    .command('record')
    .description('Write what the ring buffers of a session hold now as a trace.')
    .argument(
      '[url]',
      'the place of this snapshot: a directory, or file://DIR; the outputs of the session by default',
    );
  onControl<SnapshotOptions>(
    addOutputOptions(record),
    context,
    async (client, options, [url]) => {
      const { sessionNamed } = await import('./current-session.ts');
      const session = sessionNamed(options.session);
      const { output, ...rest } = await readOptions(options, url);
      const { snapshots, failures = [] } = await client.call('record-snapshot', {
        session,
        ...rest,
        ...(output === undefined ? {} : { output }),
      });
      const places = snapshots.map(({ path, eventCount }) => `    ${path} (${eventCount} events)\n`);
      const title = failures.length === 0 ? 'Snapshot recorded successfully' : 'Snapshot recorded in part';
      const text = `${title} for session ${session}\n${places.join('')}`;
      const { fromWireError } = await import('@spoor/control');
      const errors = failures.map(fromWireError);
      const mi = async () => actionElement('record', (await import('../lttng/xml.ts')).element('snapshot'));
      return { json: { session, snapshots }, text, errors, mi };
    },
    miForm('record'),
  );
  const add = snapshot
    .command('add-output')
    .description('Add a place for snapshots to a session.')
    .argument('[url]', 'a directory, or file://DIR');
  onControl<SnapshotOptions>(
    addOutputOptions(add),
    context,
    async (client, options, [url]) => {
      const { sessionNamed } = await import('./current-session.ts');
      const session = sessionNamed(options.session);
      const { output, ...rest } = await readOptions(options, url);
      if (output === undefined) {
        throw new SpoorError('control/option', 'no place is named', { hint: 'a directory or a URL' });
      }
      const { output: added } = await client.call('add-snapshot-output', { session, output, ...rest });
      const text = `Snapshot output successfully added for session ${session}:\n${await outputLine(added)}`;
      const mi = async () => {
        const { snapshotElement } = await import('../lttng/mi-session.ts');
        return actionElement('add-output', snapshotElement(added, session));
      };
      return { json: { session, output: added }, text, mi };
    },
    miForm('add-output'),
  );
  const list = snapshot.command('list-output').description('Show the places for snapshots of a session.');
  onControl<SnapshotOptions>(
    addSessionOption(list),
    context,
    async (client, options) => {
      const { sessionNamed } = await import('./current-session.ts');
      const name = sessionNamed(options.session);
      const { session } = await client.call('get-session', { session: name });
      const outputs = session.snapshotOutputs;
      const lines = await Promise.all(outputs.map(outputLine));
      const text = `Snapshot output list for session ${name}\n${lines.length === 0 ? '    None\n' : lines.join('')}`;
      const mi = async () => {
        const { snapshotElement } = await import('../lttng/mi-session.ts');
        const { element } = await import('../lttng/xml.ts');
        const snapshots = element(
          'snapshots',
          outputs.map((output) => snapshotElement(output)),
        );
        return actionElement('list-output', element('session', [element('name', name), snapshots]));
      };
      return { json: { session: name, outputs }, text, mi };
    },
    miForm('list-output'),
  );
  const remove = snapshot
    .command('del-output')
    .description('Take a place for snapshots from a session.')
    .argument('<output>', 'its number or name');
  onControl<SnapshotOptions>(
    addSessionOption(remove),
    context,
    async (client, options, [text = '']) => {
      const { sessionNamed } = await import('./current-session.ts');
      const session = sessionNamed(options.session);
      const output = outputName(text);
      await client.call('remove-snapshot-output', { session, output });
      const what = typeof output === 'number' ? `id ${output}` : `name ${output}`;
      return {
        json: { session, output },
        text: `Snapshot output ${what} successfully deleted for session ${session}\n`,
        mi: async () => {
          const { element } = await import('../lttng/xml.ts');
          const named = typeof output === 'number' ? element('id', output) : element('name', output);
          return actionElement('del-output', element('snapshot', [named, element('session_name', session)]));
        },
      };
    },
    miForm('del-output'),
  );
};
