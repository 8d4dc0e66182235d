import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, utimesSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ThreadStatus } from '@spoor/ringbuffer';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { StatusFile } from './status-file.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'spoor-status-'));
  mkdirSync(join(folder, 'status'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const path = (): string => join(folder, 'status', readdirSync(join(folder, 'status'))[0]!);
const read = (): unknown => JSON.parse(readFileSync(path(), 'utf8'));

test('a status is written when it says something else, and only then', () => {
  const file = new StatusFile(folder, 7);
  const attached: ThreadStatus = { tid: 7, state: 'attached', reasons: [], revision: 1 };
  file.write(attached);
  expect(read()).toEqual(attached);
  const size = statSync(path()).size;
  utimesSync(path(), 1, 1);
  file.write({ ...attached });
  expect(statSync(path()).mtimeMs).toBe(1000);
  file.write({ ...attached, revision: 2 });
  expect(read()).toEqual({ ...attached, revision: 2 });
  expect(statSync(path()).size).toBe(size);
  expect(statSync(path()).mtimeMs).not.toBe(1000);
});

test('what there is no room for is left out, and counts as written', () => {
  const file = new StatusFile(folder, 7);
  const reasons = Array.from({ length: 40 }, (_, index) => `${index} ${'x'.repeat(100)}`);
  file.write({ tid: 7, state: 'off', reasons });
  const kept = (read() as ThreadStatus).reasons;
  expect(kept.at(-1)).toBe('…');
  expect(kept.slice(0, -1)).toEqual(reasons.slice(0, kept.length - 1));
  utimesSync(path(), 1, 1);
  file.write({ tid: 7, state: 'off', reasons });
  expect(statSync(path()).mtimeMs).toBe(1000);
});
