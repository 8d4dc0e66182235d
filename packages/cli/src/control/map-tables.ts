// Counters as tables: which are chosen, summed up and sorted, as lttng-show-maps(1) has it; and as CSV.
import type { CounterMap, MapOwner, MapValue } from '@spoor/control';
import { globMatches, parseGlob } from '@spoor/filter';
import type { ShowMapsOptions } from './show-maps.ts';

/** Rows of one map, or of one owner's part of it. */
export interface MapTable {
  readonly map: string;
  /** Absent where all owners are summed up. */
  readonly owner?: MapOwner;
  readonly rows: readonly { readonly key: string; readonly value: number; readonly hasOverflowed: boolean }[];
}

/** The tables that are asked for. */
export function mapTables(
  maps: readonly CounterMap[],
  values: readonly MapValue[],
  options: Omit<ShowMapsOptions, 'session'>,
): readonly MapTable[] {
  const isChosen = chooser(options);
  const tables: MapTable[] = [];
  for (const { name } of maps) {
    if (options.channel !== undefined && !options.channel.includes(name)) continue;
    const own = values.filter((value) => value.map === name && isChosen(value));
    if (options.per === 'channel') {
      tables.push({ map: name, rows: arranged(own, options) });
      continue;
    }
    const owners = new Map(own.map(({ owner }) => [JSON.stringify(owner), owner]));
    for (const [key, owner] of owners) {
      const rows = own.filter((value) => JSON.stringify(value.owner) === key);
      tables.push({ map: name, owner, rows: arranged(rows, options) });
    }
  }
  return tables;
}

/** Options of one axis choose any of what they name, those of different axes all of it; none chooses everything. */
function chooser(options: Omit<ShowMapsOptions, 'session'>): (value: MapValue) => boolean {
  const { uid, allUids, pid, allPids, shared, key, keyGlob, nonInitValues } = options;
  const hasOwners = [uid, allUids, pid, allPids, shared].some((option) => option !== undefined);
  const globs = keyGlob?.map(parseGlob);
  const isOwnerChosen = (owner: MapOwner): boolean => {
    switch (owner.kind) {
      case 'user':
        return allUids === true || uid?.includes(String(owner.uid)) === true;
      case 'process':
        return allPids === true || pid?.includes(String(owner.pid)) === true;
      case 'shared':
        return shared === true;
      default:
        return owner satisfies never;
    }
  };
  const isKeyChosen = (text: string): boolean =>
    (key === undefined && globs === undefined) ||
    key?.includes(text) === true ||
    globs?.some((glob) => globMatches(glob, text)) === true;
  return ({ owner, key: own, value }) =>
    (!hasOwners || isOwnerChosen(owner)) && isKeyChosen(own) && (nonInitValues !== true || value !== 0);
}

function arranged(
  values: readonly MapValue[],
  { sortBy, sortOrder, limit }: Omit<ShowMapsOptions, 'session'>,
): MapTable['rows'] {
  const sums = new Map<string, { key: string; value: number; hasOverflowed: boolean }>();
  for (const { key, value, hasOverflowed } of values) {
    const sum = sums.get(key) ?? { key, value: 0, hasOverflowed: false };
    sum.value += value;
    sum.hasOverflowed ||= hasOverflowed;
    sums.set(key, sum);
  }
  const byKey = (a: { key: string }, b: { key: string }): number =>
    a.key < b.key ? -1 : a.key > b.key ? 1 : 0;
  const rows = [...sums.values()].sort((a, b) =>
    sortBy === 'key' ? byKey(a, b) : a.value - b.value || byKey(a, b),
  );
  if (sortOrder === 'desc') rows.reverse();
  return rows.slice(0, limit);
}

/** A table for people. */
export function tableText({ map, owner, rows }: MapTable): string {
  const title = owner === undefined ? '' : `, ${ownerText(owner)}`;
  const widths = {
    key: Math.max(3, ...rows.map(({ key }) => key.length)),
    value: Math.max(5, ...rows.map(({ value }) => String(value).length)),
  };
  const line = (key: string, value: string, overflow: string): string =>
    `  ${key.padEnd(widths.key)}  ${value.padStart(widths.value)}  ${overflow}`.trimEnd();
  return [
    `Map channel ${map}${title}:`,
    line('Key', 'Value', 'Overflow?'),
    ...rows.map(({ key, value, hasOverflowed }) => line(key, String(value), hasOverflowed ? '✔' : '')),
    '',
  ].join('\n');
}

function ownerText(owner: MapOwner): string {
  switch (owner.kind) {
    case 'user':
      return `user ${owner.uid}`;
    case 'process':
      return `process ${owner.pid} (${owner.procname})`;
    case 'shared':
      return 'shared';
    default:
      return owner satisfies never;
  }
}

/** All counters, one a line, with a line of headings. */
export function mapsCsv(maps: readonly CounterMap[], values: readonly MapValue[]): string {
  const types = new Map(maps.map(({ name, valueType }) => [name, valueType]));
  const lines = values.map(({ map, owner, key, value, hasOverflowed }) => {
    const id = owner.kind === 'user' ? owner.uid : owner.kind === 'process' ? owner.pid : '';
    const procname = owner.kind === 'process' ? owner.procname : '';
    return [map, owner.kind, id, procname, types.get(map) ?? '', key, value, hasOverflowed ? 1 : 0];
  });
  const head = ['map', 'owner', 'owner_id', 'owner_name', 'value_type', 'key', 'value', 'has_overflow'];
  return [head, ...lines].map((fields) => `${fields.map(csvField).join(',')}\n`).join('');
}

/** In quotes where it needs them (RFC 4180). */
function csvField(field: string | number): string {
  const text = String(field);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
