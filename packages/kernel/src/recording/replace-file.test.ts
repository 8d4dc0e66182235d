import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { replaceFile, writeReserved } from './replace-file.node.ts';

const folder = mkdtempSync(join(tmpdir(), 'spoor-replace-'));
afterAll(() => rmSync(folder, { recursive: true }));

test('a file is replaced by shorter and longer texts, with the mode that it is given', () => {
  const path = join(folder, 'file');
  for (const text of ['first and long', '2', 'third']) {
    replaceFile(path, text, 0o600);
    expect(readFileSync(path, 'utf8')).toBe(text);
  }
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(readdirSync(folder)).toEqual(['file']);
});

test('what was reserved is not seen in it', () => {
  const path = join(folder, 'reserved');
  replaceFile(path, 'before');
  writeReserved(path, 5000);
  expect(readFileSync(path, 'utf8')).toBe('before');
  replaceFile(path, 'after');
  expect(readFileSync(path, 'utf8')).toBe('after');
  expect(readdirSync(folder)).not.toContain('reserved.new');
});

test('what cannot be written is told with its place, and leaves nothing', () => {
  const path = join(folder, 'missing', 'file');
  expect(() => replaceFile(path, 'text')).toThrow(
    expect.objectContaining({ code: 'kernel/write', where: path }),
  );
  expect(readdirSync(folder)).not.toContain('missing');
});
