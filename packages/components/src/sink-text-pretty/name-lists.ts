/** The lists of `--names` and `--fields`, as babeltrace2's command understands them. */
import { SpoorError } from '@spoor/base';
import type { PrettyOptions } from './options.ts';

type BooleanOption = {
  [Key in keyof PrettyOptions]: PrettyOptions[Key] extends boolean ? Key : never;
}[keyof PrettyOptions];

const names: Readonly<Record<string, BooleanOption>> = {
  payload: 'namePayload',
  args: 'namePayload',
  arg: 'namePayload',
  context: 'nameContext',
  ctx: 'nameContext',
  scope: 'nameScope',
  header: 'nameHeader',
};

const fields: Readonly<Record<string, BooleanOption>> = {
  trace: 'fieldTrace',
  'trace:hostname': 'fieldTraceHostname',
  'trace:domain': 'fieldTraceDomain',
  'trace:procname': 'fieldTraceProcname',
  'trace:vpid': 'fieldTraceVpid',
  loglevel: 'fieldLoglevel',
  emf: 'fieldEmf',
};

function parseList(
  option: string,
  list: string,
  table: Readonly<Record<string, BooleanOption>>,
): Partial<PrettyOptions> {
  const items = list.split(',').map((item) => item.trim());
  const all = items.includes('all');
  const chosen: Partial<Record<BooleanOption, boolean>> = {};
  for (const key of Object.values(table)) chosen[key] = all;
  for (const item of items) {
    if (item === 'all' || item === 'none' || item === 'callsite') continue;
    const key = table[item];
    if (key === undefined) {
      throw new SpoorError('convert/unknown-name', `--${option}: ${JSON.stringify(item)} is not known`, {
        hint: `one of all, none, ${Object.keys(table).join(', ')}`,
      });
    }
    chosen[key] = true;
  }
  return chosen;
}

/** Which names to show: what is not listed is hidden. */
export function parseNames(list: string): Partial<PrettyOptions> {
  return parseList('names', list, names);
}

/** Which fields to show before the event's name: what is not listed is hidden. */
export function parseFields(list: string): Partial<PrettyOptions> {
  return parseList('fields', list, fields);
}
