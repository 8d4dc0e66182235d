import type { CounterMap, MapValue } from '@spoor/control';
import { expect, it } from 'vitest';
import { mapTables, mapsCsv, tableText } from './map-tables.ts';

const map = (name: string): CounterMap => ({
  name,
  session: 's',
  maxKeys: 10,
  valueType: 'signed-int-64',
  ownership: 'process',
  deadProcessPolicy: 'drop',
  updatePolicy: 'per-event',
});
const maps = [map('a'), map('b')];
const process = (pid: number): MapValue['owner'] => ({ kind: 'process', pid, procname: 'node' });
const values: readonly MapValue[] = [
  { map: 'a', owner: process(1), key: 'x', value: 3, hasOverflowed: false },
  { map: 'a', owner: process(2), key: 'x', value: 4, hasOverflowed: true },
  { map: 'a', owner: process(2), key: 'y:z', value: 1, hasOverflowed: false },
  { map: 'a', owner: { kind: 'shared' }, key: 'zero', value: 0, hasOverflowed: false },
  { map: 'b', owner: { kind: 'user', uid: 7 }, key: 'say "k", twice', value: 9, hasOverflowed: false },
];
const usual = { per: 'channel', sortBy: 'key', sortOrder: 'asc' } as const;

it('sums up over owners, or tells them apart', () => {
  expect(mapTables(maps, values, usual)).toEqual([
    {
      map: 'a',
      rows: [
        { key: 'x', value: 7, hasOverflowed: true },
        { key: 'y:z', value: 1, hasOverflowed: false },
        { key: 'zero', value: 0, hasOverflowed: false },
      ],
    },
    { map: 'b', rows: [{ key: 'say "k", twice', value: 9, hasOverflowed: false }] },
  ]);
  expect(
    mapTables(maps, values, { ...usual, per: 'owner' }).map(({ map: name, owner }) => [name, owner?.kind]),
  ).toEqual([
    ['a', 'process'],
    ['a', 'process'],
    ['a', 'shared'],
    ['b', 'user'],
  ]);
});

it('chooses by each axis, and sorts', () => {
  const keys = (options: object): readonly string[] =>
    mapTables(maps, values, { ...usual, ...options }).flatMap(({ rows }) => rows.map(({ key }) => key));
  expect(keys({ channel: ['b'] })).toEqual(['say "k", twice']);
  expect(keys({ pid: ['1'] })).toEqual(['x']);
  expect(keys({ pid: ['1'], shared: true })).toEqual(['x', 'zero']);
  expect(keys({ allPids: true, keyGlob: ['y*'] })).toEqual(['y:z']);
  expect(keys({ allUids: true })).toEqual(['say "k", twice']);
  expect(keys({ key: ['zero'], nonInitValues: true })).toEqual([]);
  expect(keys({ sortBy: 'value', sortOrder: 'desc', limit: 2 })).toEqual(['x', 'y:z', 'say "k", twice']);
});

it('prints tables, and CSV that keeps every key', () => {
  const [first] = mapTables(maps, values, { ...usual, limit: 1 });
  expect(tableText(first!)).toBe('Map channel a:\n  Key  Value  Overflow?\n  x        7  ✔\n');
  expect(mapsCsv(maps, values).split('\n').slice(-3)).toEqual([
    'a,shared,,,signed-int-64,zero,0,0',
    'b,user,7,,signed-int-64,"say ""k"", twice",9,0',
    '',
  ]);
});
