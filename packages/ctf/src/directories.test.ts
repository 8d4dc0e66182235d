import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ensureDirectory } from './node.ts';

test('directories are made as far as they are missing, and what cannot be made is told', () => {
  const folder = mkdtempSync(join(tmpdir(), 'spoor-directories-'));
  try {
    ensureDirectory(join(folder, 'a/b/c'));
    ensureDirectory(join(folder, 'a/b/c'));
    ensureDirectory(join(folder, 'a/d/'));
    expect(existsSync(join(folder, 'a/b/c')) && existsSync(join(folder, 'a/d'))).toBe(true);
    writeFileSync(join(folder, 'file'), '');
    expect(() => ensureDirectory(join(folder, 'file'))).toThrow('EEXIST');
    expect(() => ensureDirectory(join(folder, 'file/x'))).toThrow(/EEXIST|ENOTDIR/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test.runIf(existsSync('/proc/self'))('a file system that makes nothing answers with an error', () => {
  expect(() => ensureDirectory('/proc/spoor-no-such/below')).toThrow('ENOENT');
});
