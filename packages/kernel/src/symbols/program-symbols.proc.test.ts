// Files that names are looked for in, where somebody has put what is no such file: nothing is waited for, no link is followed.
import { spawnSync } from 'node:child_process';
import { chownSync, mkdtempSync, rmSync, truncateSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
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

const nameOfCode = (owner: number | undefined = process.getuid!()): string | undefined =>
  new ProgramSymbols().placeOfCode(process.pid, owner, 0x1010)?.func;

test('a code map is a file of its name', () => {
  expect(nameOfCode()).toBeUndefined();
  writeFileSync(codeMap, line);
  expect(nameOfCode()).toBe('JS:*made /a.js:1:2');
});

test('a code map of another user is nobody’s word, whoever reads it', () => {
  writeFileSync(codeMap, line);
  if (process.getuid!() !== 0) return expect(nameOfCode(process.getuid!() + 1)).toBeUndefined();
  chownSync(codeMap, 12_345, 12_345);
  expect(nameOfCode()).toBeUndefined();
  expect(nameOfCode(12_345)).toBe('JS:*made /a.js:1:2');
  // Root's is everybody's; of a process that is gone and was nobody's, it is all that is taken.
  expect(nameOfCode(undefined)).toBeUndefined();
  chownSync(codeMap, 0, 0);
  expect(nameOfCode(12_345)).toBe('JS:*made /a.js:1:2');
  expect(nameOfCode(undefined)).toBe('JS:*made /a.js:1:2');
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

/** A file whose sections claim to be as large as it is, which is nothing but a hole behind its headers. */
function sparseElf(path: string, sizeBytes: number, tables: number): void {
  const names = '\0.shstrtab\0.symtab\0.strtab\0.note\0.debug_info\0';
  const sections = [
    { name: '.shstrtab', type: 3, offset: 64, size: names.length, link: 0 },
    { name: '.strtab', type: 3, offset: 4096, size: sizeBytes - 4096, link: 0 },
    ...Array.from({ length: tables }, () => ({
      name: '.symtab',
      type: 2,
      offset: 4096,
      size: Math.min(sizeBytes - 4096, 250 << 20),
      link: 2,
    })),
    { name: '.note', type: 7, offset: 4096, size: sizeBytes - 4096, link: 0 },
    { name: '.debug_info', type: 1, offset: 4096, size: 127 << 20, link: 0 },
  ];
  const headersAt = 64 + names.length;
  const bytes = Buffer.alloc(headersAt + 64 * (sections.length + 1));
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  bytes.writeUInt16LE(3, 16);
  bytes.writeUInt16LE(62, 18);
  bytes.writeBigUInt64LE(BigInt(headersAt), 40);
  bytes.writeUInt16LE(64, 58);
  bytes.writeUInt16LE(sections.length + 1, 60);
  bytes.writeUInt16LE(1, 62);
  bytes.write(names, 64, 'latin1');
  for (const [index, { name, type, offset, size, link }] of sections.entries()) {
    const at = headersAt + 64 * (index + 1);
    bytes.writeUInt32LE(names.indexOf(`\0${name}\0`) + 1, at);
    bytes.writeUInt32LE(type, at + 4);
    bytes.writeBigUInt64LE(BigInt(offset), at + 24);
    bytes.writeBigUInt64LE(BigInt(size), at + 32);
    bytes.writeUInt32LE(link, at + 40);
  }
  writeFileSync(path, bytes);
  truncateSync(path, sizeBytes);
}

test.each([
  ['a terabyte', 2 ** 40, 1],
  ['as much as is read', 300 << 20, 1],
  ['a thousand tables in one place', 300 << 20, 1000],
  ['as much as is read, its names too', 254 << 20, 1],
])('a file of holes fills no memory: %s', (_, sizeBytes, tables) => {
  const path = join(folder, 'holes');
  sparseElf(path, sizeBytes, tables);
  const mapping = { sinceNs: 0, begin: 0x1000, end: 0x2000, fileOffset: 0, path, buildId: '' };
  const built = fileURLToPath(new URL('../../dist/symbols/program-symbols.node.js', import.meta.url));
  const script = `const { ProgramSymbols } = await import(${JSON.stringify(built)});
    const place = new ProgramSymbols().placeIn(1, ${JSON.stringify(mapping)}, 0x1010);
    console.log(place.func === '' && place.offset === 16);`;
  const args = ['--max-old-space-size=100', '--input-type=module', '--eval', script];
  const done = spawnSync(process.execPath, args, { encoding: 'utf8', timeout: 120_000 });
  expect(done.stderr).toBe('');
  expect(done.stdout).toBe('true\n');
});
