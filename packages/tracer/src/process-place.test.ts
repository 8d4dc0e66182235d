import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startTicks } from '@spoor/ringbuffer';
import { openProcessPlace } from './process-place.ts';

const ticks = startTicks(process.pid)!;
const namespace = /\d+/.exec(readlinkSync('/proc/self/ns/pid'))![0];
const ownName = `${namespace}.${process.pid}-${ticks}`;

let run: string;
beforeEach(() => {
  run = mkdtempSync(join(tmpdir(), 'spoor-place-'));
});
afterEach(() => rmSync(run, { recursive: true }));

test('is the same for all threads, and needs no hub that is there', () => {
  const path = openProcessPlace(join(run, 'own', 'hub'), ticks);
  expect(path).toBe(join(run, 'own', 'processes', ownName));
  expect(readdirSync(join(run, 'own'))).toEqual(['processes']);
  expect(openProcessPlace(join(run, 'own', 'hub'), ticks)).toBe(path);
});

test('takes away what processes have left that are over, and nothing else', () => {
  const folder = join(run, 'processes');
  // Of this process's number, but of an earlier process.
  const ended = join(folder, `${namespace}.${process.pid}-1`);
  mkdirSync(join(ended, 'threads'), { recursive: true, mode: 0o700 });
  writeFileSync(join(ended, 'threads', 'watching'), '');
  const parent = `${namespace}.${process.ppid}-${startTicks(process.ppid)}`;
  for (const name of [parent, '1.4711-1', 'other']) mkdirSync(join(folder, name));
  openProcessPlace(join(run, 'hub'), ticks);
  expect(readdirSync(folder).sort()).toEqual(['1.4711-1', 'other', ownName, parent].sort());
});

test('there is none where others could put something', () => {
  chmodSync(run, 0o777);
  expect(openProcessPlace(join(run, 'hub'), ticks)).toBeUndefined();
  expect(openProcessPlace(join(run, 'not', 'there', 'hub'), ticks)).toBeUndefined();
  expect(existsSync(join(run, 'not'))).toBe(false);
});
