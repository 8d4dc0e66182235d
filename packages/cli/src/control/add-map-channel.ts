import { Option } from 'commander';
import type { RegisterCommand } from '../commands/register-command.ts';
import { parseCount } from './map-options.ts';
import { addSessionOption, onControl } from './verb.ts';

interface AddMapOptions {
  readonly session?: string;
  readonly valueType: 'signed-int-32' | 'signed-int-64' | 'signed-int-max';
  readonly maxKeyCount: number;
  readonly bufferOwnership: 'user' | 'process';
  readonly updatePolicy: 'per-event' | 'per-rule-match';
  readonly deadProcessPolicy: 'drop' | 'sum-into-shared';
}

/** `add-map-channel`: a map of counters that triggers add to. */
export const registerAddMapChannel: RegisterCommand = (program, context) => {
  const command = program
    .command('add-map-channel')
    .description('Add a counter map to a session, for triggers to count in.')
    .argument('[name]', 'its name; one is made if there is none')
    .addOption(new Option('-t, --type <type>', 'events of programs').choices(['user']).default('user'))
    .addOption(
      new Option('--value-type <type>', 'size of the values')
        .choices(['signed-int-32', 'signed-int-64', 'signed-int-max'])
        .default('signed-int-max'),
    )
    .addOption(
      new Option('--max-key-count <count>', 'most keys of one process').argParser(parseCount).default(4096),
    )
    .addOption(
      new Option('--buffer-ownership <owner>', 'whether each user or each process has values of its own')
        .choices(['user', 'process'])
        .default('user'),
    )
    .addOption(
      new Option('--update-policy <policy>', 'whether an event counts once a key, or once a trigger')
        .choices(['per-event', 'per-rule-match'])
        .default('per-event'),
    )
    .addOption(
      new Option('--dead-process-policy <policy>', 'what becomes of the values of processes that are over')
        .choices(['drop', 'sum-into-shared'])
        .default('sum-into-shared'),
    );
  addSessionOption(command);
  onControl<AddMapOptions>(command, context, async (client, options, [name]) => {
    const { sessionNamed } = await import('./current-session.ts');
    const { valueType, maxKeyCount, bufferOwnership, updatePolicy, deadProcessPolicy } = options;
    const { map } = await client.call('add-map', {
      ...(name === undefined ? {} : { name }),
      session: sessionNamed(options.session),
      maxKeys: maxKeyCount,
      valueType: valueType === 'signed-int-max' ? 'signed-int-64' : valueType,
      ownership: bufferOwnership,
      updatePolicy,
      deadProcessPolicy,
    });
    return { json: { map }, text: `Map channel \`${map.name}\` added to session \`${map.session}\`.\n` };
  });
};
