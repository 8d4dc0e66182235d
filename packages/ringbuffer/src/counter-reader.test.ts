import {
  closeSync,
  copyFileSync,
  cpSync,
  fstatSync,
  mkdtempSync,
  openSync,
  readdirSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ThreadCounters } from './counter-file.ts';
import { COUNTERS_FOLDER, MOST_COUNTERS } from './counter-layout.ts';
import { mergeEndedCounters, readCounters } from './counter-reader.ts';
import { formatCounters } from './counter-text.ts';
import { writeLinkText } from './link-text.ts';

let place: string;
beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), 'spoor-counters-'));
});
afterEach(() => rmSync(place, { recursive: true, force: true }));

/** The counters of a thread that has counted and is over. */
function count(values: Readonly<Record<string, number>>): ThreadCounters {
  const counters = new ThreadCounters(place);
  for (const [name, value] of Object.entries(values)) {
    const cell = counters.cell(name)!;
    cell.values[cell.index] = value;
  }
  counters.save();
  return counters;
}

const filesIn = (folder: string): readonly string[] => readdirSync(join(folder, COUNTERS_FOLDER));
const sums = (): Readonly<Record<string, number>> => Object.fromEntries(readCounters(place));

test('counters of threads that are over become one sum, also when the merging is broken off', () => {
  count({ hits: 1, 'ä:name': 0.5 });
  count({ hits: 2 });
  count({ hits: 4, own: 8 });
  const expected = { hits: 7, 'ä:name': 0.5, own: 8 };
  expect(sums()).toEqual(expected);
  const folder = join(place, COUNTERS_FOLDER);
  const saved = join(place, 'saved');
  cpSync(folder, saved, { recursive: true });
  mergeEndedCounters(place, () => false);
  expect(filesIn(place)).toHaveLength(3);

  let asked = 0;
  mergeEndedCounters(place, () => (asked += 1) === 1);
  expect(filesIn(place)).toHaveLength(3);
  expect(sums()).toEqual(expected);
  // Killed after the sum was renamed, before the file was removed.
  const [merged = ''] = readdirSync(saved).filter((name) => !filesIn(place).includes(name));
  copyFileSync(join(saved, merged), join(folder, merged));
  expect(filesIn(place)).toHaveLength(4);
  expect(sums()).toEqual(expected);

  mergeEndedCounters(place, () => true);
  expect(filesIn(place)).toHaveLength(1);
  expect(sums()).toEqual(expected);
});

test('the memory of a merged file is free, unless another session has it too', () => {
  const other = mkdtempSync(join(place, 'other-'));
  count({ hits: 3 }).share(other);
  const [name = ''] = filesIn(place);
  const fd = openSync(join(place, COUNTERS_FOLDER, name), 'r');
  mergeEndedCounters(place, () => true);
  expect(fstatSync(fd).size).toBeGreaterThan(0);
  expect(Object.fromEntries(readCounters(other))).toEqual({ hits: 3 });
  mergeEndedCounters(other, () => true);
  expect(fstatSync(fd).size).toBe(0);
  closeSync(fd);
  for (const folder of [place, other]) expect(Object.fromEntries(readCounters(folder))).toEqual({ hits: 3 });
});

test('a sum takes no more names than a file has room for; then files stay', () => {
  const many = (prefix: string, length: number): Readonly<Record<string, number>> =>
    Object.fromEntries(Array.from({ length }, (_, n) => [`${prefix}${n}`, 1]));
  count(many('a', MOST_COUNTERS));
  count(many('b', 3));
  mergeEndedCounters(place, () => true);
  expect(filesIn(place)).toHaveLength(2);
  expect(readCounters(place).size).toBe(MOST_COUNTERS + 3);
});

test('counters do not bring the directory of a session again that is over', () => {
  const counters = count({ hits: 1 });
  const ended = join(place, 'ended', '7-12345');
  expect(() => counters.share(ended)).toThrow('ENOENT');
  expect(readdirSync(place)).toEqual([COUNTERS_FOLDER]);
});

test('what lies in the text of a link is counted too, and stays when its thread is over', () => {
  count({ hits: 1 });
  const link = join(place, COUNTERS_FOLDER, '7-12345.counters');
  for (const hits of [2, 4]) writeLinkText(link, formatCounters([['hits', hits]]));
  expect(sums()).toEqual({ hits: 5 });
  mergeEndedCounters(place, () => true);
  expect(sums()).toEqual({ hits: 5 });
  for (const nonsense of ['/etc/passwd', '{}', '[["hits"],7,[1,2],["hits",null]]']) {
    writeLinkText(link, nonsense);
    expect(sums()).toEqual({ hits: 1 });
  }
});
