import { Option } from 'commander';
import type { RegisterCommand } from '../commands/register-command.ts';
import { addSessionOption, onControl } from './verb.ts';

interface ExportMapsOptions {
  readonly session?: string;
  readonly format: 'csv' | 'json';
}

/** `export-maps`: all counters of a session, for other programs. */
export const registerExportMaps: RegisterCommand = (program, context) => {
  const command = program
    .command('export-maps')
    .argument('[session]', 'the session; the current one by default')
    .description('Write all values of the counter maps of a session.')
    .addOption(new Option('-f, --format <format>', 'what to write').choices(['csv', 'json']).default('json'));
  addSessionOption(command);
  onControl<ExportMapsOptions>(command, context, async (client, options, [name]) => {
    const { sessionNamed } = await import('./current-session.ts');
    const { mapsCsv } = await import('./map-tables.ts');
    const session = sessionNamed(name ?? options.session);
    const { maps, values } = await client.call('get-map-values', { session });
    const json = { session, maps, values };
    const text = options.format === 'csv' ? mapsCsv(maps, values) : `${JSON.stringify(json, null, 2)}\n`;
    return { json, text };
  });
};
