// What the command says to a person who does not know it yet.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { repoRoot } from './support/machine.ts';
import { spoor, spoorProgram } from './support/spoor.ts';

test('without a word it tells its commands, and that is no success', () => {
  const done = spoor([]);
  expect(done.status).toBe(1);
  expect(done.stdout).toBe('');
  for (const verb of ['record', 'convert', 'analyze', 'view']) expect(done.stderr).toContain(`\n  ${verb} `);
});

test.each([
  [['set-session'], `missing required argument 'session'`],
  [['record'], `missing required argument 'command'`],
  [['--bogus'], `unknown option '--bogus'`],
  [
    ['record', '--subbuf-size', '3', 'node'],
    `option '--subbuf-size <size>' argument '3' is invalid. A power of two between 4k and 256M is needed`,
  ],
])('%j is told off in one line that says where to look', (words, what) => {
  const done = spoor(words);
  expect(done.status).toBe(2);
  expect(done.stderr).toBe(`spoor: ${what} (--help tells how it is used)\n`);
});

test('a mistyped command is not taken for a trace that is missing', () => {
  const done = spoor(['recrd', '--', 'node', 'server.js']);
  expect(done.status).toBe(2);
  expect(done.stderr).toBe('spoor: no command and no directory is named recrd (did you mean record?)\n');
});

test('a time of day ends with 1 where it can be read and the trace has no day for it', () => {
  const folder = mkdtempSync(join(tmpdir(), 'spoor-date-'));
  cpSync(join(repoRoot, 'tests/fixtures/every-class/ctf-1.8-le'), folder, { recursive: true });
  const metadata = join(folder, 'metadata');
  const text = readFileSync(metadata, 'utf8');
  // Some 285,000 years on, where calendars of JavaScript end.
  writeFileSync(metadata, text.replace('offset_s = 1700000000;', 'offset_s = 9000000000000;'));
  const late = spoor([folder, '--begin', '12:30']);
  expect([late.status, late.stdout]).toEqual([1, '']);
  expect(late.stderr).toContain('"12:30" needs a date that the trace does not tell');
  expect(spoor([folder, '--begin', '12:3']).status).toBe(2);
  expect(spoor([folder, '--begin', '1']).status).toBe(0);
  rmSync(folder, { recursive: true });
});

test('help into a pipe that is closed ends quietly', () => {
  const script = `"$0" "$1" --help | true; echo "\${PIPESTATUS[0]}"`;
  const done = spawnSync('bash', ['-c', script, process.execPath, spoorProgram], { encoding: 'utf8' });
  expect(done.stderr).toBe('');
  expect(done.stdout).toBe('0\n');
});
