import { mkdtempSync, existsSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { ThreadStatuses } from './thread-statuses.ts';

const folder = mkdtempSync(join(tmpdir(), 'spoor-statuses-'));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('files of threads are read again when they may have changed, and for the last time when the thread is over', () => {
  const said: string[] = [];
  const statuses = new ThreadStatuses(folder, {
    onReason: (reason, isFault) => said.push(`${reason}${isFault ? '!' : ''}`),
    onFilter: () => undefined,
  });
  const path = join(folder, '7-1.json');
  const write = (reason: string, ageS: number): void => {
    writeFileSync(path, JSON.stringify({ tid: 7, state: 'attached', reasons: [reason] }));
    const changed = Math.floor(Date.now() / 1000) - ageS;
    utimesSync(path, changed, changed);
  };
  const read = (isOver = false): string[] => {
    statuses.read(() => isOver);
    return said.splice(0);
  };
  // Of the future, as it seems: the clock was set.
  write('one', -3600);
  expect(read()).toEqual(['one']);
  write('two', -3600);
  expect(read()).toEqual(['two']);
  write('three', 3600);
  expect(read()).toEqual(['three']);
  expect(read()).toEqual([]);
  write('four', 1800);
  expect(read()).toEqual(['four']);
  // Half written: it is read until it is whole.
  writeFileSync(path, '{"tid":7,');
  utimesSync(path, 1, 1);
  expect(read()).toEqual([]);
  writeFileSync(path, JSON.stringify({ tid: 7, state: 'off', reasons: ['five'] }));
  utimesSync(path, 1, 1);
  expect(read()).toEqual(['five!']);
  // Unchanged by its time, but surely read once the thread is over.
  writeFileSync(path, JSON.stringify({ tid: 7, state: 'off', reasons: ['six'] }));
  utimesSync(path, 1, 1);
  expect(read(true)).toEqual(['six!']);
  expect(existsSync(path)).toBe(false);
});
