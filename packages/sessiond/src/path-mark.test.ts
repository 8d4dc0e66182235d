import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { PathMark } from './path-mark.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync('/dev/shm/spoor-mark-');
});
afterEach(() => rmSync(folder, { recursive: true }));

test('a directory is the same whatever becomes of its content, and another one in its place is not', () => {
  const path = join(folder, 'it');
  mkdirSync(path);
  const mark = new PathMark(path);
  writeFileSync(join(path, 'file'), '');
  expect(mark.state).toBe('same');
  renameSync(path, `${path}.moved`);
  expect(mark.state).toBe('removed');
  mkdirSync(path);
  expect(mark.state).toBe('replaced');
  rmSync(path, { recursive: true });
  renameSync(`${path}.moved`, path);
  expect(mark.state).toBe('same');
});

test('what a link leads to counts, and a directory above it that is a file now', () => {
  const [place, path] = [join(folder, 'above', 'place'), join(folder, 'link')];
  mkdirSync(place, { recursive: true });
  symlinkSync(place, path);
  const mark = new PathMark(path);
  rmSync(path);
  symlinkSync(place, path);
  expect(mark.state).toBe('same');
  rmSync(join(folder, 'above'), { recursive: true });
  writeFileSync(join(folder, 'above'), '');
  expect(mark.state).toBe('removed');
});

test('what was not there is removed, and replaced once something is', () => {
  const path = join(folder, 'it');
  const mark = new PathMark(path);
  expect(mark.state).toBe('removed');
  mkdirSync(path);
  expect(mark.state).toBe('replaced');
});
