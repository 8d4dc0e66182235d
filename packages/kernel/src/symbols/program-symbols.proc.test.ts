// Files that names are looked for in, where somebody has put what is no such file: nothing is waited for, no link is followed.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ProgramSymbols } from './program-symbols.node.ts';

const codeMap = `/tmp/perf-${process.pid}.map`;
const line = '1000 100 JS:*made /a.js:1:2\n';
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'spoor-symbols-'));
});
afterEach(() => {
  rmSync(codeMap, { force: true });
  rmSync(folder, { recursive: true });
});

function makePipe(path: string): void {
  expect(spawnSync('mkfifo', [path]).status).toBe(0);
}

const nameOfCode = (): string | undefined => new ProgramSymbols().placeOfCode(process.pid, 0x1010)?.func;

test('a code map is a file of its name', () => {
  expect(nameOfCode()).toBeUndefined();
  writeFileSync(codeMap, line);
  expect(nameOfCode()).toBe('JS:*made /a.js:1:2');
});

test('a link in its place is not followed', () => {
  writeFileSync(join(folder, 'other'), line);
  symlinkSync(join(folder, 'other'), codeMap);
  expect(nameOfCode()).toBeUndefined();
});

test('pipes in the place of files are not waited for', () => {
  makePipe(codeMap);
  expect(nameOfCode()).toBeUndefined();
  const path = join(folder, 'program');
  makePipe(path);
  const mapping = { sinceNs: 0, begin: 0x1000, end: 0x2000, fileOffset: 0, path, buildId: '' };
  expect(new ProgramSymbols().placeIn(process.pid, mapping, 0x1010)).toEqual({
    file: path,
    offset: 0x10,
    func: '',
    distance: 0,
    source: '',
  });
});
