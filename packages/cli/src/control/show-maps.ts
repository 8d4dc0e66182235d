import { Option } from 'commander';
import type { RegisterCommand } from '../commands/register-command.ts';
import { collect, parseCount } from './map-options.ts';
import { addSessionOption, onControl } from './verb.ts';

/** What `show-maps` shows. */
export interface ShowMapsOptions {
  readonly session?: string;
  readonly channel?: readonly string[];
  readonly per: 'channel' | 'owner';
  readonly uid?: readonly string[];
  readonly allUids?: true;
  readonly pid?: readonly string[];
  readonly allPids?: true;
  readonly shared?: true;
  readonly key?: readonly string[];
  readonly keyGlob?: readonly string[];
  readonly nonInitValues?: true;
  readonly sortBy: 'key' | 'value';
  readonly sortOrder: 'asc' | 'desc';
  readonly limit?: number;
}

/** `show-maps`: values of counter maps. */
export const registerShowMaps: RegisterCommand = (program, context) => {
  const command = program
    .command('show-maps')
    .argument('[session]', 'the session; the current one by default')
    .description('Show the values of the counter maps of a session.')
    .option('-c, --channel <map>', 'only this map', collect)
    .addOption(
      new Option('--per <level>', 'one table a map, or one an owner')
        .choices(['channel', 'owner'])
        .default('channel'),
    )
    .option('--uid <number>', 'counters of this user', collect)
    .option('--all-uids', 'counters of all users')
    .option('--pid <number>', 'counters of this process', collect)
    .option('--all-pids', 'counters of all processes')
    .option('--shared', 'counters of the session daemon, and of processes that are over')
    .option('--key <key>', 'counters of this key', collect)
    .option('--key-glob <pattern>', 'counters of keys that fit, in which * is any text', collect)
    .option('--non-init-values', 'only values that are not 0')
    .addOption(new Option('--sort-by <what>', 'order of the rows').choices(['key', 'value']).default('key'))
    .addOption(
      new Option('--sort-order <order>', 'upwards or downwards').choices(['asc', 'desc']).default('asc'),
    )
    .addOption(new Option('--limit <count>', 'most rows of a table').argParser(parseCount));
  addSessionOption(command);
  onControl<ShowMapsOptions>(command, context, async (client, options, [name]) => {
    const { sessionNamed } = await import('./current-session.ts');
    const { mapTables, tableText } = await import('./map-tables.ts');
    const session = sessionNamed(name ?? options.session);
    const { maps, values } = await client.call('get-map-values', { session });
    const tables = mapTables(maps, values, options);
    const text = tables.map(tableText).join('\n');
    return { json: { session, tables }, text: text === '' ? `Session ${session} has no such map\n` : text };
  });
};
