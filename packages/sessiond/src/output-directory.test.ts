import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  defaultOutputDirectory,
  localTimestamp,
  pathComponent,
  prepareOutputDirectory,
  recordingName,
} from './output-directory.ts';

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'spoor-output-'));
});

afterEach(() => {
  chmodSync(root, 0o700);
  rmSync(root, { recursive: true, force: true });
});

test('names are those of LTTng, in local time', () => {
  const date = new Date(2026, 0, 2, 3, 4, 5);
  expect(localTimestamp(date)).toBe('20260102-030405');
  expect(recordingName('/usr/bin/node')).toBe('node');
  expect(['a b', '..', '', 'α/β', 'ok-1.0'].map(pathComponent)).toEqual(['a_b', '_..', '_', '___', 'ok-1.0']);
  const first = join(root, 'lttng-traces', 'node-20260102-030405');
  expect(defaultOutputDirectory('node', date, { LTTNG_HOME: root })).toBe(first);
  mkdirSync(first, { recursive: true });
  expect(defaultOutputDirectory('node', date, { LTTNG_HOME: root })).toBe(`${first}-2`);
});

test('a new directory is made, and taken away again if nothing came of it', () => {
  const path = join(root, 'a', 'b');
  const output = prepareOutputDirectory(path);
  expect(existsSync(path)).toBe(true);
  output.removeIfEmpty();
  expect(existsSync(join(root, 'a'))).toBe(false);
  const kept = prepareOutputDirectory(path);
  writeFileSync(join(path, 'x'), '');
  kept.removeIfEmpty();
  expect(existsSync(join(path, 'x'))).toBe(true);
});

test('a directory that was there stays, also when it is empty', () => {
  prepareOutputDirectory(root).removeIfEmpty();
  expect(existsSync(root)).toBe(true);
});

test('what is in the way is named', () => {
  writeFileSync(join(root, 'file'), '');
  const codeOf = (path: string) => {
    try {
      prepareOutputDirectory(path);
      return 'ok';
    } catch (error) {
      return (error as { code: string }).code;
    }
  };
  expect(codeOf(root)).toBe('record/output-not-empty');
  expect(codeOf(join(root, 'file'))).toBe('record/output-not-a-directory');
  expect(codeOf('/proc/nothing-can-be-made-here')).toBe('record/output-not-writable');
});
