import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { removeStale } from './remove-stale.mjs';

test('compiled modules without a source go, and whatever the compiler did not make stays', () => {
  const folder = mkdtempSync(join(tmpdir(), 'spoor-stale-'));
  const make = (...names: readonly string[]): void => {
    for (const name of names) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), '');
    }
  };
  const compiled = (name: string) => ['js', 'js.map', 'd.ts', 'd.ts.map'].map((end) => `dist/${name}.${end}`);
  make('src/kept.ts', 'src/in/page.tsx', ...compiled('kept'), ...compiled('in/page'));
  const others = [
    '.tsbuildinfo',
    'register.bundle.cjs',
    'assets/index-Cyt5.js',
    'wasm/a.wasm',
    'table.js',
    'table.d.ts',
  ];
  make(...others.map((name) => `dist/${name}`));
  const list = () => readdirSync(join(folder, 'dist'), { recursive: true, encoding: 'utf8' }).sort();
  const before = list();
  make(...compiled('codecs'), ...compiled('in/gone'), ...compiled('old/deep/gone'));
  expect(removeStale(folder).sort()).toEqual(['codecs', 'in/gone', 'old/deep/gone']);
  expect(list()).toEqual(before);
  expect(removeStale(folder)).toEqual([]);
  expect(removeStale(join(folder, 'absent'))).toEqual([]);
  rmSync(folder, { recursive: true });
});
