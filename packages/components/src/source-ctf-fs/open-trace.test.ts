import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SpoorError } from '@spoor/base';
import { afterAll, expect, test } from 'vitest';
import { findFolders, openTrace } from './open-trace.node.ts';

const folder = mkdtempSync(join(tmpdir(), 'spoor-open-'));
afterAll(() => rmSync(folder, { recursive: true }));

test('links that lead in a circle or nowhere end the search nowhere, and a trace is found once', () => {
  const trace = join(folder, 'circles', 'b', 'trace');
  mkdirSync(trace, { recursive: true });
  writeFileSync(join(trace, 'metadata'), '');
  const top = join(folder, 'circles');
  symlinkSync('.', join(top, 'a'));
  symlinkSync('..', join(top, 'b', 'up'));
  symlinkSync('itself', join(top, 'itself'));
  symlinkSync('nothing', join(top, 'dangling'));
  symlinkSync('b/trace', join(top, 'z'));
  expect(findFolders([top], [])).toEqual([expect.objectContaining({ path: trace, pathBelow: 'b/trace' })]);
});

test('metadata that cannot be read is named', () => {
  const trace = join(folder, 'huge');
  mkdirSync(trace);
  const metadata = join(trace, 'metadata');
  writeFileSync(metadata, '');
  // No file of more than 2 GiB is read at once.
  truncateSync(metadata, 3 * 1024 ** 3);
  expect(() => openTrace(trace)).toThrow(
    expect.objectContaining({ code: 'trace/unreadable', where: metadata }),
  );
  expect(() => openTrace(trace)).toThrow(SpoorError);
});
