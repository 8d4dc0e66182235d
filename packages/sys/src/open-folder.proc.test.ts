// Folders read by calls of the C library and, where koffi cannot be had, by node:fs: the same comes of both.
import { execFileSync } from 'node:child_process';
import {
  chownSync,
  lchownSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { OpenFolder } from '../dist/index.js';

let folder = '';
const long = 'x'.repeat(200_000);
/** More than one call of getdents64(2) tells of. */
const many = 4_000;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'spoor-open-folder-'));
  mkdirSync(join(folder, 'numbers'));
  for (let number = 0; number < many; number++) writeFileSync(join(folder, 'numbers', String(number)), '');
  for (const name of ['12x', 'x12', '-3', ' 4']) writeFileSync(join(folder, 'numbers', name), '');
  writeFileSync(join(folder, 'short'), 'näme (é)\n');
  writeFileSync(join(folder, 'empty'), '');
  writeFileSync(join(folder, 'long'), long);
  symlinkSync('/somewhere/ünd/[12]', join(folder, 'link'));
  // Whose a file is can be told apart only by who may give it away.
  if (process.getuid?.() === 0) {
    chownSync(join(folder, 'short'), 1234, 70_000);
    lchownSync(join(folder, 'link'), 70_001, 4321);
  }
});
afterAll(() => rmSync(folder, { recursive: true }));

function ownersOf(name: string): { readonly uid: number; readonly gid: number } {
  const { uid, gid } = lstatSync(join(folder, name));
  return { uid, gid };
}

const script = `
  import { OpenFolder } from ${JSON.stringify(new URL('../dist/index.js', import.meta.url).href)};
  const folder = OpenFolder.open(process.argv[1]);
  const numbers = folder.numbers('numbers').toSorted((left, right) => left - right);
  const texts = ['short', 'empty', 'gone', 'numbers'].map((name) => folder.text(name) ?? null);
  const links = ['link', 'short', 'gone'].map((name) => folder.link(name) ?? null);
  const owners = ['short', 'link', 'numbers', 'gone'].map((name) => folder.owners(name) ?? null);
  console.log(JSON.stringify({ numbers, texts, links, owners, long: folder.text('long').length, none: folder.numbers('gone') }));
  folder[Symbol.dispose]();
`;

describe('the files of a folder', () => {
  test.each([['koffi', {}] as const, ['node:fs', { SPOOR_NO_KOFFI: '1' }] as const])(
    'are read by %s',
    (_, environment) => {
      const words = ['--input-type=module', '-e', script, folder];
      const env = { ...process.env, ...environment };
      const told: unknown = JSON.parse(execFileSync(process.execPath, words, { encoding: 'utf8', env }));
      expect(told).toEqual({
        numbers: Array.from({ length: many }, (__, index) => index),
        texts: ['näme (é)\n', '', null, null],
        links: ['/somewhere/ünd/[12]', null, null],
        owners: [...['short', 'link', 'numbers'].map(ownersOf), null],
        long: long.length,
        none: [],
      });
    },
  );

  test('are those of the folder that was opened, whatever has its name later', () => {
    const path = join(folder, 'moved');
    mkdirSync(path);
    writeFileSync(join(path, 'file'), 'before');
    using opened = OpenFolder.open(path);
    renameSync(path, `${path}-away`);
    mkdirSync(path);
    writeFileSync(join(path, 'file'), 'after');
    expect(opened?.text('file')).toBe('before');
  });

  test('are none where there is no folder', () => {
    expect(OpenFolder.open(join(folder, 'nothing'))).toBeUndefined();
  });
});
